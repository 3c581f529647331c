"""Which solver a statement calls for. There is no solver code per problem."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from fredholm.calculus import evaluate
from fredholm.domains import Grid
from fredholm.equations import Expression, constant
from fredholm.equations.elliptic import Elliptic, dirichlet, elliptic, one_value
from fredholm.equations.split import is_constant
from fredholm.equations.tree import expression
from fredholm.equations.validate import PARTS
from fredholm.errors import DivergedError, EquationError
from fredholm.fields import Field
from fredholm.solvers.solution import Solution

if TYPE_CHECKING:
    from fredholm.problems.problem import Problem
    from fredholm.solvers.discrete import Discrete

Solve = Callable[["Problem", Field, Grid, float], Solution]


def choose_solver(problem: "Problem") -> Solve:
    """The solver for a problem, from what its equations say.

    Raises:
        EquationError: None fits.
    """
    if problem.region is not None:
        from fredholm.problems.bodies import check_bodies, solve_around_bodies
        from fredholm.problems.on_meshes import check_region, solve_in_region

        try:
            check_bodies(problem)
        except EquationError:
            check_region(problem)
            return solve_in_region
        return solve_around_bodies
    if problem.given:
        return _collocation
    if problem.time is None:
        return _steady if _is_diffusion(problem) else _collocation
    return _evolution if problem.domain.periodic else _collocation


def _is_diffusion(problem: "Problem") -> bool:
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


def _collocation(problem: "Problem", inputs: Field, at: Grid, tol: float) -> Solution:
    """Chebyshev and Fourier collocation."""
    from fredholm.solvers.pseudospectral import Pseudospectral

    functions = problem.inputs_by_name(inputs)
    stated = {name: expression(e) for name, e in problem.initial.items()}
    solution = Pseudospectral(tol=tol).solve(
        problem.equations,
        problem.domain,
        problem.conditions,
        time=at.axis("t") if "t" in at.names else problem.time,
        initial={**stated, **{n: f for n, f in functions.items() if n in problem.states}},
        at=at.without("t") if "t" in at.names else at,
        values=problem.parameters,
        coefficients={
            **problem.given,
            **{n: f for n, f in functions.items() if n not in problem.states},
        },
        gauge=problem.gauge,
        final=problem.time is not None and "t" not in at.names,
    )
    shown = [i for i, name in enumerate(problem.equations) if name in problem.targets]
    u = _batched(solution.field, len(inputs))
    return replace(
        solution,
        field=u.with_values(u.values[..., shown]),
        error=solution.error.expand(len(inputs)),
    )


def _evolution(problem: "Problem", inputs: Field, at: Grid, tol: float) -> Solution:
    """Exponential time differencing on Fourier modes."""
    from fredholm.solvers.etdrk import ETDRK

    assert problem.time is not None
    given = problem.inputs_by_name(inputs)
    initial = initial_values(problem, inputs)
    space = at.without("t") if "t" in at.names else at
    solver = ETDRK(tol=tol)
    if problem.lattice:
        points = problem.domain.shape[0]
        solver = ETDRK(tol=tol, resolution=points, dealias=1.0, lattice=True)
    solution = solver.solve(
        problem.equations,
        initial,
        at.axis("t") if "t" in at.names else problem.time,
        at=space,
        values=problem.parameters,
        coefficients={name: f for name, f in given.items() if name not in problem.states},
        final="t" not in at.names,
    )
    if not problem.hidden:
        return solution
    shown = [i for i, name in enumerate(problem.equations) if name in problem.targets]
    u = solution.field
    return replace(solution, field=u.with_values(u.values[..., shown]))


def initial_values(problem: "Problem", inputs: Field) -> dict[str, Field]:
    """The initial value of each state: those that vary, and those that are stated."""
    given = problem.inputs_by_name(inputs)
    return {
        name: given[name] if name in given else _stated(problem, name, inputs)
        for name in problem.states
    }


def warm(problem: "Problem", drawn: Field, at: Grid) -> Field:
    """Initial states evolved for the time of the warm-up, in its steps, with one order-4 scheme.

    Raises:
        DivergedError: A state left the finite numbers.
    """
    from fredholm.solvers.trajectory import integrate

    assert problem.time is not None
    given = problem.inputs_by_name(drawn)
    discrete = _discrete(problem, given, drawn.grid.shape, 1.0 if problem.lattice else 2 / 3)
    start = problem.time.start
    run = integrate(
        discrete.system, discrete.state, [start - problem.warmup, start], problem.warmup_steps, 4
    )
    if run.diverged:
        time, step, sample = run.diverged
        raise DivergedError(
            f"the warm-up of {problem.key!r} left the finite numbers at step {step} of "
            f"{problem.warmup_steps} (sample {sample}); take more steps, or a finer template"
        )
    values = discrete.basis.evaluate(run.frames[:, -1], at)
    return Field(values.movedim(1, -1), at)


def hidden_unknowns(problem: "Problem", u: Field, inputs: Field) -> dict[str, Field]:
    """The unknowns without time derivative that belong to a trajectory.

    Args:
        problem: An evolution problem, whose states are all among its targets.
        u: Targets on a (t, *space) grid.
        inputs: The varied functions.
    """
    space, time = u.grid.without("t"), u.grid.axis("t").points()
    frames = u.values.to(torch.float64).movedim(u.grid.names.index("t") + 1, 0)
    rows = [problem.targets.index(name) for name in problem.states]
    given = problem.inputs_by_name(inputs)
    coefficients = {name: f for name, f in given.items() if name not in problem.states}
    found = []
    for moment, frame in zip(time.tolist(), frames):
        states = {n: Field(frame[..., i : i + 1], space) for n, i in zip(problem.states, rows)}
        discrete = _discrete(problem, {**states, **coefficients}, space.shape, dealias=1.0)
        modes = discrete.system.auxiliaries(discrete.state, moment)
        found.append(discrete.basis.evaluate(modes, space))
    values = torch.stack(found, dim=2)
    names = discrete.system.slaves
    grid = Grid.of(u.grid.axis("t"), *space.axes)
    return {n: Field(values[:, names.index(n), ..., None], grid) for n in problem.hidden}


def _discrete(
    problem: "Problem", given: Mapping[str, Field], shape: tuple[int, ...], dealias: float = 2 / 3
) -> "Discrete":
    """The problem on the Fourier modes of a number of points, with these functions."""
    from fredholm.solvers.discrete import Discrete, Statement

    initial = {name: given[name] for name in problem.states}
    coefficients = {name: f for name, f in given.items() if name not in problem.states}
    statement = Statement(problem.equations, initial, coefficients, problem.parameters)
    return Discrete(statement, shape, dealias)


def _stated(problem: "Problem", name: str, inputs: Field) -> Field:
    """An initial value that is an expression, on a grid that is twice as fine as the inputs'."""
    grid = inputs.grid.resized([2 * n for n in inputs.grid.shape])
    return _batched(
        evaluate(expression(problem.initial[name]), problem.parameters, grid), len(inputs)
    )


