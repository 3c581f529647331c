"""Boundary conditions as values that are prescribed and fluxes that are replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fredholm.equations import Equation, Expression, Unknown
from fredholm.equations.differential import Derivative
from fredholm.equations.elliptic import dirichlet
from fredholm.equations.expand import rename
from fredholm.equations.spread import NormalComponent, spread
from fredholm.equations.tree import add, mul
from fredholm.errors import EquationError
from fredholm.solvers.finite_elements.weak_form import (
    Divided,
    Jet,
    chains_of,
    multipliers,
    with_jets,
)


@dataclass(frozen=True)
class Side:
    """What holds on one part of the boundary.

    Args:
        values: Prescribed values by state, expressions of coordinates and coefficients.
        free: Unknowns with a flux through the part and no prescribed value.
        fluxes: Fᵢnᵢ of their equations.
        conditions: As many expressions that are zero, with derivatives.
    """

    values: Mapping[str, Expression]
    free: tuple[str, ...]
    fluxes: tuple[Expression, ...]
    conditions: tuple[Expression, ...]


def sides(
    equations: Mapping[str, Equation],
    forms: Mapping[str, Divided],
    conditions: Mapping[str, Sequence[Equation]],
    coords: tuple[str, ...],
) -> dict[str, Side]:
    """The conditions on each part, sorted by what finite elements do with them.

    A prescribed value of a multiplier, such as the pressure at an outlet, enters the fluxes of the
    other equations.

    Args:
        equations: Equations keyed by the unknown that each determines.
        forms: Their weak forms.
        conditions: The equations that hold on each part.
        coords: Names of the spatial coordinates.

    Raises:
        EquationError: A condition has a form that is not taken, or their number is wrong.
    """
    chains, pressures = chains_of(equations), multipliers(equations)
    return {
        part: _side(part, several, forms, chains, pressures, coords)
        for part, several in conditions.items()
    }


def _side(
    part: str,
    several: Sequence[Equation],
    forms: Mapping[str, Divided],
    chains: Mapping[str, tuple[str, ...]],
    pressures: Sequence[str],
    coords: tuple[str, ...],
) -> Side:
    values: dict[str, Expression] = {}
    fluxes: list[Expression] = []
    for condition in several:
        e = with_jets(condition.residual, coords, chains)
        jets = [node for node in e.walk() if isinstance(node, Jet)]
        if any(jet.coord or jet.rate for jet in jets):
            fluxes.append(e)
            continue
        unknown = _only(condition, jets, part)
        value = dirichlet(condition, unknown)
        assert value is not None, "a condition without derivatives is no flux"
        if any(isinstance(node, NormalComponent) for node in spread(value, coords).walk()):
            raise EquationError(f"{condition} on {part!r}: a prescribed value has no normal()")
        for order, state in enumerate(chains[unknown]):
            values[state] = spread(Derivative(value, "t", order) if order else value, coords)
    normal = [NormalComponent(coord) for coord in coords]
    free = tuple(u for u in chains if chains[u][0] not in values and forms[chains[u][-1]].has_flux)
    through = [add(*map(mul, forms[chains[u][-1]].flux, normal)) for u in free]
    known: dict[Expression, Expression] = {Jet(p): values.pop(p) for p in pressures if p in values}
    if known and not free:
        raise EquationError(
            f"on {part!r} a value of {', '.join(p for p in pressures if Jet(p) in known)} meets "
            "prescribed values of all others: leave it out, or fix a constant by gauge={...}"
        )
    if len(fluxes) != len(free):
        raise EquationError(
            f"on {part!r} {', '.join(free) or 'nothing'} has no prescribed value and needs as many "
            f"conditions with a derivative, got {len(fluxes)}"
        )
    return Side(values, free, tuple(rename(f, known) for f in through), tuple(fluxes))


def _only(condition: Equation, jets: Sequence[Jet], part: str) -> str:
    """The one unknown whose value a condition prescribes."""
    names = {node.name for node in condition.residual.walk() if isinstance(node, Unknown)}
    if len(names) != 1 or not jets:
        raise EquationError(
            f"the condition {condition} on {part!r} ties values of several unknowns: finite "
            "elements take values of one each, or conditions with a derivative"
        )
    return names.pop()
