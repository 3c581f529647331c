"""Which solver a statement calls for. There is no solver code per problem."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from fredholm.calculus import evaluate
from fredholm.domains import Grid
from fredholm.equations import constant
from fredholm.equations.elliptic import elliptic, same_everywhere
from fredholm.equations.tree import expression
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.solvers.solution import Solution

if TYPE_CHECKING:
    from fredholm.problems.problem import Problem

Solve = Callable[["Problem", Field, Grid, float], Solution]


def choose_solver(problem: "Problem") -> Solve:
    """The solver for a problem, from what its equations say.

    Raises:
        EquationError: None fits.
    """
    if problem.time is None:
        return _steady
    if problem.domain.periodic:
        return _evolution
    raise EquationError(
        f"{problem.key!r} evolves on a box that is not periodic, for which there is no solver; "
        "a periodic extension (odd for zero boundary values, even for zero flux) often helps"
    )


def _evolution(problem: "Problem", inputs: Field, at: Grid, tol: float) -> Solution:
    """Exponential time differencing on Fourier modes."""
    from fredholm.solvers.etdrk import ETDRK

    assert problem.time is not None
    given = problem.inputs_by_name(inputs)
    initial = {
        name: given[name] if name in given else _stated(problem, name, inputs)
        for name in problem.states
    }
    space = at.without("t") if "t" in at.names else at
    return ETDRK(tol=tol).solve(
        problem.equations,
        initial,
        at.axis("t") if "t" in at.names else problem.time,
        at=space,
        values=problem.parameters,
        coefficients={name: f for name, f in given.items() if name not in problem.states},
        final="t" not in at.names,
    )


def _stated(problem: "Problem", name: str, inputs: Field) -> Field:
    """An initial value that is an expression, on a grid that is twice as fine as the inputs'."""
    grid = inputs.grid.resized([2 * n for n in inputs.grid.shape])
    return _batched(
        evaluate(expression(problem.initial[name]), problem.parameters, grid), len(inputs)
    )


def _steady(problem: "Problem", inputs: Field, at: Grid, tol: float) -> Solution:
    """Finite volumes for -∇·(a ∇u) + c u = f."""
    from fredholm.solvers.diffusion import solve_diffusion

    if len(problem.equations) != 1:
        raise EquationError(f"{problem.key!r} is a steady system, for which there is no solver")
    ((unknown, equation),) = problem.equations.items()
    form = elliptic(equation, unknown, problem.parameters)
    grid = inputs.grid
    if any(axis.periodic for axis in grid.axes):
        raise EquationError(f"{problem.key!r}: the diffusion solver needs axes with boundaries")
    values = {**problem.parameters, **problem.inputs_by_name(inputs)}
    parts = (form.conductivity, form.source, same_everywhere(problem.conditions, unknown))
    a, f, boundary = (evaluate(part, values, grid) for part in parts)
    solution = solve_diffusion(
        _batched(a, len(inputs)),
        _batched(f, len(inputs)),
        boundary=_batched(boundary, len(inputs)),
        c=float(constant(form.reaction, problem.parameters)),
        tol=tol,
    )
    if at == grid:
        return solution
    return Solution(solution.field.at(at), solution.error, solution.method, solution.details)


def _batched(u: Field, count: int) -> Field:
    return u.with_values(u.values.expand(count, *u.values.shape[1:]))