def _steady(problem: "Problem", inputs: Field, at: Grid, tol: float) -> Solution:
    """Finite volumes for -∇·(a ∇u) + c u = f."""
    from fredholm.solvers.diffusion import solve_diffusion

    parts = diffusion_of(problem, inputs)
    solution = solve_diffusion(
        parts.a, parts.f, boundary=parts.boundary, c=parts.c, insulated=parts.insulated, tol=tol
    )
    return replace(solution, field=solution.field.at(at))


@dataclass(frozen=True, eq=False)
class Diffusion:
    """-∇·(a ∇u) + c u = f with its conditions, as `solve_diffusion` takes it."""

    a: Field
    f: Field
    boundary: float | Field
    c: float
    insulated: list[str]


def diffusion_of(problem: "Problem", inputs: Field) -> Diffusion:
    """A steady problem with these inputs as a diffusion equation on their grid, differentiably.

    Raises:
        EquationError: The statement has another form.
    """
    form, prescribed, insulated = _diffusion_parts(problem)
    values = {**problem.parameters, **problem.inputs_by_name(inputs)}
    a, f = (evaluate(e, values, inputs.grid) for e in (form.conductivity, form.source))
    return Diffusion(
        a,
        _batched(f, len(inputs)),
        _boundary(problem, prescribed),
        float(constant(form.reaction, problem.parameters)),
        insulated,
    )


def _diffusion_parts(problem: "Problem") -> tuple[Elliptic, Expression, list[str]]:
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


def _sides(problem: "Problem", unknown: str) -> tuple[list[Expression], list[str]]:
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


def _boundary(problem: "Problem", value: Expression) -> float | Field:
    """A number, or a function on a grid with samples on the boundary."""
    if is_constant(value):
        return float(constant(value, problem.parameters))
    axes = (
        axis if axis.periodic else replace(axis, location="node", size=4 * axis.size + 1)
        for axis in problem.domain.axes
    )
    return evaluate(value, problem.parameters, Grid.of(*axes))


def _batched(u: Field, count: int) -> Field:
    return u.with_values(u.values.expand(count, *u.values.shape[1:]))
