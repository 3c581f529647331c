import math

import numpy as np
import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.fields import Field, norm
from fredholm.metrics import distribution, error_by_band, relative_l2, spectrum
from fredholm.testing import band_limited


def test_relative_l2_is_the_ratio_of_norms_per_sample():
    u = band_limited(Grid((16, 16), periodic=True), n=4)
    factors = torch.tensor([1.0, 1.1, 0.5, -1.0]).double().reshape(4, 1, 1, 1)
    errors = relative_l2(u.with_values(factors * u.values), u)
    assert torch.allclose(errors, torch.tensor([0.0, 0.1, 0.5, 2.0]).double(), atol=1e-13)


def test_relative_l2_agrees_with_numpy_on_equidistant_samples():
    grid = Grid((9, 7), location="cell")
    p, y = (torch.rand(3, 9, 7, 2, dtype=torch.float64) for _ in range(2))
    expected = [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(p.numpy(), y.numpy())]
    assert relative_l2(Field(p, grid), Field(y, grid)).tolist() == pytest.approx(expected)


def test_failures_count_and_are_never_dropped():
    u = band_limited(Grid((8,)), n=3)
    broken = u.values.clone()
    broken[1, 2] = math.nan
    broken[2, 0] = math.inf
    errors = relative_l2(u.with_values(broken), u)
    assert errors.tolist() == [0.0, math.inf, math.inf]
    assert distribution(errors)["max"] == math.inf and distribution(errors)["mean"] == math.inf


def test_distribution_of_known_numbers():
    stated = distribution(torch.arange(101.0))
    assert stated == pytest.approx({"mean": 50, "median": 50, "p95": 95, "max": 100})


@pytest.mark.parametrize("shape", [(16,), (15,), (12, 10), (6, 5, 4)])
def test_spectrum_sums_to_the_mean_square(shape):
    for periodic in (True, False):
        grid = Grid(shape, periodic=periodic, location="cell")
        u = Field(torch.rand(3, *shape, 2, dtype=torch.float64), grid)
        mean_square = float(norm(u).square().mean() / grid.measure)
        assert float(spectrum(u).energy.sum()) == pytest.approx(mean_square, rel=1e-12)


def test_spectrum_finds_the_wave_where_it_is():
    grid = Grid((32, 32), 2.0, periodic=True)
    x, y = grid.points().unbind(-1)
    wave = torch.cos(torch.pi * (3 * x - 4 * y))  # mixed signs: |k| = 5
    energy = spectrum(Field(wave[None, ..., None], grid)).energy
    assert int(energy.argmax()) == 5 and float(energy[5]) == pytest.approx(0.5, abs=1e-12)


def test_spectrum_of_a_trajectory_is_the_mean_over_times():
    grid = Grid((16,), periodic=True)
    u = band_limited(grid, n=5)
    times = Grid.of(Axis(5, name="t", location="right"), *grid.axes)
    block = Field(u.values[None, ..., :], times)
    assert torch.allclose(spectrum(block).energy, spectrum(u).energy, atol=1e-14)


def test_error_by_band_separates_scales():
    grid = Grid((64,), periodic=True)
    x = grid.points()[..., 0]
    truth = sum(torch.sin(2 * torch.pi * k * x) for k in (2, 7, 20))
    wrong = truth - 0.3 * torch.sin(2 * torch.pi * 7 * x)
    fields = [Field(values[None, :, None], grid) for values in (wrong, truth)]
    bands = error_by_band(*fields)
    assert bands["low"] < 1e-12 and bands["high"] < 1e-12
    assert bands["mid"] == pytest.approx(0.3, abs=1e-12)


def test_error_in_a_band_that_the_truth_leaves_empty_is_relative_to_the_whole():
    grid = Grid((64,), periodic=True)
    x = grid.points()[..., 0]
    truth = torch.sin(2 * torch.pi * 2 * x)
    wrong = truth + 1e-3 * torch.sin(2 * torch.pi * 20 * x)
    bands = error_by_band(*(Field(values[None, :, None], grid) for values in (wrong, truth)))
    assert bands["high"] == pytest.approx(1e-3) and bands["mid"] < 1e-12
    coarse = Field(torch.rand(1, 8, 1), Grid((8,), periodic=True))
    assert set(error_by_band(coarse, coarse)) == {"low", "mid"}
    assert error_by_band(coarse, coarse.with_values(0 * coarse.values)) == {}
