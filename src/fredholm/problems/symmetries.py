"""The symmetries of a statement: reflections and exchanges of axes, with changes of its functions.

They are derived. Every change of points of the box is tried with every change of signs, and every
exchange of functions of one kind; what leaves equations, conditions and probabilities as they are
is a symmetry. A vorticity changes sign under a reflection and a velocity is reflected because the
equations say so, not because anybody said what they are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations, product
from math import factorial, prod
from typing import Any

from torch.utils.weak import WeakIdKeyDictionary

from fredholm.equations import states_of
from fredholm.errors import EquationError, did_you_mean
from fredholm.fields import NamedSymmetry
from fredholm.fields.symmetries import identity, square
from fredholm.problems.invariance import Invariance, image_of
from fredholm.problems.statement import Statement

_MOST = 5000
"""Candidates that are tried; a statement with more has too many functions of one kind."""

_FOUND = WeakIdKeyDictionary()
"""The symmetries of the statements that are in use: they are asked for with every batch."""


def broken_by(statement: Statement, symmetry: NamedSymmetry) -> str:
    """What the symmetry does not leave as it is: empty where it maps solutions to solutions.

    Args:
        statement: Equations on a box, their conditions, and what varies.
        symmetry: What becomes of points, unknowns and varied coefficients, these under the names
            that they have in the equations; functions that it does not name stay.

    Raises:
        EquationError: The statement is on another region, holds what has no value at a point, or
            has no such axes or functions.
    """
    _require(statement, symmetry)
    return _unlikely(statement, symmetry) or Invariance(statement).broken(symmetry)


def symmetries_of(statement: Statement) -> tuple[NamedSymmetry, ...]:
    """All symmetries of the statement that move points as the group of its box does.

    They form a group, the identity first. Time is not touched. A function becomes another one of
    its kind (unknowns of one order in time; coefficients; random ones with the same prior), with
    either sign. The values of parameters are those of the statement: a term whose parameter is
    zero breaks nothing. What cannot be checked (equations on other regions than boxes, shifts,
    learned functions) has the identity alone.
    """
    if statement not in _FOUND:
        _FOUND[statement] = _search(statement)
    return _FOUND[statement]


def _require(statement: Statement, symmetry: NamedSymmetry) -> None:
    """Refuses symmetries of other statements."""
    if symmetry.axes != statement.domain.names:
        raise EquationError(
            f"the axes of {statement.key!r} are {', '.join(statement.domain.names)}, those of the "
            f"symmetry {', '.join(symmetry.axes)}"
        )
    known = [*statement.equations, *(n for n in statement.varies if n not in statement.states)]
    for name, (source, _) in symmetry.images.items():
        for each in (name, source):
            if each not in known:
                raise EquationError(
                    f"the symmetry changes {each!r}, which is no unknown of {statement.key!r} and "
                    f"no coefficient that varies: {did_you_mean(each, known)}"
                )


def _search(statement: Statement) -> tuple[NamedSymmetry, ...]:
    candidates = _candidates(statement)
    still = next(candidates)
    try:
        invariance = Invariance(statement)
        found = [
            candidate
            for candidate in candidates
            if not _unlikely(statement, candidate) and not invariance.broken(candidate)
        ]
    except EquationError:
        return (still,)
    return (still, *found)


def stored_symmetries(statement: Statement, inputs: Sequence[str]) -> list[dict[str, Any]]:
    """The symmetries as plain JSON.

    Args:
        statement: Has the symmetries.
        inputs: What the varied functions are called in files, in their order; there the symmetries
            say what becomes of them under these names too.
    """
    labels = dict(zip(statement.varies, inputs, strict=True))
    stored = []
    for symmetry in symmetries_of(statement):
        images = dict(symmetry.images)
        for name, label in labels.items():
            source, sign = image_of(statement, symmetry, name)
            images[label] = labels[source], sign
        stored.append(replace(symmetry, images=images).to_json())
    return stored


def _unlikely(statement: Statement, symmetry: NamedSymmetry) -> str:
    """A random function that is not as likely as its image; empty if there is none."""
    moves = symmetry.order != tuple(sorted(symmetry.order)) or any(symmetry.flips)
    for name, prior in statement.varies.items():
        source, sign = image_of(statement, symmetry, name)
        alike = statement.varies.get(source) == prior
        if not alike or (moves and not prior.mirrored) or (sign < 0 and not prior.negated):
            return f"what is likely for {name!r}"
    return ""


def _candidates(statement: Statement) -> Iterator[NamedSymmetry]:
    """Changes that might be symmetries, the identity first."""
    domain = statement.domain
    # Further axes are of statements for networks, and the group grows like their factorial.
    points = [g for g in (square if domain.dim <= 3 else identity)(domain.dim) if g.fits(domain)]
    functions = _changes_of_functions(statement, _MOST // len(points))
    for g, images in product(points, functions):
        yield NamedSymmetry(domain.names, g.order, g.flips, images)


def _changes_of_functions(statement: Statement, most: int) -> list[dict[str, tuple[str, int]]]:
    """Exchanges of functions of one kind, with all signs; where these are too many, fewer."""
    kinds = _kinds(statement)
    names = [name for kind in kinds for name in kind]
    signs = list(product((1, -1), repeat=len(names)))
    if len(signs) > most:
        signs = signs[:1]
    if len(signs) * prod(factorial(len(kind)) for kind in kinds) > most:
        kinds = [[name] for name in names]
    orders = [sum(parts, ()) for parts in product(*map(permutations, kinds))]
    return [dict(zip(names, zip(order, sign))) for order in orders for sign in signs]


def _kinds(statement: Statement) -> list[list[str]]:
    """Functions that may take each other's places."""
    kinds: dict[tuple, list[str]] = {}
    for name, states in states_of(statement.equations).items():
        kinds.setdefault((len(states), name in statement.hidden), []).append(name)
    given = [name for name in statement.varies if name not in statement.states]
    return [*kinds.values(), *([given] if given else [])]
