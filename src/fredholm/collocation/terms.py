"""What a statement demands, as named terms, and the places where each is demanded."""

from collections.abc import Iterator
from dataclasses import dataclass

from fredholm.equations import Equation, Expression, Unknown, dt, eq
from fredholm.equations.tree import expression
from fredholm.problems import Problem

INTERIOR, INITIAL, GAUGE = "interior", "initial", "gauge"
"""Places besides the parts of the boundary, which go by their own names."""


@dataclass(frozen=True)
class Term:
    """One demand of a statement.

    Args:
        name: How losses, weights and messages call it: `u`, `u on left`, `u at start`, ...
        place: Where it is demanded: the interior, a part of the boundary, the start, the gauge.
        equation: What has to hold there.
    """

    name: str
    place: str
    equation: Equation

    @property
    def unknowns(self) -> frozenset[str]:
        """Names of the unknowns that it speaks of."""
        nodes = self.equation.residual.walk()
        return frozenset(node.name for node in nodes if isinstance(node, Unknown))


def terms_of(problem: Problem) -> tuple[Term, ...]:
    """All that the statement of a problem demands, the equations first."""
    terms = [Term(name, INTERIOR, equation) for name, equation in problem.equations.items()]
    for part, conditions in problem.conditions.items():
        terms += [Term(f"{_subject(c)} on {part}", part, c) for c in conditions]
    terms += [Term(f"{name} at start", INITIAL, eq(u, e)) for name, u, e in _starts(problem)]
    terms += [Term(f"gauge of {u}", f"{GAUGE} {u}", eq(Unknown(u))) for u in problem.gauge]
    return tuple(_distinct(terms))


def _subject(condition: Equation) -> str:
    nodes = condition.residual.walk()
    return ", ".join(dict.fromkeys(node.name for node in nodes if isinstance(node, Unknown)))


def _starts(problem: Problem) -> Iterator[tuple[str, Expression, Expression]]:
    """Name, expression and value of each initial condition that is stated."""
    for unknown, equation in problem.equations.items():
        for order in range(equation.time_order(unknown)):
            state = dt(Unknown(unknown), order) if order else Unknown(unknown)
            name = str(state)
            if name in problem.initial:
                yield name, state, expression(problem.initial[name])


def _distinct(terms: list[Term]) -> Iterator[Term]:
    """The terms with a number behind names that several of them have."""
    seen: dict[str, int] = {}
    for term in terms:
        seen[term.name] = seen.get(term.name, 0) + 1
        number = seen[term.name]
        yield term if number == 1 else Term(f"{term.name} ({number})", term.place, term.equation)
