"""Draws of what varies in a problem, on a grid or on a mesh of each random shape."""

import torch

from fredholm.domains import Grid
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.problems.evolving import warm
from fredholm.problems.on_shapes import draw_on_shapes
from fredholm.problems.statement import Statement


def sample(
    problem: Statement,
    n: int,
    grid: Grid | None = None,
    *,
    generator: torch.Generator,
    size: float | None = None,
) -> Field:
    """Draws of the varied functions, after the warm-up (see `Problem.sample`).

    Raises:
        EquationError: Nothing varies in this problem.
        ValueError: A grid where shapes vary, or a size where they do not.
    """
    if problem.shapes is not None:
        if grid is not None:
            raise ValueError(f"{problem.key!r} is stated on shapes: give a size, not a grid")
        return draw_on_shapes(problem, n, size, generator=generator)
    if size is not None:
        raise ValueError(f"{problem.key!r} is stated on one domain: give a grid, not a size")
    grid = grid or problem.domain
    if not problem.warmup:
        return draw(problem, n, grid, generator=generator)
    return warm(problem, draw(problem, n, problem.domain, generator=generator), grid)


def draw(problem: Statement, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
    """Draws from the priors alone, before any warm-up.

    Raises:
        EquationError: Nothing varies in this problem.
    """
    if not problem.varies:
        raise EquationError(f"nothing varies in {problem.key!r}: there is no input to sample")
    draws = [prior.sample(n, grid, generator=generator) for prior in problem.varies.values()]
    return Field(torch.cat([draw.values for draw in draws], dim=-1), grid)
