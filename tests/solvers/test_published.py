"""The diffusion solver against files of solutions that other programs made."""

import math

import numpy as np
import pytest
import torch

from fredholm.domains import Grid
from fredholm.fields import Field, difference, norm
from fredholm.solvers.diffusion import solve_diffusion
from fredholm.solvers.obstacles import Obstacle


def on(grid, function):
    return Field(function(grid.points())[None, ..., None], grid)


def misfit(phases, published, contrast, scale):
    """Mean relative L2 distance to published solutions for a = scale·(1 or contrast)."""
    grid = Grid((32, 32), location="left")
    a = torch.where(phases, contrast * scale, scale).double()[..., None]
    found = solve_diffusion(Field(a, grid), Field(torch.ones_like(a), grid))
    target = Field(published.double()[..., None], grid)
    gap = norm(difference(found.field, target)) / norm(target)
    return float(gap.mean()), float(found.error.mean())


def test_darcy_file_of_neuraloperator(shared_data):
    path = shared_data / "neuraloperator" / "darcy_test_32.pt"
    data = torch.load(path, weights_only=True)
    x, y = data["x"], data["y"]
    # The file states neither its two coefficients nor its source. With f = 1 a fit over contrasts
    # from 16 to 22 found 18.75 and a(0) = 0.0201; the coefficient is only known on 32 points, so
    # the distance that remains is the discretisation error that the solver reports itself.
    distance, estimate = misfit(x, y, 18.75, 0.0201)
    assert distance < 0.03
    assert 0.5 < distance / estimate < 2.0
    assert misfit(x, y, 12.0, 0.0201)[0] > 4 * distance
    assert misfit(x.mT, y, 18.75, 0.0201)[0] > 4 * distance
    assert misfit(x, y, 18.75, 0.0221)[0] > 2 * distance


def discs(*circles):
    def level(x):
        centres = torch.tensor([circle[:2] for circle in circles], dtype=torch.float64)
        radii = torch.tensor([circle[2] for circle in circles], dtype=torch.float64)
        return ((x[..., None, :] - centres).norm(dim=-1) - radii).amin(-1)

    return level


FOUR = discs(*((0.3 * i, 0.3 * j, 0.1) for i in (-1, 1) for j in (-1, 1)))
UNEQUAL = discs((0.5, 0.5, 0.2), (0.4, -0.4, 0.4), (-0.2, -0.7, 0.1), (-0.6, 0.5, 0.3))


def laplace(size):
    grid = Grid((size, size), (-0.5, 0.5))
    zero = on(grid, lambda x: 0 * x[..., 0])
    one = zero.with_values(zero.values + 1)
    return solve_diffusion(one, zero, boundary=1.0, obstacle=Obstacle(on(grid, FOUR), 0.0))


def screened(size):
    """-Δu + 64 u = f, a linearised Poisson-Boltzmann equation."""
    grid = Grid((size, size), (-1.0, 1.0))
    one = on(grid, lambda x: 1 + 0 * x[..., 0])

    def source(x):
        waves = torch.sin(math.pi * x[..., 0]) * torch.sin(4 * math.pi * x[..., 1])
        return 10 * (17 + x.square().sum(-1)) * waves

    body = Obstacle(on(grid, UNEQUAL), 1.0)
    return solve_diffusion(one, on(grid, source), boundary=0.2, c=64.0, obstacle=body)


def distance_to_file(found, table, level, clearance):
    """Relative L2 distance at the file's points that are clear of the bodies.

    Across the surface of a body the slope jumps, and interpolation between grid points would be
    measured there instead of the solver.
    """
    from scipy.interpolate import RegularGridInterpolator

    table = table[(level(torch.from_numpy(table[:, :2])) > clearance).numpy()]
    axes = [axis.points().numpy() for axis in found.field.grid.axes]
    between = RegularGridInterpolator(axes, found.field.values[0, ..., 0].numpy(), method="cubic")
    return float(np.linalg.norm(between(table[:, :2]) - table[:, 2]) / np.linalg.norm(table[:, 2]))


@pytest.mark.parametrize(
    "file, solve, level, clearance, bound",
    [
        ("poisson_classic.dat", laplace, FOUR, 0.03, 5e-4),
        ("poisson_boltzmann2d.dat", screened, UNEQUAL, 0.06, 3e-3),
    ],
)
def test_finite_elements_around_discs(shared_data, file, solve, level, clearance, bound):
    table = np.loadtxt(shared_data / "pinnacle" / file, comments="%")
    sizes = (65, 89, 129)
    found = [solve(n) for n in sizes]
    distances = [distance_to_file(u, table, level, clearance) for u in found]
    # Found 1.0e-3, 5.6e-4, 2.6e-4 and 7.4e-3, 3.8e-3, 1.8e-3; at 257 points 8e-5 and 4.5e-4.
    assert distances[-1] < bound
    slope = np.polyfit(np.log(np.array(sizes) - 1), np.log(distances), 1)[0]
    assert -slope == pytest.approx(2.0, abs=0.25)
    assert 0.3 < float(found[-1].error) / distances[-1] < 3.0
