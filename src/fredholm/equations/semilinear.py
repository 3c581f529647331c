"""A system of evolution equations as mass, linear part and rest, row by row.

    Σ mass · ∂ₜ state + Σ linear · (state or auxiliary) + rest = 0

Equations of higher order in time become systems of first order; unknowns without a time derivative
(a pressure, a stream function) are auxiliaries, solved for at every stage.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from fredholm.equations.differential import Derivative
from fredholm.equations.equation import Equation
from fredholm.equations.expand import Term, rename
from fredholm.equations.split import split_linear
from fredholm.equations.tree import Const, Expression, Unknown
from fredholm.errors import EquationError


@dataclass(frozen=True)
class Row:
    """One scalar equation of the system.

    Args:
        mass: Terms that act on the time derivative of a state; their cores name the state.
        linear: Terms that act on states and auxiliaries.
        rest: Everything else.
    """

    mass: tuple[Term, ...]
    linear: tuple[Term, ...]
    rest: tuple[Term, ...]


@dataclass(frozen=True)
class Semilinear:
    """The system in first order in time.

    Args:
        states: Names of what evolves: `u`, and `dt(u)` where u has a second time derivative.
        auxiliaries: Names of unknowns without time derivative.
        rows: One per state, then one per auxiliary.
        coords: Names of the spatial coordinates.
    """

    states: tuple[str, ...]
    auxiliaries: tuple[str, ...]
    rows: tuple[Row, ...]
    coords: tuple[str, ...]


def states_of(equations: Mapping[str, Equation]) -> dict[str, tuple[str, ...]]:
    """For each unknown the functions that need an initial value: none, u, or u and dt(u), ..."""
    return {
        unknown: tuple(str(_rate(unknown, k)) for k in range(equation.time_order(unknown)))
        for unknown, equation in equations.items()
    }


def semilinear(equations: Mapping[str, Equation], coords: tuple[str, ...]) -> Semilinear:
    """The system behind the statement.

    Args:
        equations: Equations keyed by the unknown that each determines.
        coords: Names of the spatial coordinates.

    Raises:
        EquationError: A highest time derivative stands inside a nonlinear term.
    """
    states = states_of(equations)
    lower = {
        _rate(unknown, k): Unknown(name)
        for unknown, names in states.items()
        for k, name in reversed(list(enumerate(names)))
        if k > 0
    }
    rows, auxiliary_rows = [], []
    for unknown, equation in equations.items():
        names = states[unknown]
        rows += [_chain(first, second) for first, second in zip(names, names[1:])]
        row = _row(unknown, equation, states, lower, coords)
        (rows if names else auxiliary_rows).append(row)
    evolving = tuple(name for names in states.values() for name in names)
    auxiliaries = tuple(unknown for unknown, names in states.items() if not names)
    return Semilinear(evolving, auxiliaries, (*rows, *auxiliary_rows), coords)


def _rate(unknown: str, order: int) -> Expression:
    return Derivative(Unknown(unknown), "t", order) if order else Unknown(unknown)


def _chain(state: str, rate: str) -> Row:
    """∂ₜ u = (dt u), which links the states of an equation of higher order."""
    one, minus = Const(1.0), Const(-1.0)
    return Row((Term(one, (), Unknown(state)),), (Term(minus, (), Unknown(rate)),), ())


def _row(
    unknown: str,
    equation: Equation,
    states: Mapping[str, tuple[str, ...]],
    lower: Mapping[Expression, Expression],
    coords: tuple[str, ...],
) -> Row:
    parts = split_linear(equation, states, coords)
    mass, linear = [], []
    for term in parts.linear:
        name, order = term.unknown, term.order("t")
        spatial = tuple((coord, n) for coord, n in term.orders if coord != "t")
        highest = order == len(states[name]) and order > 0
        state = Unknown(states[name][order - 1] if highest else str(_rate(name, order)))
        core = rename(term.core, {Unknown(name): state})
        (mass if highest else linear).append(replace(term, orders=spatial, core=core))
    rest = tuple(replace(term, core=rename(term.core, lower)) for term in parts.rest)
    for term in rest:
        inner = (node for node in term.core.walk() if isinstance(node, Derivative))
        if term.order("t") or any(node.coord == "t" for node in inner):
            raise EquationError(
                f"the equation of {unknown!r} is not semilinear: a time derivative acts inside "
                f"{term.core}; solve for dt({unknown})"
            )
    if not states[unknown] and mass:
        raise EquationError(
            f"the equation of {unknown!r} has no time derivative of {unknown}, but contains "
            f"dt({mass[0].core}); key it by the unknown whose evolution it states"
        )
    return Row(tuple(mass), tuple(linear), rest)
