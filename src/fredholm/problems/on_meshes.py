"""Problems on meshes, by finite elements."""

from dataclasses import replace
from typing import TYPE_CHECKING

from fredholm.domains import Mesh, Region, Stack
from fredholm.equations.tree import expression
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.solvers.finite_elements import FiniteElements
from fredholm.solvers.solution import Solution

if TYPE_CHECKING:
    from fredholm.problems.problem import Problem


def solve_on(
    problem: "Problem", inputs: Field, tol: float, *, region: Region | None = None
) -> Solution:
    """The targets at the nodes of the meshes on which the inputs live.

    Args:
        problem: Steady or in time; the parts of each mesh are among those of its conditions.
        inputs: What varies, at the nodes of one mesh or of one for each sample.
        tol: Relative error.
        region: What the mesh was made of; finer meshes follow its curved boundary.

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
    given = problem.inputs_by_name(inputs)
    stated = {name: expression(e) for name, e in problem.initial.items()}
    solution = FiniteElements(tol=tol).solve(
        problem.equations,
        domain,
        problem.conditions,
        time=problem.time,
        initial={**stated, **{n: f for n, f in given.items() if n in problem.states}},
        values=problem.parameters,
        coefficients={
            **problem.given,
            **{n: f for n, f in given.items() if n not in problem.states},
        },
        gauge=problem.gauge,
        final=problem.final,
        region=region,
    )
    shown = [i for i, name in enumerate(problem.equations) if name in problem.targets]
    u = solution.field
    return replace(solution, field=u.with_values(u.values[..., shown]))
