"""Vector calculus written out in derivatives, and shifts carried to the functions."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch

from fredholm.equations.differential import (
    Advect,
    Derivative,
    Div,
    Dot,
    Grad,
    Lap,
    Normal,
    Rot,
    Shift,
    Vector,
    displaced,
    displacement,
)
from fredholm.equations.tree import Add, Coefficient, Coord, Expression, Mul, Unknown, add, mul
from fredholm.errors import EquationError


def expand(e: Expression, coords: tuple[str, ...]) -> Expression:
    """The expression with grad, div, lap, ... replaced by derivatives.

    No product or chain rule is applied, so that a conservative form stays one. A shift of an
    expression becomes one of each function in it, which is the same.

    Args:
        e: Any expression.
        coords: Names of the spatial coordinates, in the order of vector components.

    Returns:
        A tree without nodes of vector calculus; a vector becomes one `Vector`; shifts act on
        unknowns and coefficients only.

    Raises:
        EquationError: A vector has not one component per coordinate, or a node has no meaning in
            this number of dimensions.
    """
    return _expand(e, coords)


@singledispatch
def _expand(e: Expression, coords: tuple[str, ...]) -> Expression:
    return e.map(lambda child: _expand(child, coords))


def _components(e: Expression, coords: tuple[str, ...], verb: str) -> tuple[Expression, ...]:
    """The components of an expanded vector; a scalar counts as one in one dimension."""
    e = _expand(e, coords)
    if isinstance(e, Vector):
        return e.components
    if len(coords) == 1:
        return (e,)
    raise EquationError(
        f"{verb} of the scalar {e} has no meaning over {', '.join(coords)}; "
        f"give a vector({', '.join('...' for _ in coords)})"
    )


@_expand.register
def _(e: Vector, coords: tuple[str, ...]) -> Expression:
    if len(e.components) != len(coords):
        raise EquationError(
            f"{e} has {len(e.components)} components, the domain has the coordinates "
            f"{', '.join(coords)}"
        )
    return Vector(tuple(_expand(component, coords) for component in e.components))


@_expand.register
def _(e: Add, coords: tuple[str, ...]) -> Expression:
    if not e.rank:
        return add(*(_expand(term, coords) for term in e.terms))
    columns = zip(*(_components(term, coords, "sum") for term in e.terms))
    return Vector(tuple(add(*column) for column in columns))


@_expand.register
def _(e: Mul, coords: tuple[str, ...]) -> Expression:
    factors = [_expand(factor, coords) for factor in e.factors]
    vector = next((factor for factor in factors if isinstance(factor, Vector)), None)
    if vector is None:
        return mul(*factors)
    scalars = [factor for factor in factors if factor is not vector]
    return Vector(tuple(mul(*scalars, component) for component in vector.components))


@_expand.register
def _(e: Derivative, coords: tuple[str, ...]) -> Expression:
    operand = _expand(e.operand, coords)
    if isinstance(operand, Vector):
        parts = operand.components
        return Vector(tuple(Derivative(part, e.coord, e.order) for part in parts))
    return Derivative(operand, e.coord, e.order)


@_expand.register
def _(e: Grad, coords: tuple[str, ...]) -> Expression:
    operand = _expand(e.operand, coords)
    return Vector(tuple(Derivative(operand, coord) for coord in coords))


@_expand.register
def _(e: Div, coords: tuple[str, ...]) -> Expression:
    flux = _components(e.operand, coords, "div")
    return add(*(Derivative(part, coord) for part, coord in zip(flux, coords)))


@_expand.register
def _(e: Lap, coords: tuple[str, ...]) -> Expression:
    operand = _expand(e.operand, coords)
    if isinstance(operand, Vector):
        return Vector(tuple(_laplacian(part, coords) for part in operand.components))
    return _laplacian(operand, coords)


def _laplacian(e: Expression, coords: tuple[str, ...]) -> Expression:
    return add(*(Derivative(e, coord, 2) for coord in coords))


@_expand.register
def _(e: Rot, coords: tuple[str, ...]) -> Expression:
    if len(coords) != 2:
        raise EquationError(f"rot needs two spatial coordinates, the domain has {coords}")
    operand = _expand(e.operand, coords)
    return Vector((Derivative(operand, coords[1]), mul(-1, Derivative(operand, coords[0]))))


@_expand.register
def _(e: Dot, coords: tuple[str, ...]) -> Expression:
    left, right = (_components(side, coords, "dot") for side in (e.left, e.right))
    return add(*(mul(a, b) for a, b in zip(left, right)))


@_expand.register
def _(e: Advect, coords: tuple[str, ...]) -> Expression:
    velocity = _components(e.velocity, coords, "advect along")
    operand = _expand(e.operand, coords)
    if isinstance(operand, Vector):
        return Vector(tuple(_along(velocity, part, coords) for part in operand.components))
    return _along(velocity, operand, coords)


def _along(
    velocity: tuple[Expression, ...], operand: Expression, coords: tuple[str, ...]
) -> Expression:
    return add(*(mul(v, Derivative(operand, coord)) for v, coord in zip(velocity, coords)))


@_expand.register
def _(e: Shift, coords: tuple[str, ...]) -> Expression:
    return _shifted(_expand(e.operand, coords), e.coord, e.distance)


def _shifted(e: Expression, coord: str, distance: float) -> Expression:
    shifts, core = displacement(Shift(e, coord, distance))
    if isinstance(core, Unknown | Coefficient):
        return displaced(core, shifts)
    if isinstance(e, Coord) and e.name == coord:
        return add(e, distance)
    return e.map(lambda child: _shifted(child, coord, distance))


@_expand.register
def _(e: Normal, coords: tuple[str, ...]) -> Expression:
    raise EquationError("normal() has a meaning in boundary conditions only")


Orders = tuple[tuple[str, int], ...]
"""A multi-index: pairs (coordinate, order), sorted by coordinate, without zeros."""


@dataclass(frozen=True)
class Term:
    """coefficient · D^orders core, with a coefficient of numbers and parameters only.

    Args:
        coefficient: Built from `Const` and `Param`.
        orders: The derivatives that act on the core.
        core: An unknown, perhaps shifted, where the term is linear with constant coefficient,
            else the product, function or coordinate that it is.
    """

    coefficient: Expression
    orders: Orders
    core: Expression

    @property
    def linear(self) -> bool:
        """Whether the term is a constant times a derivative of an unknown, perhaps shifted."""
        return isinstance(displacement(self.core)[1], Unknown)

    @property
    def unknown(self) -> str:
        """The name of the unknown of a linear term."""
        return displacement(self.core)[1].name  # type: ignore[attr-defined]

    def order(self, coord: str) -> int:
        """Order of the derivative along one coordinate."""
        return dict(self.orders).get(coord, 0)


def raised(orders: Orders, coord: str, by: int) -> Orders:
    """The multi-index with one entry increased."""
    counts = dict(orders)
    counts[coord] = counts.get(coord, 0) + by
    return tuple(sorted((name, order) for name, order in counts.items() if order))


def rename(e: Expression, names: Mapping[Expression, Expression]) -> Expression:
    """The expression with whole nodes replaced; outer nodes are looked up first."""
    return names[e] if e in names else e.map(lambda child: rename(child, names))
