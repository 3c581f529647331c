"""From particles back to places: u(x, t) of a solution that follows the particles."""

import warnings

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.collocation.trial import Trial
from fredholm.collocation.verdict import comparison_grid
from fredholm.domains import Grid
from fredholm.fields import Field
from fredholm.problems.lagrangian import DISPLACEMENT


@torch.no_grad()
def eulerian(trial: Trial, at: Grid | None = None, *, labels: int = 16) -> Field:
    """The state of a `lagrangian` statement where it is, and not where it came from.

    At each time the particles are wrapped into the period and sorted by their places; between
    neighbours the state is interpolated linearly.

    Args:
        trial: Candidate solution of a statement made by `problems.lagrangian`.
        at: Where: a grid (t, x); by default that on which solutions are judged.
        labels: Particles for each point of that grid.

    Returns:
        One function on the grid, with the state as its channel.

    Raises:
        ValueError: The statement has no displacement, or the grid is not (t, x).

    Warns where particles have overtaken one another: the state has no single value there.
    """
    problem = trial.problem
    grid = at or comparison_grid(problem)
    names = ("t", *problem.domain.names)
    if DISPLACEMENT not in problem.equations or grid.names != names:
        raise ValueError(
            f"eulerian takes a solution of lagrangian(problem) and a grid over (t, x), got "
            f"{problem.key!r} and {grid}"
        )
    time, x = grid.axes
    particles = x.resized(labels * x.size)
    values = trial.at(Grid.of(time, particles)).values[0]
    state, moved = values.unbind(-1)
    place = particles.points() + moved
    gaps = torch.diff(place, dim=1, append=place[:, :1] + x.length)
    if not bool((gaps > 0).all()):
        first = time.points()[(gaps <= 0).any(1)][0]
        warnings.warn(
            f"from t = {first:.3g} on particles have overtaken one another: the state has several "
            "values at a place, of which one is shown",
            stacklevel=2,
        )
    found = _interpolated((place - x.start) % x.length, state, x.points() - x.start, x.length)
    return Field(found[None, ..., None], grid)


def _interpolated(
    place: Float[Tensor, "t n"], state: Float[Tensor, "t n"], x: Float[Tensor, "m"], period: float
) -> Float[Tensor, "t m"]:
    """Piecewise linear functions of period `period` through scattered points, at x."""
    place, order = place.sort(dim=1)
    state = state.gather(1, order)
    place = torch.cat([place[:, -1:] - period, place, place[:, :1] + period], dim=1)
    state = torch.cat([state[:, -1:], state, state[:, :1]], dim=1)
    x = x.expand(len(place), -1).contiguous()
    right = torch.searchsorted(place, x).clamp(1, place.shape[1] - 1)
    start, stop = place.gather(1, right - 1), place.gather(1, right)
    share = (x - start) / (stop - start).clamp(min=1e-300)
    return torch.lerp(state.gather(1, right - 1), state.gather(1, right), share)
