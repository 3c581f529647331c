import math

import pytest
import torch

from fredholm.domains import Axis, Grid, interpolation_matrix, resample
from fredholm.testing import band_limited


@pytest.mark.parametrize(
    "axis, first, last, spacing",
    [
        (Axis(5, 0, 1), 0.0, 1.0, 0.25),
        (Axis(5, 0, 1, periodic=True), 0.0, 0.8, 0.2),
        (Axis(5, 0, 1, location="cell"), 0.1, 0.9, 0.2),
        (Axis(5, 0, 1, location="left"), 0.0, 0.8, 0.2),
        (Axis(5, 0, 1, location="right"), 0.2, 1.0, 0.2),
        (Axis(4, -1, 1, periodic=True, location="cell"), -0.75, 0.75, 0.5),
    ],
    ids=str,
)
def test_samples_lie_where_the_axis_says(axis, first, last, spacing):
    points = axis.points()
    assert points[0] == pytest.approx(first, abs=1e-15)
    assert points[-1] == pytest.approx(last, abs=1e-15)
    assert torch.allclose(points.diff(), torch.full((axis.size - 1,), spacing).double())
    assert float(axis.weights().sum()) == pytest.approx(axis.length, abs=1e-14)


@pytest.mark.parametrize("location, order", [("node", 2), ("cell", 2), ("left", 1), ("right", 1)])
def test_quadrature_has_its_order(location, order):
    errors = []
    for n in (16, 32, 64, 128):
        axis = Axis(n, 0, 1, location=location)
        errors.append(abs(float(axis.weights() @ axis.points().exp()) - (math.e - 1)))
    slopes = [math.log2(a / b) for a, b in zip(errors, errors[1:])]
    assert slopes[-1] == pytest.approx(order, abs=0.2)


def test_periodic_quadrature_is_exact_for_trigonometric_polynomials():
    grid = Grid((9, 8), ((0, 1), (-1, 2)), periodic=True)
    x, y = grid.points().unbind(-1)
    f = 2 + torch.cos(2 * torch.pi * 3 * x) + torch.sin(2 * torch.pi * (y + 1) / 3 * 3) ** 2
    assert float((grid.weights() * f).sum()) == pytest.approx(3 * 2.5, abs=1e-13)


def test_grid_axes_and_arguments_agree():
    grid = Grid((4, 6), ((0, 1), (0, 2)), periodic=(True, False), location=("node", "cell"))
    assert grid == Grid(**grid.arguments)
    assert grid.shape == (4, 6) and grid.measure == pytest.approx(2.0)
    assert grid.points().shape == (4, 6, 2)
    assert grid.points()[1, 2].tolist() == pytest.approx([0.25, 5 / 6])
    assert grid.without("x").names == ("y",)


@pytest.mark.parametrize("old, new", [(16, 32), (15, 33), (16, 23), (17, 16)])
def test_resampling_is_exact_for_band_limited_functions(old, new):
    coarse = band_limited(Grid((old, old), periodic=True), channels=2)
    fine = band_limited(Grid((new, new), periodic=True, location=("cell", "node")), channels=2)
    moved = coarse.at(fine.domain)
    assert torch.allclose(moved.values, fine.values, atol=1e-12)


@pytest.mark.parametrize("method, order", [("smooth", 4), ("linear", 2), ("nearest", 1)])
def test_resampling_has_its_order(method, order):
    target = Grid((101,), location="cell")
    errors = []
    for n in (20, 40, 80):
        grid = Grid((n + 1,))
        found = resample(torch.exp(3 * grid.points())[None], grid, target, method=method)
        errors.append(float((found[0] - torch.exp(3 * target.points())).abs().mean()))
    slopes = [math.log2(a / b) for a, b in zip(errors, errors[1:])]
    assert slopes[-1] == pytest.approx(order, abs=0.3)


def test_resampling_reproduces_cubics_and_constants():
    for location in ("node", "cell", "left", "right"):
        source, target = Axis(9, 0, 2, location=location), Axis(14, 0, 2, location="cell")
        matrix = interpolation_matrix(source, target, "smooth")
        x, y = source.points(), target.points()
        assert torch.allclose(matrix @ (x**3 - x), y**3 - y, atol=1e-12)
        assert torch.allclose(matrix.sum(1), torch.ones(14).double(), atol=1e-13)


def test_nyquist_wave_is_not_doubled():
    grid = Grid((8,), periodic=True)
    zigzag = torch.tensor([1.0, -1.0] * 4).double()[None, :, None]
    fine = resample(zigzag, grid, grid.resized(16))
    assert torch.allclose(fine[0, ::2, 0], zigzag[0, :, 0], atol=1e-13)
    assert torch.allclose(fine[0, 1::2, 0], torch.zeros(8).double(), atol=1e-13)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Axis(1), "too few"),
        (lambda: Axis(8, 1.0, 1.0), "start < stop"),
        (lambda: Axis(8, 0.0, math.nan), "start < stop"),
        (lambda: Axis(8, location="middle"), "location is one of"),
        (lambda: Grid((4, 4), names=("x", "x")), "different names"),
        (lambda: Grid((4, 4), extent=((0, 1), (0, 1), (0, 1))), "extent is"),
        (lambda: Grid((4, 4), periodic=(True,)), "2 entries"),
        (lambda: Grid((4,)).axis("t"), "not 't'"),
        (lambda: _resample(Grid((8,)), Grid((8,), 2.0)), "extrapolation"),
        (lambda: _resample(Grid((8,), periodic=True), Grid((8,), 2.0, periodic=True)), "period"),
        (lambda: _resample(Grid((8,)), Grid((9,), names=("y",))), "onto axes"),
        (lambda: _resample(Grid((8,)), Grid((9,), units="m")), "no units"),
        (lambda: _resample(Grid((8,)), Grid((9,)), method="magic"), "method is one of"),
    ],
)
def test_mistakes_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def _resample(source, target, method="smooth"):
    return resample(torch.zeros(1, *source.shape, 1), source, target, method=method)
