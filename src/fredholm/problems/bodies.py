"""Steady diffusion in a box with bodies in it: what such a region is to finite volumes."""

from dataclasses import replace
from math import prod

import torch

from fredholm.domains import Axis, Box, Grid, Region
from fredholm.domains.geometry import Difference
from fredholm.equations import constant
from fredholm.equations.elliptic import dirichlet
from fredholm.equations.split import is_constant
from fredholm.equations.validate import PARTS
from fredholm.errors import EquationError
from fredholm.fields import Field, norm
from fredholm.problems.statement import Statement
from fredholm.problems.steady import diffusion_of
from fredholm.problems.values import nothing
from fredholm.solvers.diffusion import solve_diffusion
from fredholm.solvers.obstacles import Obstacle
from fredholm.solvers.solution import Solution

_MOST = 300_000
"""Points of the finest grid, which takes some seconds."""
_ON_BOUNDARY = 1e-9
"""Points so close to a region, relative to its size, lie on its boundary and not outside."""


def solve_around_bodies(problem: Statement, inputs: Field, at: Grid, tol: float) -> Solution:
    """Finite volumes in a box, with one value of the solution on the surfaces of all bodies.

    The grid of the problem is doubled until the estimated error is small enough, or there would be
    more than 300 000 points.

    Args:
        problem: A diffusion equation on such a region, in which nothing varies.
        inputs: What varies: a function without channels.
        at: Where the solution is wanted; outside the region it has no values (NaN).
        tol: Relative error.

    Raises:
        EquationError: The statement has another form.
    """
    check_bodies(problem)
    solution = _solve(problem, inputs.grid)
    while float(solution.error.max()) > tol:
        finer = Grid.of(*(_doubled(axis) for axis in solution.field.grid.axes))
        if prod(finer.shape) > _MOST:
            break
        solution = _solve(problem, finer)
    u = solution.field.at(at)
    outside = _outside(problem, at)
    return replace(solution, field=u.with_values(u.values.masked_fill(outside, torch.nan)))


def check_bodies(problem: Statement) -> None:
    """Refuses regions and conditions that finite volumes on a grid do not take.

    Raises:
        EquationError: What is wrong.
    """
    if problem.time is not None or problem.varies or problem.given:
        raise EquationError(
            f"{problem.key!r} is stated on a region, where a steady diffusion equation is all that "
            "has a numerical solver, without given functions; solve it by a network"
        )
    _bodies(problem)
    _value(problem)
    diffusion_of(_without_bodies(problem), nothing(problem.domain))


def _solve(problem: Statement, grid: Grid) -> Solution:
    parts = diffusion_of(_without_bodies(problem), nothing(grid))
    points = grid.points()
    gaps = torch.stack([body.signed_distance(points) for body in _bodies(problem)], dim=-1)
    level = Field(gaps.amin(-1)[None, ..., None], grid)
    solution = solve_diffusion(
        parts.a,
        parts.f,
        boundary=parts.boundary,
        c=parts.c,
        insulated=parts.insulated,
        obstacle=Obstacle(level, _value(problem)),
    )
    # The solver's error is relative to a norm in which the value counts inside the bodies too.
    u = solution.field
    free = u.with_values(u.values.masked_fill(_outside(problem, grid), 0.0))
    share = norm(u) / norm(free).clamp(min=torch.finfo(u.values.dtype).tiny)
    return replace(solution, error=solution.error * share)


def _outside(problem: Statement, grid: Grid) -> torch.Tensor:
    """Which points of a grid lie outside the region, (*points, 1)."""
    region = _region(problem)
    gaps = region.signed_distance(grid.points())
    return (gaps > _ON_BOUNDARY * region.size)[..., None]


def _bodies(problem: Statement) -> list[Region]:
    """The shapes that are taken from the box."""
    rest, bodies = _region(problem), []
    while isinstance(rest, Difference):
        bodies.append(rest.second)
        rest = rest.first
    box = tuple((axis.start, axis.stop) for axis in problem.domain.axes)
    if not bodies or not isinstance(rest, Box) or rest.name or rest.bounds != box:
        raise EquationError(
            f"{problem.key!r} is stated on a region that is not its box without some shapes, and "
            "has no numerical solver; solve it by a network"
        )
    return bodies


def _value(problem: Statement) -> float:
    """The value on the surfaces of all bodies."""
    unknown, sides = next(iter(problem.equations)), _sides(problem)
    on_bodies = [stated for part, stated in problem.conditions.items() if part not in sides]
    conditions = {condition for stated in on_bodies for condition in stated}
    values = {dirichlet(condition, unknown) for condition in conditions}
    (value,) = values if len(values) == 1 else (None,)
    if value is None or not is_constant(value):
        listed = ", ".join(sorted(map(str, conditions)))
        raise EquationError(
            f"the numerical solver takes one constant value of {unknown} on all shapes of "
            f"{problem.key!r}, got {listed}; solve it by a network"
        )
    return float(constant(value, problem.parameters))


def _without_bodies(problem: Statement) -> Statement:
    """The same equation in the whole box."""
    sides = {part: c for part, c in problem.conditions.items() if part in _sides(problem)}
    return replace(problem, region=None, boundary=sides)


def _sides(problem: Statement) -> set[str]:
    return {side for _, pair in zip(problem.domain.axes, PARTS) for side in pair}


def _region(problem: Statement) -> Region:
    assert problem.region is not None, "only problems on a region come here"
    return problem.region


def _doubled(axis: Axis) -> Axis:
    """The axis with twice as many intervals."""
    ends = int(axis.location == "node" and not axis.periodic)
    return axis.resized(2 * (axis.size - ends) + ends)
