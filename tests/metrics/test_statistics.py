import math

import pytest
import torch
from scipy.stats import wasserstein_distance

from fredholm.domains import Axis, Grid
from fredholm.fields import Field
from fredholm.metrics import (
    autocorrelation,
    autocorrelation_distance,
    correlation_scale,
    histogram_distance,
    moment_distances,
    spectrum_distance,
)

SPACE = Axis(32, periodic=True)


def memory(seed: int, *, decay: float = 0.8, batch: int = 8, times: int = 200) -> Field:
    """White noise in space that forgets by a factor at each step: correlations are decay^l."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(batch, times, 32, 1, generator=generator, dtype=torch.float64)
    states = [noise[:, 0]]
    for t in range(1, times):
        states.append(decay * states[-1] + math.sqrt(1 - decay**2) * noise[:, t])
    time = Axis(times, 0.0, 0.1 * times, name="t", location="right")
    return Field(torch.stack(states, dim=1), Grid.of(time, SPACE))


def every_comparison(p: Field, y: Field) -> dict:
    return {
        "w1": histogram_distance(p, y),
        "tv": histogram_distance(p, y, measure="total_variation"),
        "memory": autocorrelation_distance(p, y),
        "length": autocorrelation_distance(p, y, "x"),
        **moment_distances(p, y),
        **spectrum_distance(p, y),
    }


def test_sampling_alone_is_seldom_called_different():
    truths = [memory(seed, batch=8, times=100) for seed in range(12)]
    verdicts = [
        case.different
        for p, y in zip(truths[::2], truths[1::2])
        for case in every_comparison(p, y).values()
    ]
    assert sum(verdicts) / len(verdicts) < 0.1


@pytest.mark.parametrize(
    "change, seen",
    [
        (lambda v: v + 0.2, {"mean", "w1", "tv", "low"}),
        (lambda v: 1.2 * v, {"variance", "w1", "tv", "low", "mid", "high"}),
        (lambda v: (v + v.roll(1, 2)) / math.sqrt(2), {"length", "high"}),
        (lambda v: v[:, :100].repeat_interleave(2, 1), {"memory"}),
    ],
    ids=["shifted", "scaled", "smoothed", "slowed"],
)
def test_what_differs_is_called_different(change, seen):
    p, y = memory(1), memory(2)
    verdicts = every_comparison(p.with_values(change(p.values)), y)
    assert {name for name, case in verdicts.items() if case.different} >= seen


def test_sampling_error_falls_with_the_root_of_the_frames():
    few, many = (histogram_distance(memory(3, batch=b), memory(4, batch=b)) for b in (8, 72))
    assert 1.5 < few.noise / many.noise < 6  # three, up to the scatter of an estimate


def test_wasserstein_distance_agrees_with_scipy():
    p, y = memory(5), memory(6)
    p = p.with_values(1.5 * p.values + 0.3)
    exact = wasserstein_distance(p.values.flatten(), y.values.flatten())
    got = histogram_distance(p, y).distance * float(y.values.std(correction=0))
    assert got == pytest.approx(exact, rel=1e-2)


def test_wasserstein_distance_is_exact_far_outside_of_the_truth():
    y = memory(7)
    far = y.with_values(torch.full_like(y.values, 1e4))
    exact = 1e4 - float(y.values.mean())
    got = histogram_distance(far, y)
    assert got.distance * float(y.values.std(correction=0)) == pytest.approx(exact, rel=1e-6)
    assert histogram_distance(far, y, measure="total_variation").distance == pytest.approx(1)


def test_a_broken_prediction_is_infinitely_far():
    y = memory(8)
    values = y.values.clone()
    values[3, 50:] = math.nan
    for name, case in every_comparison(y.with_values(values), y).items():
        assert case.distance == math.inf and case.different, name


def test_energy_that_the_truth_lacks_is_seen_but_rounding_is_not():
    x = SPACE.points()
    wave = (torch.sin(2 * torch.pi * x) + torch.zeros(16, 1)).reshape(1, 16, 32, 1)
    y = Field(wave, Grid.of(Axis(16, name="t", location="right"), SPACE))
    noisy = wave + 1e-3 * torch.sin(2 * torch.pi * 14 * x)[:, None]
    assert spectrum_distance(y.with_values(noisy), y)["high"].different
    rounded = spectrum_distance(y.with_values(wave.float().double()), y)["high"]
    assert rounded.distance == 0 and not rounded.different


def test_autocorrelation_in_time_is_the_memory_of_the_process():
    u = memory(9, batch=16, times=400)
    expected = 0.8 ** torch.arange(6)
    assert torch.allclose(autocorrelation(u)[:6], expected.double(), atol=0.03)
    assert correlation_scale(u) == pytest.approx(0.1 * (0.8 / 0.2 + 0.5), rel=0.1)  # trapezium


def test_autocorrelation_of_a_wave_in_space_is_a_cosine():
    x = SPACE.points()
    wave = (torch.sin(2 * torch.pi * x) + torch.zeros(16, 1)).reshape(1, 16, 32, 1)
    u = Field(wave, Grid.of(Axis(16, name="t", location="right"), SPACE))
    rho, lags = autocorrelation(u, "x"), torch.arange(17).double()
    assert torch.allclose(rho, torch.cos(2 * torch.pi * lags / 32), atol=1e-12)
    assert correlation_scale(u, "x") == pytest.approx(1 / (2 * torch.pi), rel=0.01)


def test_autocorrelation_without_periodicity_agrees_with_pairs():
    grid = Grid.of(Axis(9, name="t", location="right"), Axis(6))
    v = torch.rand(3, 9, 6, 2, dtype=torch.float64)
    centred = (v - v.mean((0, 1, 2))) / v.std((0, 1, 2), correction=0)
    expected = [float((centred[:, : 9 - lag] * centred[:, lag:]).mean()) for lag in range(5)]
    assert autocorrelation(Field(v, grid)).tolist() == pytest.approx(expected)


def test_statistics_need_one_space_and_two_frames():
    y = memory(10, batch=2, times=8)
    with pytest.raises(ValueError, match="same space"):
        histogram_distance(y, Field(y.values[:, :, :16], Grid.of(y.grid.axis("t"), Axis(16))))
    one = Field(y.values[:1, :1], Grid.of(Axis(1, name="t", location="right"), SPACE))
    with pytest.raises(ValueError, match="one frame"):
        histogram_distance(y, one)
    with pytest.raises(ValueError, match="measure is one of"):
        histogram_distance(y, y, measure="kl")
