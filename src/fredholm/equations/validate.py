"""Is the statement a well-posed problem? Each check ends in one sentence that says what to do."""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor

from fredholm.domains import Grid
from fredholm.equations.constants import Values, parameters
from fredholm.equations.differential import Derivative, Normal, Shift
from fredholm.equations.equation import Equation
from fredholm.equations.expand import Orders, expand
from fredholm.equations.requirements import requirements
from fredholm.equations.semilinear import Semilinear, semilinear, states_of
from fredholm.equations.symbol import symbol
from fredholm.equations.tree import Coefficient, Coord, Expression, Unknown
from fredholm.errors import EquationError, did_you_mean

PARTS = (("left", "right"), ("bottom", "top"), ("back", "front"))
"""Names of the two sides of a box along each axis."""

Conditions = Mapping[str, Equation | Sequence[Equation]]
"""By boundary part, the equation or the equations that hold there."""


def validate(
    equations: Mapping[str, Equation],
    domain: Grid,
    *,
    timed: bool,
    initial: Collection[str] = (),
    boundary: Conditions | None = None,
    given: Collection[str] = (),
    parts: Sequence[str] | None = None,
) -> None:
    """Refuses a statement that does not determine its unknowns.

    Args:
        equations: Equations keyed by the unknown that each determines.
        domain: The spatial grid; only its axes and their periodicity matter.
        timed: Whether there is a time interval.
        initial: Functions with an initial value: `u`, or `u` and `dt(u)`, ...
        boundary: Conditions by part: `left`, `right`, `bottom`, `top`, `back`, `front`, several
            joined by `|`, or `all`.
        given: Names of the coefficients that are given.
        parts: Names of the parts of the boundary, where it is not that of the box.

    Raises:
        EquationError: The first thing that is wrong.
    """
    if not equations:
        raise EquationError("a problem needs at least one equation")
    parameters(equations)
    _names(equations, domain, timed, given)
    _unknowns(equations)
    for equation in equations.values():
        if expand(equation.residual, domain.names).rank:
            raise EquationError(f"{equation} is an equation between vectors")
    _initial(equations, timed, initial)
    covered = cover(boundary or {}, domain, parts)
    _conditions(covered, equations, domain, given)
    _determined(covered, equations, domain)


def cover(
    boundary: Conditions, domain: Grid, parts: Sequence[str] | None = None
) -> dict[str, tuple[Equation, ...]]:
    """The conditions on each part of the boundary; `all` and `left|right` are spelt out.

    Args:
        boundary: Conditions by part, several parts joined by `|`.
        domain: The box.
        parts: Names of the parts, where the boundary is not that of the box alone.

    Raises:
        EquationError: A part is unknown, covered twice, missing, or belongs to a periodic axis.
    """
    sides = _sides(domain, parts)
    covered: dict[str, tuple[Equation, ...]] = {}
    for words, conditions in boundary.items():
        for part in sides if words.strip() == "all" else map(str.strip, words.split("|")):
            if part not in sides:
                raise EquationError(_no_such_part(part, sides, domain))
            if part in covered:
                raise EquationError(
                    f"boundary part {part!r} is named twice; give all its conditions at once, as "
                    "a tuple"
                )
            several = (conditions,) if isinstance(conditions, Equation) else conditions
            covered[part] = tuple(several)
    if boundary and not sides:
        raise EquationError("a periodic domain has no boundary; drop the boundary conditions")
    missing = [side for side in sides if side not in covered]
    if missing:
        raise EquationError(
            f"no boundary condition on {', '.join(map(repr, missing))}: give boundary={{"
            f"{missing[0]!r}: ...}} or make the axis periodic"
        )
    return covered


def _sides(domain: Grid, parts: Sequence[str] | None) -> list[str]:
    """The parts of the boundary that want conditions."""
    wraps = {side for axis, pair in zip(domain.axes, PARTS) for side in pair if axis.periodic}
    if parts is None:
        if domain.dim > len(PARTS):
            raise EquationError(
                f"the sides of a box have names up to 3 dimensions, not {domain.dim}"
            )
        parts = [side for _, pair in zip(domain.axes, PARTS) for side in pair]
    return [part for part in parts if part not in wraps]


def _no_such_part(part: str, sides: list[str], domain: Grid) -> str:
    for axis, pair in zip(domain.axes, PARTS):
        if part in pair and axis.periodic:
            return f"axis {axis.name!r} is periodic, so there is no boundary part {part!r}"
    return f"unknown boundary part {part!r}: {did_you_mean(part, [*sides, 'all'])}"


def _names(
    equations: Mapping[str, Equation], domain: Grid, timed: bool, given: Collection[str]
) -> None:
    coords = [*domain.names, "t"] if timed else list(domain.names)
    for unknown, equation in equations.items():
        for node in equation.residual.walk():
            _name(node, f"the equation of {unknown!r}", equations, coords, given)
            if isinstance(node, Normal):
                raise EquationError(f"normal() has no meaning inside the equation of {unknown!r}")
    twice = [name for name in given if name in equations]
    if twice:
        raise EquationError(f"{twice[0]!r} is both an unknown and a given coefficient")


def _name(
    node: Expression,
    where: str,
    unknowns: Collection[str],
    coords: Collection[str],
    given: Collection[str],
) -> None:
    if isinstance(node, Unknown) and node.name not in unknowns:
        raise EquationError(
            f"{where} contains the unknown {node.name!r}, for which there is no equation; "
            f"add one, or declare coefficient({node.name!r}) if it is given"
        )
    if isinstance(node, Coefficient) and node.name not in given:
        raise EquationError(
            f"{where} contains the coefficient {node.name!r}, which is not given: "
            f"{did_you_mean(node.name, list(given))}"
        )
    coord = node.name if isinstance(node, Coord) else None
    coord = node.coord if isinstance(node, Derivative | Shift) else coord
    if coord == "t" and "t" not in coords:
        raise EquationError(f"{where} depends on time, but the problem has no time interval")
    if coord is not None and coord not in coords:
        raise EquationError(
            f"{where} uses the coordinate {coord!r}: {did_you_mean(coord, list(coords))}"
        )


