"""The words in which an equation is stated."""

import math

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
)
from fredholm.equations.tree import (
    Coefficient,
    Const,
    Coord,
    Expression,
    Learned,
    Param,
    Scalar,
    Unknown,
    expression,
)
from fredholm.errors import EquationError

pi = Const(math.pi, "pi")


def coords(names: str) -> tuple[Coord, ...]:
    """Coordinates by their names, separated by blanks; `t` is time."""
    return tuple(Coord(_identifier(name)) for name in names.split())


def field(name: str, *, units: str = "", long_name: str = "") -> Unknown:
    """An unknown function, scalar; vectors are built from several with `vector`.

    Raises:
        EquationError: The name is not an identifier.
    """
    return Unknown(_identifier(name), units, long_name)


def coefficient(
    name: str, *, positive: bool = False, units: str = "", long_name: str = ""
) -> Coefficient:
    """A given function of the coordinates: samples, or a draw from a prior."""
    return Coefficient(_identifier(name), positive, units, long_name)


def param(name: str, value: float, *, positive: bool = False, units: str = "") -> Param:
    """A named number.

    Raises:
        EquationError: The value contradicts `positive`, or the name is not an identifier.
    """
    return Param(_identifier(name), float(value), positive, units)


def learned(name: str, *arguments: Scalar) -> Expression:
    """A function of scalars that nobody knows yet: a network that is given at evaluation.

    Args:
        name: The name by which the function is given.
        arguments: What it depends on, such as u and d(u, x).

    Raises:
        EquationError: There is no argument, or the name is not an identifier.
    """
    if not arguments:
        raise EquationError(f"learned({name!r}, ...) needs what the function depends on")
    return Learned(_identifier(name), tuple(expression(argument) for argument in arguments))


def _identifier(name: str) -> str:
    if not name.isidentifier():
        raise EquationError(f"a symbol needs an identifier as its name, got {name!r}")
    return name


def dt(operand: Scalar, order: int = 1) -> Expression:
    """The time derivative ∂ⁿ/∂tⁿ."""
    return d(operand, Coord("t"), order)


def d(operand: Scalar, coord: Coord, order: int = 1) -> Expression:
    """The derivative ∂ⁿ/∂coordⁿ.

    Raises:
        EquationError: `coord` is not a coordinate.
    """
    if not isinstance(coord, Coord):
        raise EquationError(
            f"d(expression, coordinate): {coord} is not a coordinate; name it by coords('x')"
        )
    return Derivative(expression(operand), coord.name, order)


def grad(operand: Scalar) -> Expression:
    """The gradient over the spatial coordinates."""
    return Grad(expression(operand))


def div(flux: Scalar) -> Expression:
    """The divergence, kept in conservative form; a scalar is a flux in one dimension."""
    return Div(expression(flux))


def lap(operand: Scalar) -> Expression:
    """The Laplacian."""
    return Lap(expression(operand))


def rot(operand: Scalar) -> Expression:
    """The velocity (∂ψ/∂y, -∂ψ/∂x) of a stream function ψ in two dimensions."""
    return Rot(expression(operand))


def dot(left: Expression, right: Expression) -> Expression:
    """The inner product of two vectors."""
    return Dot(expression(left), expression(right))


def advect(velocity: Scalar, operand: Scalar) -> Expression:
    """(v·∇) operand."""
    return Advect(expression(velocity), expression(operand))


def shift(operand: Scalar, **distances: float) -> Expression:
    """The operand at another place of a periodic box: x=1 makes u(x) into u(x + 1).

    Raises:
        EquationError: A distance is not a number, or along time.
    """
    e = expression(operand)
    for coord, distance in distances.items():
        if coord == "t" or not math.isfinite(distance):
            raise EquationError(f"a shift goes a finite way in space, got {coord}={distance}")
        e = Shift(e, _identifier(coord), float(distance))
    return e


def vector(*components: Scalar) -> Expression:
    """A vector by its components, one per spatial coordinate."""
    return Vector(tuple(expression(component) for component in components))


def normal() -> Expression:
    """The outward unit normal of the boundary, for boundary conditions."""
    return Normal()
