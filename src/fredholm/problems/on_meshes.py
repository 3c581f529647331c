"""Problems on meshes, and on regions that are meshed for them, by finite elements."""

import math
from dataclasses import replace

from fredholm.domains import Axis, Grid, Mesh, Region, Stack, mesh_region, space_of
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.problems.statement import Statement
from fredholm.problems.values import coefficients_of, initial_of, nothing, targets_of
from fredholm.solvers.finite_elements import FiniteElements
from fredholm.solvers.finite_elements.statement import compiled
from fredholm.solvers.solution import Solution

_FINEST = 1e-4
"""The least error that is aimed at on a mesh that is made here: less takes minutes."""
_ON_BOUNDARY = 1e-9
"""Points so close to a region, relative to its size, lie on its boundary and not outside."""


def solve_on(
    problem: Statement,
    inputs: Field,
    tol: float,
    *,
    region: Region | None = None,
    time: Axis | None = None,
    final: bool = False,
    finest: bool = False,
) -> Solution:
    """The targets at the nodes of the meshes on which the inputs live.

    Args:
        problem: Steady or in time; the parts of each mesh are among those of its conditions.
        inputs: What varies, at the nodes of one mesh or of one for each sample.
        tol: Relative error.
        region: What the mesh was made of; finer meshes follow its curved boundary.
        time: Times of the frames, by default the problem's.
        final: Only the last frame, which a problem may ask for too.
        finest: Give the solution on the mesh that has a node for each of its numbers.

    Raises:
        EquationError: The inputs live elsewhere, or finite elements do not solve the statement.
        DivergedError: No solution was found.
    """
    domain = inputs.domain
    if not isinstance(domain, Mesh | Stack):
        raise EquationError(
            f"{problem.key!r} is solved on a grid or on meshes, got a {type(domain).__name__}"
        )
    if any(axis.periodic for axis in problem.domain.axes):
        raise EquationError(f"{problem.key!r} is periodic, which no mesh is: solve it on a grid")
    solution = FiniteElements(tol=tol).solve(
        problem.equations,
        domain,
        problem.conditions,
        time=time or problem.time,
        initial=initial_of(problem, inputs),
        values=problem.parameters,
        coefficients=coefficients_of(problem, inputs),
        gauge=problem.gauge,
        final=final or problem.final,
        region=region,
        finest=finest,
    )
    return replace(solution, field=targets_of(problem, solution.field))


def check_region(problem: Statement) -> None:
    """Refuses statements on a region that finite elements do not take.

    Raises:
        EquationError: What is wrong.
    """
    if problem.domain.dim > 3:
        raise EquationError(
            f"{problem.key!r} is stated on a region in {problem.domain.dim} dimensions, and meshes "
            "have up to three; solve it by a network"
        )
    compiled(problem.equations, problem.conditions, problem.domain.names)


def solve_in_region(problem: Statement, inputs: Field, at: Grid, tol: float) -> Solution:
    """Finite elements on a mesh of the problem's region, evaluated on a grid.

    The edges of the mesh are about twice as long as the spacing of the grid, and longer where the
    mesh could not be refined else. Between the points at which elements of second order have values
    the solution is taken as linear, which is not part of the error.

    Args:
        problem: A statement on a region.
        inputs: What varies, on a grid.
        at: Where the solution is wanted; outside the region it has no values (NaN).
        tol: Relative error at the nodes; 1e-4 is the least that is aimed at.

    Raises:
        EquationError: Finite elements do not solve the statement.
        DivergedError: No solution was found.
    """
    region = problem.region
    assert region is not None, "only problems on a region come here"
    timed = "t" in at.names
    space = at.without("t") if timed else at
    spacing = max(axis.spacing for axis in space.axes)
    # Elements of second order on the refined mesh have so many times more numbers than it nodes.
    nodes = FiniteElements().size / (4**region.dim * len(problem.equations))
    size = max(2 * spacing, (region.measure / nodes) ** (1 / region.dim))
    units = tuple(axis.units for axis in space.axes)
    mesh = mesh_region(region, size, names=space.names, units=units)
    functions = inputs.at(mesh) if inputs.channels else nothing(mesh, len(inputs))
    time = at.axis("t") if timed else None
    solution = solve_on(
        problem,
        functions,
        max(tol, _FINEST),
        region=region,
        time=time,
        final=not timed,
        finest=True,
    )
    u = solution.field.values
    frames = u if timed else u[:, None]
    # Frames beside channels: all of them are evaluated alike.
    beside = frames.movedim(1, -2).flatten(-2)
    values = (
        Field(beside, space_of(solution.field.domain))
        .at(space)
        .values.unflatten(-1, (-1, frames.shape[-1]))
    )
    gaps = region.signed_distance(space.points())
    outside = (gaps > _ON_BOUNDARY * region.size)[..., None, None]
    values = values.masked_fill(outside, math.nan).movedim(-2, 1)
    return replace(solution, field=Field(values if timed else values[:, 0], at))
