"""Coefficients are those of the functions, whatever the grid, and keep the sum of squares."""

import math

import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.layers.transforms import analysis, count, resolved, synthesis, to_coefficients
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
