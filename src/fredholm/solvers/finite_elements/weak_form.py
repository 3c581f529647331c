"""Equations as ∂ᵢFᵢ + S = 0 with first derivatives only, as finite elements integrate them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from fredholm.equations import Equation, Expression, Unknown, expand, spread, states_of
from fredholm.equations.differential import Derivative, Div, Lap, Vector
from fredholm.equations.spread import derivative_of, is_function, needs
from fredholm.equations.tree import Add, Coefficient, Const, Mul, add, mul
from fredholm.errors import EquationError

ZERO = Const(0.0)


@dataclass(frozen=True)
class Jet(Expression):
    """The value of a state at a point, its derivative along a coordinate, or the rate of either.

    Args:
        state: Name of the state: `u`, or `dt(u)` where u has a second time derivative.
        coord: The coordinate; empty for the value.
        rate: Whether the time derivative is meant.
    """

    state: str
    coord: str = ""
    rate: bool = False


@dataclass(frozen=True)
class Divided:
    """One equation as ∂ᵢ flux[i] + source = 0; in its weak form the flux is integrated by parts.

    Args:
        flux: One expression per coordinate, of jets and coefficients.
        source: Another one.
    """

    flux: tuple[Expression, ...]
    source: Expression

    @property
    def has_flux(self) -> bool:
        """Whether integration by parts leaves something on the boundary."""
        return any(part != ZERO for part in self.flux)


def multipliers(equations: Mapping[str, Equation]) -> tuple[str, ...]:
    """Unknowns that their own equations do not contain, such as a pressure."""
    return tuple(
        name
        for name, equation in equations.items()
        if Unknown(name) not in set(equation.residual.walk())
    )


def weak_form(equations: Mapping[str, Equation], coords: tuple[str, ...]) -> dict[str, Divided]:
    """The equations by the name of the state to whose test functions they belong.

    Second derivatives, and the gradients of multipliers, become fluxes; other first derivatives
    stay where they are. An equation of second order in time becomes two: the states of u are `u`
    and `dt(u)`.

    Args:
        equations: Equations keyed by the unknown that each determines.
        coords: Names of the spatial coordinates.

    Raises:
        EquationError: An equation has derivatives of more than second order, or second derivatives
            in a place where they cannot be integrated by parts.
    """
    divide, chains = _Division(coords, multipliers(equations)), chains_of(equations)
    found = {}
    for unknown, equation in equations.items():
        states = chains[unknown]
        for state, rate in zip(states, states[1:]):
            link = add(Jet(state, rate=True), mul(-1, Jet(rate)))
            found[state] = Divided((ZERO,) * len(coords), link)
        try:
            flux, source = divide(equation.residual)
            parts = [_jets(spread(part, coords), chains) for part in (*flux, source)]
        except _Undivided as error:
            raise EquationError(
                f"finite elements cannot integrate {error} in the equation of {unknown!r}: they "
                "take first derivatives, and second ones as lap(u), div(a*grad(u)) or d(a*d(u, x), "
                "y); split equations of higher order into several of second order"
            ) from None
        found[states[-1]] = Divided(tuple(parts[:-1]), parts[-1])
    return found


def chains_of(equations: Mapping[str, Equation]) -> dict[str, tuple[str, ...]]:
    """The states of each unknown: `u`, and `dt(u)`, ... where its time order is above one."""
    return {name: states or (name,) for name, states in states_of(equations).items()}


def with_jets(
    e: Expression, coords: tuple[str, ...], chains: Mapping[str, tuple[str, ...]]
) -> Expression:
    """The expression with derivatives carried to the functions, and jets in place of unknowns.

    Args:
        e: A scalar expression.
        coords: Names of the spatial coordinates.
        chains: The states of each unknown.

    Raises:
        EquationError: There are second derivatives, or there is a rate of a rate.
    """
    try:
        return _jets(spread(e, coords), chains)
    except _Undivided as error:
        raise EquationError(
            f"a condition has {error}: finite elements take values and first derivatives there"
        ) from None


class _Undivided(Exception):
    """A term with derivatives of too high an order; its text is the message."""


def _jets(e: Expression, chains: Mapping[str, tuple[str, ...]]) -> Expression:
    if not is_function(e):
        return e.map(lambda child: _jets(child, chains))
    core, found = derivative_of(e)
    orders = dict(found)
    times = orders.pop("t", 0)
    if sum(orders.values()) > 1:
        raise _Undivided(e)
    if isinstance(core, Coefficient):
        return e
    states, coord = chains[core.name], next(iter(orders), "")  # type: ignore[attr-defined]
    if times > len(states):
        raise _Undivided(e)
    if times == len(states):
        return Jet(states[-1], coord, rate=True)
    return Jet(states[times], coord)


Parts = tuple[tuple[Expression, ...], Expression]
"""The flux and the source."""


class _Division:
    """Takes what is to be integrated by parts out of expressions."""

    def __init__(self, coords: tuple[str, ...], multipliers: Collection[str]) -> None:
        self.coords, self.multipliers = coords, multipliers

    def __call__(self, e: Expression) -> Parts:
        match e:
            case Add():
                return self._sum([self(term) for term in e.terms])
            case Lap():
                return self._flux([Derivative(e.operand, coord) for coord in self.coords])
            case Div():
                flux = expand(e.operand, self.coords)
                parts = flux.components if isinstance(flux, Vector) else (flux,)
                return self._flux(parts)
            case Derivative() if e.coord == "t":
                return self._rate(e)
            case Derivative():
                inner = Derivative(e.operand, e.coord, e.order - 1) if e.order > 1 else e.operand
                return self._flux([inner if c == e.coord else ZERO for c in self.coords])
            case Mul():
                return self._product(e)
        expanded = expand(e, self.coords)
        if expanded != e:
            return self(expanded)
        self._require_first(e)
        return self._source(e)

    def _sum(self, parts: list[Parts]) -> Parts:
        fluxes = zip(*(flux for flux, _ in parts))
        return tuple(add(*column) for column in fluxes), add(*(source for _, source in parts))

    def _source(self, e: Expression) -> Parts:
        return (ZERO,) * len(self.coords), e

    def _flux(self, parts) -> Parts:
        """The divergence of these components, integrated by parts if that lowers the order."""
        divergence = add(*(Derivative(p, c) for p, c in zip(parts, self.coords)))
        if self._order(divergence) < 2 and not any(map(self._presses, parts)):
            return self._source(divergence)
        for part in parts:
            self._require_first(part)
        return tuple(parts), ZERO

    def _rate(self, e: Derivative) -> Parts:
        flux, source = self(e.operand)
        moved = tuple(ZERO if part == ZERO else Derivative(part, "t", e.order) for part in flux)
        return moved, ZERO if source == ZERO else Derivative(source, "t", e.order)

    def _product(self, e: Mul) -> Parts:
        """a ∂ᵢFᵢ = ∂ᵢ(a Fᵢ) - Fᵢ ∂ᵢa for the factor that has a flux."""
        for i, factor in enumerate(e.factors):
            flux, source = self(factor)
            if all(part == ZERO for part in flux):
                continue
            others = mul(*e.factors[:i], *e.factors[i + 1 :])
            slopes = (Derivative(others, coord) for coord in self.coords)
            rest = add(*(mul(-1, part, slope) for part, slope in zip(flux, slopes)))
            self._require_first(add(rest, mul(others, source)))
            return tuple(mul(others, part) for part in flux), add(mul(others, source), rest)
        self._require_first(e)
        return self._source(e)

    def _order(self, e: Expression) -> int:
        """The highest order of a derivative in space that acts on an unknown."""
        wanted = needs([spread(e, self.coords)])
        unknowns = {node.name for node in e.walk() if isinstance(node, Unknown)}
        orders = (sum(n for c, n in o if c != "t") for u in unknowns for o in wanted.get(u, ()))
        return max(orders, default=0)

    def _presses(self, e: Expression) -> bool:
        """Whether a multiplier occurs."""
        return any(isinstance(node, Unknown) and node.name in self.multipliers for node in e.walk())

    def _require_first(self, e: Expression) -> None:
        if self._order(e) > 1:
            raise _Undivided(e)
