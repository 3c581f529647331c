"""A solver as an operator: the contract, exactness, orders, parameters, refusals."""

import math

import numpy as np
import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.equations import (
    advect,
    coefficient,
    coords,
    d,
    div,
    dt,
    eq,
    field,
    grad,
    lap,
    param,
    rot,
    sin,
)
from fredholm.errors import EquationError
from fredholm.fields import Field, Given, difference, norm
from fredholm.operators import ShiftEquivariant, Unrolled
from fredholm.solvers import Stepper, products
from fredholm.solvers.etdrk import ETDRK
from fredholm.solvers.exponential import Scheme
from fredholm.solvers.spectral_system import SpectralSystem
from fredholm.solvers.trajectory import advance, prepared
from fredholm.testing.contracts import (
    answers_where_asked,
    batch_is_a_loop,
    forward_mode_passes,
    keeps_dtype,
    refuses_unknown_conditions,
)
from fredholm.testing.functions import band_limited

x, y, t = coords("x y t")
u, v, w, psi = (field(name) for name in ("u", "v", "w", "psi"))
nu = param("nu", 0.1)
RING = Grid((32,), 2 * math.pi, periodic=True)
TORUS = Grid((16, 16), 2 * math.pi, periodic=True)
BURGERS = {"u": eq(dt(u) + div(u**2 / 2), nu * lap(u))}
VORTICITY = {"w": eq(dt(w) + advect(rot(psi), w), nu * lap(w)), "psi": eq(-lap(psi), w)}


def smooth(grid: Grid, n: int = 2, channels: int = 1) -> Field:
    return band_limited(grid, channels=channels, n=n)


def relative(found: Field, expected: Field) -> torch.Tensor:
    return norm(difference(found, expected)) / norm(expected)


@pytest.mark.parametrize(
    "clause",
    [
        answers_where_asked,
        batch_is_a_loop,
        forward_mode_passes,
        keeps_dtype,
        refuses_unknown_conditions,
    ],
    ids=lambda clause: clause.__name__,
)
@pytest.mark.parametrize("equations", [BURGERS, VORTICITY], ids=["burgers", "vorticity"])
def test_contract_of_an_operator(clause, equations):
    grid = RING if equations is BURGERS else TORUS
    clause(Stepper(equations, 0.05, grid, substeps=2), smooth(grid))


def test_it_claims_shifts_only_where_they_hold():
    step = Stepper(VORTICITY, 0.05, TORUS)
    assert [type(claim) for claim in step.claims] == [ShiftEquivariant]
    assert step.claims[0].defect(step, smooth(TORUS)) < step.claims[0].bound
    forced = Stepper({"u": eq(dt(u), nu * lap(u) + sin(x))}, 0.5, RING)
    assert forced.claims == ()
    assert ShiftEquivariant().defect(forced, smooth(RING)) > 1e-3


def test_linear_equations_are_exact_over_any_interval():
    wave = Field(torch.cos(3 * RING.points())[None], RING)
    found = Stepper({"u": eq(dt(u), nu * lap(u) - 2 * d(u, x))}, 7.0, RING)(wave)
    expected = math.exp(-0.1 * 9 * 7) * torch.cos(3 * (RING.points() - 14))
    assert float((found.values[0] - expected).abs().max()) < 1e-14


def test_states_are_channels_and_auxiliaries_are_not():
    wave = torch.cos(2 * RING.points())
    start = Field(torch.cat([wave, 0 * wave], dim=-1)[None], RING)
    found = Stepper({"u": eq(dt(u, 2), 9 * lap(u))}, 0.3, RING)(start).values[0]
    assert float((found[:, :1] - math.cos(1.8) * wave).abs().max()) < 1e-13
    assert float((found[:, 1:] + 6 * math.sin(1.8) * wave).abs().max()) < 1e-12
    assert Stepper(VORTICITY, 0.1, TORUS)(smooth(TORUS)).channels == 1


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_its_order_and_its_estimate_of_accuracy(order):
    start = smooth(RING)
    fine = Stepper(BURGERS, 0.4, RING, substeps=400)(start)
    steps, errors, estimates = (8, 16, 32), [], []
    for substeps in steps:
        step = Stepper(BURGERS, 0.4, RING, substeps=substeps, order=order)
        errors.append(float(relative(step(start), fine).max()))
        estimates.append(float(step.accuracy(start).max()))
    assert abs(-np.polyfit(np.log(steps), np.log(errors), 1)[0] - order) < 0.3, errors
    ratio = np.array(estimates) / np.array(errors)
    assert bool((ratio > 0.4).all() and (ratio < 1.1).all()), ratio


