"""Chebyshev points: what is exact for polynomials is so to rounding, and no more than that."""

import pytest
import torch

from fredholm import problems
from fredholm.calculus import derivative
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, integral


def axis(size=12):
    return Axis(size, -1.0, 3.0, location="chebyshev")


def power(degree, on):
    return Field((on.points()[..., 0] ** degree)[None, ..., None], on)


def test_points_are_both_ends_and_symmetric():
    points = axis(9).points()
    assert points[0] == -1 and points[-1] == 3 and points[4] == 1
    assert torch.allclose(points + points.flip(0), torch.full((9,), 2.0).double(), atol=1e-15)
    assert bool((points.diff() > 0).all())


@pytest.mark.parametrize("degree", [0, 1, 7, 11])
def test_integral_derivative_and_evaluation_are_exact(degree):
    grid = Grid.of(axis())
    u, x = power(degree, grid), grid.points()[:, 0]
    exact = (3 ** (degree + 1) - (-1) ** (degree + 1)) / (degree + 1)
    assert integral(u).item() == pytest.approx(exact, rel=1e-12)
    for order in (1, 2):
        factor = degree if order == 1 else degree * (degree - 1)
        expected = factor * x ** max(degree - order, 0)
        found = derivative(u, "x", order).values[0, :, 0]
        assert torch.allclose(found, expected, atol=1e-8 * float(1 + expected.abs().max()))
    fine = Grid((40,), (-1.0, 3.0))
    assert torch.allclose(u.at(fine).values, power(degree, fine).values, rtol=1e-10, atol=1e-10)


def test_one_degree_too_many_is_not_exact():
    grid = Grid.of(axis())
    u, x = power(12, grid), grid.points()[:, 0]
    error = derivative(u, "x").values[0, :, 0] - 12 * x**11
    assert error.abs().max() > 10.0
    fine = Grid((40,), (-1.0, 3.0))
    assert (u.at(fine).values - power(12, fine).values).abs().max() > 1.0


def test_error_of_a_smooth_function_falls_geometrically():
    errors = []
    for size in (8, 16, 32):
        grid = Grid.of(axis(size))
        x = grid.points()[:, 0]
        u = Field(torch.exp(torch.sin(2 * x))[None, :, None], grid)
        exact = 2 * torch.cos(2 * x) * torch.exp(torch.sin(2 * x))
        errors.append(float((derivative(u, "x").values[0, :, 0] - exact).abs().max()))
    assert errors[1] < errors[0] / 10 and errors[2] < errors[1] / 1000


def test_what_needs_equidistant_samples_is_refused():
    grid = Grid.of(axis())
    with pytest.raises(ValueError, match="no spacing"):
        derivative(power(2, grid), "x", method="fd4")
    with pytest.raises(ValueError, match="no ends for Chebyshev"):
        Axis(8, periodic=True, location="chebyshev")
    burgers = problems.build("burgers", frames=5)
    u = burgers.sample(1, burgers.grid(32), generator=torch.Generator())
    with pytest.raises(ValueError, match="equal distances"):
        burgers.solve(u, at=burgers.target_grid(u.grid).collocated((9, 32)))


def test_collocation_leaves_circles_as_they_are():
    grid = Grid((9, 12), (0.0, 2.0), periodic=(False, True)).collocated((6, 5))
    assert [axis.location for axis in grid.axes] == ["chebyshev", "node"]
    assert grid.shape == (6, 5) and grid.periodic is False
