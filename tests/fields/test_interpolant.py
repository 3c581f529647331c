"""Interpolants pass through the samples and have the derivatives of the function."""

import pytest
import torch

from fredholm.domains import Grid
from fredholm.fields import Field, Interpolant


def wave(points: torch.Tensor) -> torch.Tensor:
    """sin(2πx) exp(y), one channel."""
    return torch.sin(2 * torch.pi * points[..., :1]) * torch.exp(points[..., 1:2])


def grid(size: int, periodic: bool, location: str = "node") -> Grid:
    return Grid((size, size + 1), ((0, 1), (-1, 1)), periodic=(periodic, False), location=location)


def through(where: Grid) -> Interpolant:
    return Interpolant(Field(wave(where.points())[None], where))


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("location", ["node", "cell"])
def test_it_passes_through_its_samples(periodic, location):
    where = grid(16, periodic, location)
    points = where.points().reshape(-1, 2)
    assert torch.allclose(through(where)(points), wave(points), atol=1e-12)


@pytest.mark.parametrize("periodic", [True, False])
def test_it_has_the_second_derivatives_of_the_function(periodic):
    inner = torch.rand(200, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points = (0.1 + 0.8 * inner).requires_grad_()
    errors = []
    for size in (16, 32):
        values = through(grid(size, periodic))(points)
        [slope] = torch.autograd.grad(values.sum(), points, create_graph=True)
        [second] = torch.autograd.grad(slope[:, 0].sum(), points)
        truth = -4 * torch.pi**2 * wave(points.detach())[:, 0]
        errors.append(float((second[:, 0] - truth).abs().max()))
    assert errors[1] < errors[0] / 8
    assert errors[1] < 0.05


def test_few_samples_make_a_spline_of_lower_degree():
    where = Grid((2, 3))
    corners = Interpolant(Field(where.points().sum(-1)[None, ..., None], where))
    middle = torch.tensor([[0.5, 0.25]], dtype=torch.float64)
    assert float(corners(middle)) == pytest.approx(0.75)


def test_several_functions_are_refused():
    where = Grid((4,))
    with pytest.raises(ValueError, match="one function, got 2"):
        Interpolant(Field(torch.zeros(2, 4, 1), where))