def test_accuracy_shows_a_step_that_is_too_long():
    kuramoto = {"u": eq(dt(u) + div(u**2 / 2), -lap(u) - lap(lap(u)))}
    grid = Grid((64,), 60.0, periodic=True)
    start = smooth(grid, n=1)
    assert float(Stepper(kuramoto, 0.1, grid).accuracy(start)) < 1e-5
    wild = Stepper(kuramoto, 50.0, grid)
    assert float(wild.accuracy(wild(start).with_values(30 * start.values))) > 0.5


def test_repeated_it_is_the_solver():
    start = smooth(RING)
    step = Stepper(BURGERS, 0.1, RING, substeps=4)
    times = Axis(4, 0.0, 0.4, location="right", name="t")
    found = Unrolled(step, times)(start).values
    frames = Axis(5, 0.0, 0.4, name="t")
    solver = ETDRK(step=0.025, resolution=32)
    # The solver starts from the band that products keep, as the stepper does.
    expected = solver.solve(BURGERS, {"u": start}, frames).field.values[:, 1:]
    assert float((found - expected).abs().max()) < 1e-12


def test_parameters_come_with_each_call():
    start = smooth(RING)
    step = Stepper(BURGERS, 0.2, RING, substeps=4, params=("nu",))
    both = step(start, Given(params=torch.tensor([[0.05], [0.3]])))
    for sample, value in enumerate((0.05, 0.3)):
        alone = Stepper(BURGERS, 0.2, RING, substeps=4, values={"nu": value})(start[sample])
        assert float(relative(both[sample], alone).max()) < 1e-7  # 0.05 is a float32
    again = step(start, Given(params=torch.tensor([[0.3], [0.3]])))
    assert float(relative(again, both)[0]) > 1e-3, "the first parameters were kept"


def test_gradients_reach_state_parameters_and_coefficients():
    grid = Grid((8,), 2 * math.pi, periodic=True)
    equations = {"u": eq(dt(u) + div(u**2 / 2), nu * div(coefficient("a") * grad(u)))}

    def end(state, values, a):
        given = {"a": Field(a, grid)}
        step = Stepper(equations, 0.1, grid, substeps=2, coefficients=given, params=("nu",))
        return step(Field(state, grid), Given(params=values)).values

    state, a = smooth(grid).values, 1 + 0.1 * smooth(grid, n=1).values
    values = torch.tensor([[0.2], [0.4]], dtype=torch.float64)
    tensors = tuple(tensor.clone().requires_grad_() for tensor in (state, values, a))
    assert torch.autograd.gradcheck(end, tensors)


def test_learnt_values_are_used_at_every_call():
    viscosity = torch.nn.Parameter(torch.tensor(0.1, dtype=torch.float64))
    step = Stepper(BURGERS, 0.2, RING, values={"nu": viscosity})
    for _ in range(2):  # a kept graph would be gone the second time
        (gradient,) = torch.autograd.grad(step(smooth(RING)).values.square().sum(), viscosity)
        assert float(gradient) < 0


def test_other_grids_of_the_box_are_resampled():
    step = Stepper(BURGERS, 0.2, RING.resized(48), substeps=4)
    coarse = smooth(RING)
    cells = coarse.at(Grid((40,), 2 * math.pi, periodic=True, location="cell"))
    assert float(relative(step(cells).at(RING), step(coarse)).max()) < 1e-10
    assert step(cells).domain == cells.domain


