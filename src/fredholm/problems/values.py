"""What the names in a statement stand for: functions and numbers, from fields with channels."""

from collections.abc import Callable

import torch
from torch import Tensor

from fredholm.domains import Domain
from fredholm.equations import Expression, Values
from fredholm.equations.tree import expression
from fredholm.fields import Field
from fredholm.problems.statement import Statement

Coefficients = dict[str, Field | Callable[[Tensor], Tensor]]


def nothing(domain: Domain, count: int = 1) -> Field:
    """What varies where nothing does: functions without channels."""
    return Field(torch.zeros(count, *domain.shape, 0, dtype=torch.float64), domain)


def initial_of(problem: Statement, inputs: Field) -> dict[str, Field | Expression]:
    """The initial value of each state: the function that varies, or what is stated."""
    named = problem.inputs_by_name(inputs)
    stated = {name: expression(e) for name, e in problem.initial.items()}
    return {**stated, **{name: u for name, u in named.items() if name in problem.states}}


def varied_coefficients(problem: Statement, inputs: Field) -> dict[str, Field]:
    """The coefficients that vary."""
    named = problem.inputs_by_name(inputs)
    return {name: a for name, a in named.items() if name not in problem.states}


def coefficients_of(problem: Statement, inputs: Field) -> Coefficients:
    """The coefficients, those that are given and those that vary."""
    return {**problem.given, **varied_coefficients(problem, inputs)}


def targets_of(problem: Statement, unknowns: Field) -> Field:
    """The channels that are targets, of those of all unknowns."""
    shown = [i for i, name in enumerate(problem.equations) if name in problem.targets]
    return unknowns.with_values(unknowns.values[..., shown])


def repeated(u: Field, count: int) -> Field:
    """One function, `count` times."""
    return u.with_values(u.values.expand(count, *u.values.shape[1:]))


def values_of(
    problem: Statement, u: Field, inputs: Field, parameters: Values | None = None
) -> dict[str, Field | float | Tensor]:
    """Targets, coefficients and parameters by name (see `Problem.functions`).

    Raises:
        ValueError: An evolution problem is given a field without time axis.
    """
    if problem.time is not None and "t" not in u.grid.names:
        raise ValueError(
            f"the residual of {problem.key!r} needs the trajectory on a (t, *space) grid, got "
            f"{u.grid}; solve or predict with frames"
        )
    values: dict[str, Field | float | Tensor] = {**problem.parameters, **(parameters or {})}
    for i, name in enumerate(problem.targets):
        values[name] = u.with_values(u.values[..., i : i + 1])
    for name, given in coefficients_of(problem, inputs).items():
        values[name] = given if isinstance(given, Field) else _sampled(given, u)
    return values


def of_space(function: Callable[[Tensor], Tensor], dim: int) -> Callable[[Tensor], Tensor]:
    """A function of space as one of space and time."""
    return lambda points: function(points[:, :dim])


def _sampled(function: Callable[[Tensor], Tensor], like: Field) -> Field:
    """A function of points (x, ..., t) on the grid of another."""
    grid = like.grid
    order = sorted(range(grid.dim), key=lambda i: grid.names[i] == "t")
    points = grid.points()[..., order].reshape(-1, grid.dim).to(like.values)
    return Field(function(points).reshape(1, *grid.shape, 1), grid)
