"""Coefficients are those of the functions, whatever the grid, and keep the sum of squares."""

import math

import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.layers.transforms import (
    analysis,
    count,
    natural,
    resolved,
    synthesis,
    to_coefficients,
    to_points,
)
from fredholm.testing import band_limited

CELLS, NODES = Axis(12, 1.0, 3.0, location="cell"), Axis(13, 1.0, 3.0)
RING = Axis(12, 1.0, 3.0, periodic=True)
EXACT = [(CELLS, "cosine"), (NODES, "cosine"), (RING, "fourier")]


def matrices(axis: Axis, transform: str) -> tuple[torch.Tensor, torch.Tensor]:
    place = (transform, torch.float64, torch.device("cpu"))
    modes = resolved(axis, transform)
    return analysis(axis, modes, *place), synthesis(axis, axis, modes, *place)


@pytest.mark.parametrize("axis, transform", EXACT, ids=["cells", "nodes", "ring"])
def test_coefficients_come_back(axis, transform):
    forward, back = matrices(axis, transform)
    assert len(forward) == count(resolved(axis, transform), transform)
    assert torch.allclose(forward @ back, torch.eye(len(forward)).double(), atol=1e-12)


def test_cells_give_the_discrete_cosine_transform():
    forward, _ = matrices(CELLS, "cosine")
    n = CELLS.size
    index = torch.arange(n, dtype=torch.float64)
    dct2 = torch.cos(math.pi / n * index[:, None] * (index + 0.5)) * math.sqrt(2) / n
    dct2[0] /= math.sqrt(2)
    assert torch.allclose(forward, dct2, atol=1e-14)


@pytest.mark.parametrize("location", ["node", "cell"])
@pytest.mark.parametrize("transform", ["cosine", "fourier"])
def test_parseval_on_periodic_functions(location, transform):
    """With all that a grid resolves nothing of a band-limited function is lost."""
    grid = Grid((33,), periodic=True, location=location)
    u = band_limited(grid, waves=3)
    square = u.values.square().mean((1, 2))

    def missing(modes: int) -> float:
        found = to_coefficients(u.values.movedim(0, -2), grid.axes, (modes,), transform)
        return float((1 - found.square().sum((0, 2)) / square).abs().max())

    full = resolved(grid.axes[0], transform)
    last = 1e-3 if (transform, location) == ("cosine", "node") else 1e-12
    assert missing(full) < last  # periodic nodes lack the last of the n + 1 cosines of DCT-I
    assert missing(3) > 1e-3


def test_coefficients_do_not_depend_on_the_grid():
    coarse, fine = (band_limited(Grid((n, n), periodic=True), waves=3) for n in (16, 40))
    found = [
        to_coefficients(u.values.movedim(0, -2), u.grid.axes, (5, 9), "fourier")
        for u in (coarse, fine)
    ]
    assert found[0].shape == (9, 17, *found[0].shape[2:])
    assert torch.allclose(*found, atol=1e-12), "what 16 points do not resolve is zero"


def test_cosines_on_walls_converge_with_second_order():
    found = []
    for n in (17, 33, 65):
        axes = Grid((n,)).axes
        slope = torch.exp(axes[0].points())[:, None, None]
        found.append(to_coefficients(slope, axes, (5,), "cosine"))
    gaps = [float((found[i] - found[2]).norm()) for i in (0, 1)]
    assert gaps[0] > 3 * gaps[1]


CHEBYSHEV = Axis(13, 1.0, 3.0, location="chebyshev", name="t")


def test_chebyshev_coefficients_are_those_of_a_polynomial_and_keep_its_square():
    """Σ c² is the mean square in the density of the arcs, which weighs inner points alike."""
    s = CHEBYSHEV.points() - 2
    u = (1 - 0.5 * s + 3 * (4 * s**3 - 3 * s))[:, None, None]  # T₀ - T₁/2 + 3 T₃
    found = to_coefficients(u, (CHEBYSHEV,), (13,), "chebyshev")[:, 0, 0]
    expected = torch.zeros(13).double()
    expected[[0, 1, 3]] = torch.tensor([1, -0.5 / math.sqrt(2), 3 / math.sqrt(2)]).double()
    assert torch.allclose(found, expected, atol=1e-13)
    weights = torch.full((13,), 1 / 12, dtype=torch.float64)
    weights[[0, -1]] /= 2
    mean = (weights * u[:, 0, 0].square()).sum()
    assert found.square().sum().item() == pytest.approx(mean.item(), rel=1e-12)
    with pytest.raises(ValueError, match="Chebyshev points"):
        to_coefficients(u, (NODES,), (13,), "chebyshev")


def test_each_axis_can_have_its_own_transform():
    grid = Grid.of(CHEBYSHEV, RING)
    s, x = (part[..., None, None] for part in grid.points().unbind(-1))
    u = (s - 2) * torch.cos(2 * math.pi * (x - 1) / 2)
    each = tuple(natural(axis) for axis in grid.axes)
    found = to_coefficients(u, grid.axes, (13, 6), each)
    assert each == ("chebyshev", "fourier")
    assert found[1, 1].item() == pytest.approx(0.5, abs=1e-13)  # √2 T₁ times √2 cos
    back = to_points(found, grid.axes, grid.axes, (13, 6), each)
    assert torch.allclose(back, u, atol=1e-12)