def test_another_interval_keeps_the_step():
    step = Stepper(BURGERS, 0.2, RING, substeps=4)
    longer = step.with_interval(0.4)
    assert (longer.interval, longer.substeps) == (0.4, 8)
    start = smooth(RING)
    assert float(relative(longer(start), step(step(start))).max()) < 1e-12
    assert step.with_interval(0.01).substeps == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"equations": {"u": eq(dt(u), lap(u) + sin(t))}}, "does not know the time"),
        ({"equations": {"u": eq(dt(u), -lap(u))}}, "ill-posed"),
        ({"equations": {"u": eq(dt(u), coefficient("a") * lap(u))}}, "no function is given"),
        ({"grid": Grid((9,))}, "periodic axes"),
        ({"params": ("mu",)}, "no parameter 'mu': known: nu"),
        ({"interval": 0.0}, "positive time, got 0.0"),
        ({"substeps": 0}, "substeps is at least 1"),
        ({"order": 5}, "order"),
        ({"dealias": 1.5}, "dealias"),
    ],
    ids=lambda part: part if isinstance(part, str) else " ".join(part),
)
def test_what_cannot_be_stepped_is_refused(change, says):
    with pytest.raises((EquationError, ValueError), match=says):
        Stepper(**({"equations": BURGERS, "interval": 0.1, "grid": RING} | change))


def test_other_inputs_are_refused():
    step = Stepper(BURGERS, 0.1, RING, params=("nu",))
    given = Given(params=torch.ones(2, 1))
    with pytest.raises(ValueError, match="1 states .u., one channel each, got 2"):
        step(smooth(RING, channels=2), given)
    with pytest.raises(ValueError, match="box"):
        step(smooth(Grid((32,), periodic=True)), given)
    with pytest.raises(ValueError, match=r"the parameters nu as given.params \(2, 1\), got None"):
        step(smooth(RING))
    with pytest.raises(ValueError, match=r"given.params \(2, 1\), got \(3, 1\)"):
        step(smooth(RING), Given(params=torch.ones(3, 1)))


def test_large_batches_are_computed_in_parts(monkeypatch):
    start = smooth(RING, n=5)
    given = Given(params=torch.linspace(0.1, 0.5, 5)[:, None])
    place = {"a": smooth(RING, n=1)}
    equations = {"u": eq(dt(u) + div(u**2 / 2), nu * lap(u) + nu**2 * coefficient("a") * u)}
    step = Stepper(equations, 0.1, RING, coefficients=place, params=("nu",))
    together = step(start, given).values
    monkeypatch.setattr(products, "_NUMBERS", 2 * RING.shape[0])
    assert float((step(start, given).values - together).abs().max()) < 1e-14


def test_a_product_in_two_equations_is_transformed_once(monkeypatch):
    equations = {
        "u": eq(dt(u), lap(u) - u * v**2),
        "v": eq(dt(v), lap(v) + u * v**2),
    }
    step, start = Stepper(equations, 0.01, RING, order=1), smooth(RING, channels=2)
    shapes, transform = [], torch.fft.rfft

    def counted(values, **options):
        shapes.append(tuple(values.shape))
        return transform(values, **options)

    monkeypatch.setattr(torch.fft, "rfft", counted)
    step(start)
    assert shapes == [(2, 2, 32), (2, 1, 32)]  # the input, and one product


def system_of(equations, grid: Grid) -> SpectralSystem:
    values = {"nu": torch.tensor([0.1, 0.3], dtype=torch.float64)}
    return SpectralSystem(
        equations, grid, device=torch.device("cpu"), values=values, coefficients={}, dealias=2 / 3
    )


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(
    "equations",
    [BURGERS, VORTICITY, {"u": eq(dt(u) + nu * u**2, d(u, x, 3))}],
    ids=["burgers", "vorticity", "waves"],
)
def test_a_factor_of_the_rate_may_stand_in_the_coefficients(equations, order):
    grid = TORUS if "w" in equations else RING
    system = system_of(equations, grid)
    state = system.basis.expand(smooth(grid).values.movedim(-1, 1), grid)
    expected = advance(Scheme(system.linear, 0.01, order), state, 0.0, 3, system.rate)
    scheme, rate = prepared(system, 0.01, order)
    assert system.drive is not None and rate == system.product
    found = advance(scheme, state, 0.0, 3, rate)
    assert float((found - expected).abs().max() / expected.abs().max()) < 1e-14
    wrong = advance(scheme, state, 0.0, 3, system.rate)
    assert float((wrong - expected).abs().max() / expected.abs().max()) > 1e-5


def test_several_products_keep_their_factors_to_themselves():
    system = system_of({"u": eq(dt(u), nu * lap(u) + u**2 + d(u**3, x))}, RING)
    assert system.drive is None and prepared(system, 0.01, 2)[1] == system.rate
