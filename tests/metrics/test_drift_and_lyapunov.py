import math

import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.equations import Unknown, coords, d
from fredholm.errors import DivergedError
from fredholm.fields import Field
from fredholm.metrics import drift, largest_lyapunov

SPACE = Axis(32, periodic=True)
GRID = Grid.of(Axis(4, name="t", location="right"), SPACE)
U = Unknown("u")
(x,) = coords("x")
WAVE = torch.sin(2 * torch.pi * SPACE.points())


def growing(mean: float, amplitudes) -> Field:
    rows = mean + torch.tensor(amplitudes).double()[:, None] * WAVE
    return Field(rows[None, ..., None], GRID)


def test_drift_of_an_energy_is_relative_to_its_start():
    u = growing(0.0, [1.0, 1.1, 1.0, 2.0])
    assert drift(u, U * U)[0].tolist() == pytest.approx([0, 0.21, 0, 3])
    slopes = drift(u, d(U, x) * d(U, x))
    assert slopes[0].tolist() == pytest.approx([0, 0.21, 0, 3])


def test_drift_of_a_mass_that_is_zero_has_a_scale():
    u = growing(0.0, [1.0, 1.0, 1.0, 1.0])
    u.values[0, 2] += 0.01
    scale = 2 / math.pi  # the mean of |sin|
    assert drift(u, U)[0].tolist() == pytest.approx([0, 0, 0.01 / scale, 0], rel=5e-3, abs=1e-14)
    positive = growing(5.0, [1.0, 1.0, 1.0, 1.0])
    positive.values[0, 3] -= 0.5
    assert drift(positive, U)[0].tolist() == pytest.approx([0, 0, 0, -0.1], abs=1e-14)


def test_drift_is_counted_from_the_given_state():
    u = growing(2.0, [0.0] * 4)
    start = Field(torch.ones(1, 32, 1).double(), Grid.of(SPACE))
    assert drift(u, U, start=start)[0].tolist() == pytest.approx([1.0] * 4)


def test_drift_of_two_channels_and_of_broken_frames():
    one = growing(1.0, [1.0] * 4).values
    pair = Field(torch.cat([one, 2 * one], dim=-1), GRID)
    pair.values[0, 3] = math.nan
    h, v = Unknown("h"), Unknown("v")
    got = drift(pair, h * v, names=("h", "v"))[0].tolist()
    assert got == pytest.approx([0, 0, 0, math.inf], abs=1e-14)
    with pytest.raises(ValueError, match="2 channels"):
        drift(pair, U)


def states(shape, seed=0) -> Field:
    values = torch.rand(*shape, 1, generator=torch.Generator().manual_seed(seed)).double()
    return Field(values, Grid((shape[1],), periodic=True))


def exponent(step, u0, **options):
    return largest_lyapunov(step, u0, generator=torch.Generator().manual_seed(1), **options)


def test_lyapunov_exponent_of_the_logistic_map_is_ln_2():
    def logistic(u: Field) -> Field:
        return u.with_values(4 * u.values * (1 - u.values))

    found = exponent(logistic, states((64, 1)), steps=200, discard=20)
    assert found.value == pytest.approx(math.log(2), abs=4 * found.error)
    assert found.error < 0.01 and found.rates.shape == (64,)
    assert found.time == pytest.approx(1 / math.log(2), rel=0.05)


def test_lyapunov_exponent_of_a_linear_map_is_its_largest_factor():
    factors = torch.tensor([0.9, 0.5, 0.2]).double()[:, None]
    found = exponent(
        lambda u: u.with_values(factors * u.values), states((4, 3)), steps=50, interval=0.5
    )
    assert found.value == pytest.approx(math.log(0.9) / 0.5, rel=1e-4)
    assert found.time == math.inf


def test_lyapunov_exponent_of_lorenz_96():
    def rate(v):
        return (v.roll(-1, 1) - v.roll(2, 1)) * v.roll(1, 1) - v + 8

    def step(u: Field, h: float = 0.05) -> Field:
        v = u.values
        a = rate(v)
        b = rate(v + h / 2 * a)
        c = rate(v + h / 2 * b)
        return u.with_values(v + h / 6 * (a + 2 * b + 2 * c + rate(v + h * c)))

    found = exponent(step, states((16, 40)), steps=400, discard=200, interval=0.05)
    assert found.value == pytest.approx(1.69, abs=0.08)  # about 1.67 to 1.70 in the literature
    assert 0 < found.error < 0.05


def test_a_step_that_diverges_is_named():
    with pytest.raises(DivergedError, match="step 4 of 8"):
        exponent(lambda u: u.with_values(u.values * 1e100), states((2, 3)), steps=8, discard=0)
    with pytest.raises(ValueError, match="at least 8 steps"):
        exponent(lambda u: u, states((2, 3)), steps=4)
    with pytest.raises(ValueError, match="all zero"):
        exponent(lambda u: u, Field(torch.zeros(2, 3, 1), Grid((3,), periodic=True)))