def _unknowns(equations: Mapping[str, Equation]) -> None:
    contents = {name: set(equation.residual.walk()) for name, equation in equations.items()}
    for unknown, equation in equations.items():
        elsewhere = any(Unknown(unknown) in contents[name] for name in equations if name != unknown)
        # A constraint determines a multiplier that it does not contain, as div u = 0 the pressure.
        multiplier = elsewhere and not any(map(equation.time_order, equations))
        if Unknown(unknown) not in contents[unknown] and not multiplier:
            raise EquationError(
                f"the equation keyed by {unknown!r} does not contain it: {equation}; "
                "key each equation by the unknown that it determines"
            )


def _initial(equations: Mapping[str, Equation], timed: bool, initial: Collection[str]) -> None:
    needed = [name for names in states_of(equations).values() for name in names]
    if timed and not needed:
        raise EquationError("there is a time interval, but no equation has a time derivative")
    for unknown, names in states_of(equations).items():
        missing = [name for name in names if name not in initial]
        if missing:
            raise EquationError(
                f"the equation of {unknown!r} has time order {len(names)} and needs initial "
                f"conditions for {', '.join(names)}; missing: {', '.join(missing)}"
            )
    extra = [name for name in initial if name not in needed]
    if extra:
        raise EquationError(
            f"initial condition for {extra[0]!r}, but the equations determine the evolution of "
            f"{', '.join(needed) or 'nothing'} only"
        )


def _conditions(
    covered: Mapping[str, Sequence[Equation]],
    equations: Mapping[str, Equation],
    domain: Grid,
    given: Collection[str],
) -> None:
    for part, conditions in covered.items():
        for condition in conditions:
            nodes = list(condition.residual.walk())
            for node in nodes:
                _name(node, f"the condition on {part!r}", equations, [*domain.names, "t"], given)
            if not any(isinstance(node, Unknown) for node in nodes):
                raise EquationError(f"the condition on {part!r} contains no unknown: {condition}")


def _determined(
    covered: Mapping[str, Sequence[Equation]], equations: Mapping[str, Equation], domain: Grid
) -> None:
    """Each unknown with 2m derivatives in space wants m conditions on every part."""
    for unknown, equation in equations.items():
        needed = requirements(equation.residual, domain.names).get(unknown, frozenset())
        wanted = max((_space_order(orders) for orders in needed), default=0) // 2
        for part, conditions in covered.items():
            named = [_unknowns_of(condition) for condition in conditions]
            found = sum(unknown in names for names in named)
            if found < wanted:
                raise EquationError(
                    f"the equation of {unknown!r} has {2 * wanted} derivatives in space and needs "
                    f"{wanted} condition{'s' * (wanted > 1)} for it on {part!r}, got {found}"
                )
            alone = [str(c) for c, names in zip(conditions, named) if names == {unknown}]
            if len(alone) > max(wanted, 1):
                raise EquationError(
                    f"the conditions {' and '.join(alone)} on {part!r} contradict or repeat each "
                    f"other: {max(wanted, 1)} of {unknown!r} is what its equation takes there"
                )


def _space_order(orders: Orders) -> int:
    return sum(order for coord, order in orders if coord != "t")


def _unknowns_of(equation: Equation) -> set[str]:
    return {node.name for node in equation.residual.walk() if isinstance(node, Unknown)}


@torch.no_grad()
def require_well_posed(
    equations: Mapping[str, Equation], domain: Grid, values: Values | None = None
) -> None:
    """Refuses evolution equations whose short waves grow without bound.

    The linear part is looked at along each axis and the diagonal, at two short wavelengths: a
    growth rate that is positive and still rises is negative diffusion (or another equation that
    runs the wrong way in time), and no refinement helps.

    Args:
        equations: A periodic evolution system.
        domain: The spatial grid, which sets the scale.
        values: Values of parameters.

    Raises:
        EquationError: The system is ill-posed.
    """
    system = semilinear(equations, domain.names)
    for direction in [*torch.eye(domain.dim).tolist(), [1.0] * domain.dim]:
        slow, fast = (_growth(system, domain, direction, n, values or {}) for n in (1e5, 1e6))
        if fast > 1.5 * slow and fast > 0:
            culprits = ", ".join(repr(name) for name in equations)
            raise EquationError(
                f"ill-posed: short waves of {culprits} grow at a rate that rises without bound "
                "with the wavenumber (negative diffusion?); check the signs of the highest "
                "derivatives and of the parameters"
            )


def _growth(
    system: Semilinear, domain: Grid, direction: list[float], count: float, values: Values
) -> float:
    """The largest growth rate of a plane wave with about `count` periods in the box.

    Zero where it is rounding beside the eigenvalues, as for waves, whose rates are imaginary.
    """
    waves = {
        axis.name: torch.tensor(
            [2j * torch.pi * count * share / axis.length], dtype=torch.complex128
        )
        for axis, share in zip(domain.axes, direction)
    }
    one = torch.ones(1, dtype=torch.complex128)

    def factor(coord: str, order: int, by: float = 0.0) -> Tensor:
        # A shift changes the phase of a wave and never its size: that of zero stands for all.
        return waves[coord] ** order if order else one

    linear = symbol(system, factor, values).linear
    rates = torch.linalg.eigvals(linear)
    largest = float(rates.real.max())
    return largest if largest > 1e-6 * float(rates.abs().max()) else 0.0
