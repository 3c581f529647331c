"""Periodic boxes: exact solutions of linear problems, extents and time axes."""

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import FourierBasis
from fredholm.calculus.spectral import wavenumbers
from fredholm.domains import Axis, Grid
from fredholm.fields import Field
from fredholm.problems.problem import Problem


def times_of(problem: Problem, grid: Grid) -> Float[Tensor, "t"]:
    """The times at which a target grid wants the solution: its frames, or the end."""
    assert problem.time is not None
    if "t" in grid.names:
        return grid.axis("t").points()
    return torch.tensor([problem.time.stop], dtype=torch.float64)


def propagated(problem: Problem, inputs: Field, grid: Grid, rate: Tensor) -> Field:
    """exp(rate · t) applied to each Fourier mode of the initial state.

    Args:
        problem: A linear evolution on a periodic box.
        inputs: Initial states, understood as their trigonometric interpolants.
        grid: Target grid, with or without a time axis.
        rate: Growth rate of each mode of `fine_basis`.
    """
    fine = fine_basis(inputs.grid)
    modes = fine.expand(inputs.values[..., 0].to(torch.float64), inputs.grid)
    times = times_of(problem, grid)
    factors = torch.exp(rate * times.reshape(-1, *[1] * rate.ndim))
    space = grid.without("t") if "t" in grid.names else grid
    values = fine.evaluate(modes[:, None] * factors, space)[..., None]
    return Field(values if "t" in grid.names else values[:, 0], grid)


def fine_basis(grid: Grid) -> FourierBasis:
    """Modes enough for every function on the grid, the last cosine of even sizes included."""
    return FourierBasis(grid.resized([n + 2 - n % 2 for n in grid.shape]))


def rates(grid: Grid) -> list[Float[Tensor, "*k"]]:
    """The wavenumbers of the modes of `fine_basis` along each axis, shaped to broadcast."""
    found = []
    for number, axis in enumerate(fine_basis(grid).grid.axes):
        k = wavenumbers(axis, half=number == grid.dim - 1)
        found.append(k.reshape([-1 if i == number else 1 for i in range(grid.dim)]))
    return found


def periodic_box(points: int, length: float, dim: int) -> Grid:
    """A periodic interval, square or cube.

    Raises:
        ValueError: A dimension other than 1, 2 and 3, or a length that is not positive.
    """
    if dim not in (1, 2, 3):
        raise ValueError(f"dim is 1, 2 or 3, got {dim}")
    if not length > 0:
        raise ValueError(f"length must be positive, got {length:g}")
    return Grid((points,) * dim, length, periodic=True)


def time_axis(horizon: float, frames: int) -> Axis:
    """Frames at equal distances from zero to the horizon; without frames, both ends.

    Raises:
        ValueError: A horizon that is not positive, or a single frame.
    """
    if not horizon > 0:
        raise ValueError(f"horizon must be positive, got {horizon:g}")
    if frames < 0 or frames == 1:
        raise ValueError(f"frames is 0 (the final state) or at least 2, got {frames}")
    return Axis(frames or 2, 0.0, horizon, name="t")
