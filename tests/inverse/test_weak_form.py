"""Averages against test functions: exactness, and what they do to noise."""

import math

import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.equations import coords, d, dt, field
from fredholm.errors import DataError
from fredholm.fields import Field
from fredholm.inverse.weak_form import Windows

x, t = coords("x t")
u, rate = field("u"), field("rate")
TIME = Axis(81, 0.0, 2.0, name="t")


def on(grid, function):
    values = function(*grid.points().unbind(-1))
    return Field(values[None, ..., None], grid)


@pytest.mark.parametrize("periodic", [True, False])
def test_derivatives_are_exact_without_differences(periodic):
    grid = Grid.of(TIME, Axis(64, 0, 2 * math.pi, periodic))
    values = {"u": on(grid, lambda t, x: torch.sin(2 * x - t))}
    windows = Windows(grid, 0.4)
    for e, exact in (
        (dt(u), lambda t, x: -torch.cos(2 * x - t)),
        (dt(u, 2), lambda t, x: -torch.sin(2 * x - t)),
        (d(u**2 / 2, x), lambda t, x: torch.sin(4 * x - 2 * t)),
        (0.5 * d(u, x, 3) + u, lambda t, x: -4 * torch.cos(2 * x - t) + torch.sin(2 * x - t)),
    ):
        expected = windows.average(rate, {"rate": on(grid, exact)})
        assert torch.allclose(windows.average(e, values), expected, atol=1e-9), str(e)


def test_test_functions_have_mean_one():
    grid = Grid.of(TIME, Axis(32, 0, 1, True))
    values = {"u": on(grid, lambda t, x: 0 * x + 3.0)}
    assert torch.allclose(Windows(grid).average(u, values), torch.tensor(3.0).double())


def test_noise_is_averaged_and_not_amplified():
    grid = Grid.of(Axis(401, name="t"), Axis(16, 0, 1, True))
    noise = torch.randn(1, 401, 16, 1, generator=torch.Generator().manual_seed(0)).double()
    values = {"u": Field(noise, grid)}
    weak = float(Windows(grid, 0.4).average(dt(u), values).std())
    assert weak < 0.02 * float(noise.diff(dim=1).std() / grid.axis("t").spacing)


def test_blocks_are_as_long_as_a_support():
    grid = Grid.of(TIME, Axis(64, 0, 1, True))
    windows = Windows(grid, 0.25)
    shape = tuple(windows.average(u, {"u": on(grid, lambda t, x: x)}).shape)
    block = windows.blocks((2, *shape[1:]))
    width = [2 * half + 1 for half in windows.half]
    starts = torch.arange(shape[1]) * windows.stride(0) // width[0]
    assert torch.equal((block[0, :, 0] != block[0, 0, 0]), starts > 0)
    assert not set(block[0].flatten().tolist()) & set(block[1].flatten().tolist())


def test_refusals():
    with pytest.raises(DataError, match="axis 't' need at least 10 samples, got 9"):
        Windows(Grid.of(Axis(9, name="t"), Axis(64)), 0.2)
    with pytest.raises(ValueError, match="support is a fraction"):
        Windows(Grid.of(TIME), 1.5)
