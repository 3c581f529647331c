"""Steady diffusion in a box, as finite volumes take it."""

from dataclasses import dataclass, replace

from fredholm.calculus import evaluate
from fredholm.domains import Grid
from fredholm.equations import Expression, constant
from fredholm.equations.elliptic import Elliptic, dirichlet, elliptic, one_value
from fredholm.equations.split import is_constant
from fredholm.equations.validate import PARTS
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.problems.statement import Statement
from fredholm.problems.values import repeated
from fredholm.solvers.diffusion import solve_diffusion
from fredholm.solvers.solution import Solution


def solve_steady(problem: Statement, inputs: Field, at: Grid, tol: float) -> Solution:
    """Finite volumes for -∇·(a ∇u) + c u = f."""
    parts = diffusion_of(problem, inputs)
    solution = solve_diffusion(
        parts.a, parts.f, boundary=parts.boundary, c=parts.c, insulated=parts.insulated, tol=tol
    )
    return replace(solution, field=solution.field.at(at))


def is_diffusion(problem: Statement) -> bool:
    """Whether finite volumes take the statement; beyond two dimensions nothing else does.

    Raises:
        EquationError: They do not, in three dimensions.
    """
    try:
        _diffusion_parts(problem)
    except EquationError:
        if problem.domain.dim > 2:
            raise
        return False
    return True


@dataclass(frozen=True, eq=False)
class Diffusion:
    """-∇·(a ∇u) + c u = f with its conditions, as `solve_diffusion` takes it."""

    a: Field
    f: Field
    boundary: float | Field
    c: float
    insulated: list[str]


def diffusion_of(problem: Statement, inputs: Field) -> Diffusion:
    """A steady problem with these inputs as a diffusion equation on their grid, differentiably.

    Raises:
        EquationError: The statement has another form.
    """
    form, prescribed, insulated = _diffusion_parts(problem)
    values = {**problem.parameters, **problem.inputs_by_name(inputs)}
    a, f = (evaluate(e, values, inputs.grid) for e in (form.conductivity, form.source))
    return Diffusion(
        a,
        repeated(f, len(inputs)),
        _boundary(problem, prescribed),
        float(constant(form.reaction, problem.parameters)),
        insulated,
    )


def _diffusion_parts(problem: Statement) -> tuple[Elliptic, Expression, list[str]]:
    """What the finite volumes take: the equation, the value on sides, and the insulated sides.

    Raises:
        EquationError: The statement has another form.
    """
    if len(problem.equations) != 1 or problem.gauge:
        raise EquationError(
            f"{problem.key!r} is a steady system or has a gauge, and in more than two dimensions "
            "one diffusion equation is all that is solved"
        )
    ((unknown, equation),) = problem.equations.items()
    form = elliptic(equation, unknown, problem.parameters)
    if float(constant(form.reaction, problem.parameters)) < 0:
        raise EquationError(f"{equation} describes waves instead of diffusion")
    prescribed, insulated = _sides(problem, unknown)
    return form, one_value(prescribed), insulated


def _sides(problem: Statement, unknown: str) -> tuple[list[Expression], list[str]]:
    """The prescribed values, and the sides without flux as the solver calls them: x-, x+, ..."""
    prescribed, insulated = [], []
    for side, (condition,) in problem.conditions.items():
        value = dirichlet(condition, unknown)
        if value is not None:
            prescribed.append(value)
            continue
        number = next(i for i, pair in enumerate(PARTS) if side in pair)
        sign = "-+"[PARTS[number].index(side)]
        insulated.append(f"{problem.domain.names[number]}{sign}")
    return prescribed, insulated


def _boundary(problem: Statement, value: Expression) -> float | Field:
    """A number, or a function on a grid with samples on the boundary."""
    if is_constant(value):
        return float(constant(value, problem.parameters))
    axes = (
        axis if axis.periodic else replace(axis, location="node", size=4 * axis.size + 1)
        for axis in problem.domain.axes
    )
    return evaluate(value, problem.parameters, Grid.of(*axes))
