"""Evolutions in periodic boxes, on Fourier modes."""

from collections.abc import Mapping
from dataclasses import replace

import torch

from fredholm.calculus import evaluate
from fredholm.domains import Grid
from fredholm.equations.tree import expression
from fredholm.errors import DivergedError
from fredholm.fields import Field
from fredholm.problems.statement import Statement
from fredholm.problems.values import repeated, targets_of, varied_coefficients
from fredholm.solvers import ETDRK
from fredholm.solvers.discrete import Discrete
from fredholm.solvers.discrete import Statement as Evolution
from fredholm.solvers.solution import Solution
from fredholm.solvers.trajectory import integrate


def solve_evolution(problem: Statement, inputs: Field, at: Grid, tol: float) -> Solution:
    """Exponential time differencing on Fourier modes."""
    assert problem.time is not None
    space = at.without("t") if "t" in at.names else at
    solver = ETDRK(tol=tol)
    if problem.lattice:
        points = problem.domain.shape[0]
        solver = ETDRK(tol=tol, resolution=points, dealias=1.0, lattice=True)
    solution = solver.solve(
        problem.equations,
        initial_values(problem, inputs),
        at.axis("t") if "t" in at.names else problem.time,
        at=space,
        values=problem.parameters,
        coefficients=varied_coefficients(problem, inputs),
        final="t" not in at.names,
    )
    return replace(solution, field=targets_of(problem, solution.field))


def initial_values(problem: Statement, inputs: Field) -> dict[str, Field]:
    """The initial value of each state: those that vary, and those that are stated."""
    given = problem.inputs_by_name(inputs)
    return {
        name: given[name] if name in given else _stated(problem, name, inputs)
        for name in problem.states
    }


def warm(problem: Statement, drawn: Field, at: Grid) -> Field:
    """Initial states evolved for the time of the warm-up, in its steps, with one order-4 scheme.

    Raises:
        DivergedError: A state left the finite numbers.
    """
    assert problem.time is not None
    initial, dealias = problem.inputs_by_name(drawn), 1.0 if problem.lattice else 2 / 3
    discrete = _discrete(problem, initial, {}, drawn.grid.shape, dealias)
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


def hidden_unknowns(problem: Statement, u: Field, inputs: Field) -> dict[str, Field]:
    """The unknowns without time derivative that belong to a trajectory.

    Args:
        problem: An evolution problem, whose states are all among its targets.
        u: Targets on a (t, *space) grid.
        inputs: The varied functions.
    """
    space, time = u.grid.without("t"), u.grid.axis("t").points()
    frames = u.values.to(torch.float64).movedim(u.grid.names.index("t") + 1, 0)
    rows = [problem.targets.index(name) for name in problem.states]
    coefficients = varied_coefficients(problem, inputs)
    found = []
    for moment, frame in zip(time.tolist(), frames):
        states = {n: Field(frame[..., i : i + 1], space) for n, i in zip(problem.states, rows)}
        discrete = _discrete(problem, states, coefficients, space.shape, 1.0)
        modes = discrete.system.auxiliaries(discrete.state, moment)
        found.append(discrete.basis.evaluate(modes, space))
    values = torch.stack(found, dim=2)
    names = discrete.system.slaves
    grid = Grid.of(u.grid.axis("t"), *space.axes)
    return {n: Field(values[:, names.index(n), ..., None], grid) for n in problem.hidden}


def _discrete(
    problem: Statement,
    initial: Mapping[str, Field],
    coefficients: Mapping[str, Field],
    shape: tuple[int, ...],
    dealias: float,
) -> Discrete:
    """The problem on the Fourier modes of a number of points, with these functions."""
    stated = Evolution(problem.equations, initial, coefficients, problem.parameters)
    return Discrete(stated, shape, dealias)


def _stated(problem: Statement, name: str, inputs: Field) -> Field:
    """An initial value that is an expression, on a grid that is twice as fine as the inputs'."""
    grid = inputs.grid.resized([2 * n for n in inputs.grid.shape])
    return repeated(
        evaluate(expression(problem.initial[name]), problem.parameters, grid), len(inputs)
    )
