"""The solver of a problem as an operator with a fixed step."""

from collections.abc import Callable

import torch

from fredholm.domains import Grid
from fredholm.errors import DivergedError, EquationError
from fredholm.fields import Field
from fredholm.problems.evolving import initial_values
from fredholm.problems.sampling import sample
from fredholm.problems.statement import Statement
from fredholm.problems.values import nothing
from fredholm.solvers import Stepper

_MOST = 1024
"""Substeps of one interval beyond which the search ends."""
_DRAWS, _INTERVALS = 2, 8
"""How many draws are looked at, and how many intervals they are followed."""


def make_stepper(
    problem: Statement,
    interval: float | None,
    *,
    tol: float,
    order: int,
    substeps: int | None,
    grid: Grid,
) -> Stepper:
    """The stepper of a problem (see `Problem.stepper`).

    Raises:
        EquationError: The problem is steady, not periodic or has coefficients that vary.
        DivergedError: No number of substeps keeps the tolerance.
    """
    if problem.time is None:
        raise EquationError(f"{problem.key!r} is steady: there is no time to step through")
    varying = [name for name in problem.varies if name not in problem.states]
    if varying:
        raise EquationError(
            f"the coefficient {varying[0]!r} of {problem.key!r} differs between samples: make "
            "Stepper(..., coefficients=...) for one of them"
        )
    if problem.lattice and grid != problem.domain:
        raise EquationError(f"{problem.key!r} lives on {problem.domain} and on no other grid")

    def make(count: int) -> Stepper:
        return Stepper(
            problem.equations,
            problem.time.spacing if interval is None else interval,  # type: ignore[union-attr]
            grid,
            substeps=count,
            order=order,
            dealias=1.0 if problem.lattice else 2 / 3,
            values=problem.parameters,
        )

    return make(substeps) if substeps is not None else _accurate(make, _states(problem, grid), tol)


def _states(problem: Statement, grid: Grid) -> Field:
    """A few initial states of the problem, always the same ones."""
    inputs = nothing(grid)
    if problem.varies:
        inputs = sample(problem, _DRAWS, grid, generator=torch.Generator().manual_seed(0))
    values = [u.at(grid).values for u in initial_values(problem, inputs).values()]
    return Field(torch.cat(values, dim=-1), grid)


def _accurate(make: Callable[[int], Stepper], start: Field, tol: float) -> Stepper:
    """The stepper with the fewest substeps that keeps the tolerance at the start and later."""
    count = 1
    while count <= _MOST:
        stepper = make(count)
        if _keeps(stepper, start, tol) and _keeps(stepper, _later(stepper, start), tol):
            return stepper
        count *= 2
    raise DivergedError(
        f"{_MOST} substeps do not solve one interval of {stepper.interval:g} to {tol:g}: take a "
        "shorter interval, a larger tolerance or a finer resolution"
    )


def _later(stepper: Stepper, u: Field) -> Field:
    """What becomes of states in a few intervals, or what they were when they diverged."""
    for _ in range(_INTERVALS):
        if not bool(torch.isfinite(u.values).all()):
            break
        u = stepper(u)
    return u


def _keeps(stepper: Stepper, u: Field, tol: float) -> bool:
    with torch.no_grad():
        return float(stepper.accuracy(u).max()) <= tol
