"""Which solver a statement calls for. There is no solver code per problem."""

from collections.abc import Callable
from dataclasses import replace

from fredholm.domains import Domain, Grid, Unstructured
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.problems.bodies import check_bodies, solve_around_bodies
from fredholm.problems.checking import check_inputs
from fredholm.problems.evolving import solve_evolution
from fredholm.problems.on_meshes import check_region, solve_in_region, solve_on
from fredholm.problems.statement import Statement
from fredholm.problems.steady import is_diffusion, solve_steady
from fredholm.problems.values import coefficients_of, initial_of, nothing, repeated, targets_of
from fredholm.solvers import Pseudospectral
from fredholm.solvers.solution import Solution

Solve = Callable[[Statement, Field, Grid, float], Solution]


def solve(problem: Statement, inputs: Field | None, at: Domain | None, tol: float) -> Solution:
    """The targets of the inputs, by the solver that the statement calls for (see `Problem.solve`).

    Raises:
        EquationError: No solver fits the statement.
        DivergedError: The solution left the finite numbers.
    """
    if inputs is None:
        place = at if isinstance(at, Unstructured) else problem.domain
        if place is problem.domain:
            choose_solver(problem)  # refuses before its grid, perhaps of many dimensions, is made
        inputs = nothing(place)
    check_inputs(problem, inputs)
    if isinstance(inputs.domain, Grid):
        at = problem.target_grid(inputs.grid) if at is None else at
        return choose_solver(problem)(problem, inputs, at, tol)  # type: ignore[arg-type]
    solution = solve_on(problem, inputs, tol)
    return solution if at is None else replace(solution, field=solution.field.at(at))


def choose_solver(problem: Statement) -> Solve:
    """The solver for a problem, from what its equations say.

    Raises:
        EquationError: None fits.
    """
    if problem.region is not None:
        try:
            check_bodies(problem)
        except EquationError:
            check_region(problem)
            return solve_in_region
        return solve_around_bodies
    if problem.given:
        return _collocation
    if problem.time is None:
        return solve_steady if is_diffusion(problem) else _collocation
    return solve_evolution if problem.domain.periodic else _collocation


def _collocation(problem: Statement, inputs: Field, at: Grid, tol: float) -> Solution:
    """Chebyshev and Fourier collocation."""
    solution = Pseudospectral(tol=tol).solve(
        problem.equations,
        problem.domain,
        problem.conditions,
        time=at.axis("t") if "t" in at.names else problem.time,
        initial=initial_of(problem, inputs),
        at=at.without("t") if "t" in at.names else at,
        values=problem.parameters,
        coefficients=coefficients_of(problem, inputs),
        gauge=problem.gauge,
        final=problem.time is not None and "t" not in at.names,
    )
    return replace(
        solution,
        field=targets_of(problem, repeated(solution.field, len(inputs))),
        error=solution.error.expand(len(inputs)),
    )
