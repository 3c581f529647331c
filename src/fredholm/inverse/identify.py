"""What a network for an unknown term has learned, as a formula."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations_with_replacement

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import Pointwise
from fredholm.collocation import NetworkSolution, Trial
from fredholm.collocation.points import Places
from fredholm.collocation.terms import INTERIOR
from fredholm.equations import Equation, Expression, param
from fredholm.equations.expand import rename
from fredholm.equations.tree import Learned, add, expression, mul
from fredholm.errors import EquationError
from fredholm.inverse.discovery import Discovered
from fredholm.inverse.sparse import (
    Rows,
    above_threshold,
    choose_columns,
    least_squares,
    standard_errors,
)
from fredholm.problems import Problem

_BLOCKS = 20
"""Stretches of the points whose misfits count as independent."""
_FITTED = 0.7
"""Share of them that fits; the rest is held out."""


def monomials(arguments: Sequence[Expression], degree: int = 2) -> dict[str, Expression]:
    """The products of the arguments up to a degree, by their texts: the default library."""
    terms: dict[str, Expression] = {}
    for count in range(degree + 1):
        for factors in combinations_with_replacement(arguments, count):
            e = mul(*factors) if factors else expression(1)
            terms[str(e)] = e
    return terms


def identify(
    solution: NetworkSolution | Trial,
    candidates: Mapping[str, Mapping[str, Expression]] | None = None,
    *,
    threshold: float | None = 0.3,
    points: int = 1000,
    seed: int = 0,
) -> dict[str, Discovered]:
    """The formulae of the `learned` terms of a solved statement.

    Each network is evaluated where the solution takes it, and nowhere else, and sparse regression
    finds the terms that make up its values there (see `fredholm.inverse.sparse`). The coefficients
    inherit what the network got wrong, of which their standard errors know nothing: `restated`
    makes a statement of the formulae, in which the data themselves determine them.

    Args:
        solution: A statement with `learned` calls, solved with `terms=`.
        candidates: By the name of a call, the terms that its formula may have; by default all
            products of its arguments up to the second degree.
        threshold: Share of the values that a term alone must explain. A network that was trained on
            few data is itself wrong by tens of per cent, and smaller shares are no evidence. None
            chooses by held-out points, which suits networks that are right to a few per cent.
        points: Where the networks are evaluated.
        seed: Of these points.

    Raises:
        EquationError: The statement has no learned term.

    Reference:
        Podina, Eastman & Kohandel, ICML 2023, arXiv:2212.04630.
    """
    trial = solution.trial if isinstance(solution, NetworkSolution) else solution
    given = candidates or {}
    found = {}
    for call in _calls(trial.problem):
        terms = given.get(call.function) or monomials(call.arguments)
        found[call.function] = _identified(trial, call, terms, threshold, points, seed)
    if not found:
        raise EquationError(f"{trial.problem.key!r} has no learned(...) term to identify")
    return found


def restated(problem: Problem, found: Mapping[str, Discovered]) -> Problem:
    """The statement with formulae in the place of its learned terms.

    Their coefficients are parameters f_1, f_2, ... of the new statement for a term named f, so that
    `solve_by_network(..., learn=[...], observations=...)` can fit them to the data.

    Args:
        problem: The statement with `learned` calls.
        found: What `identify` made of them.
    """
    formulae: dict[Expression, Expression] = {}
    for call in _calls(problem):
        here = dict(zip(found[call.function].left.children, call.arguments))
        formulae[call] = rename(_formula(call.function, found[call.function]), here)
    equations = {
        name: Equation(rename(e.left, formulae), rename(e.right, formulae))
        for name, e in problem.equations.items()
    }
    return replace(problem, equations=equations)


def _formula(name: str, found: Discovered) -> Expression:
    """Σ parameter · term."""
    parts = enumerate(found.terms.items(), start=1)
    return add(*(mul(param(f"{name}_{i}", found.coefficients[k]), term) for i, (k, term) in parts))


def _calls(problem: Problem) -> Iterator[Learned]:
    """The learned calls of the equations, each once."""
    nodes = (node for e in problem.equations.values() for node in e.residual.walk())
    yield from dict.fromkeys(node for node in nodes if isinstance(node, Learned))


@torch.no_grad()
def _identified(
    trial: Trial,
    call: Learned,
    terms: Mapping[str, Expression],
    threshold: float | None,
    points: int,
    seed: int,
) -> Discovered:
    at = _visited(trial, points, seed)
    expressions = [trial.substituted(e) for e in (call, *terms.values())]
    left, *columns = Pointwise(expressions, trial.coords)(trial.values(), at)
    block = torch.arange(len(at)) * _BLOCKS // len(at)
    rows = Rows(torch.stack(columns, dim=1).double(), left.double(), block)
    late = block >= _FITTED * _BLOCKS
    fit, held_out = rows.chosen(~late), rows.chosen(late)
    kept = choose_columns(fit, held_out) if threshold is None else above_threshold(rows, threshold)
    factors = least_squares(rows, kept)
    errors = standard_errors(rows, factors)
    chosen = [name for name, keep in zip(terms, kept.tolist()) if keep]
    return Discovered(
        call,
        {name: terms[name] for name in chosen},
        dict(zip(chosen, factors[kept].tolist())),
        dict(zip(chosen, errors[kept].tolist())),
        tuple(name for name in terms if name not in chosen),
        rows.residual(factors),
        held_out.residual(least_squares(fit, kept)),
        len(at),
        rows.condition(),
    )


def _visited(trial: Trial, points: int, seed: int) -> Float[Tensor, "n d"]:
    """Points of the interior, in the order of the last coordinate, which is the time if any."""
    generator = torch.Generator().manual_seed(seed)
    at = Places(trial.problem).draw(INTERIOR, points, generator=generator).points
    return at[at[:, -1].argsort()].to(next(trial.parameters()))
