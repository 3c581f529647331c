"""Nodes of vector calculus and translations, kept whole.

A finite-volume or weak form needs `div(flux)` as it was written, so nothing is expanded here;
`expand` turns these nodes into derivatives where a method wants them.
"""

from dataclasses import dataclass

from fredholm.equations.tree import Expression
from fredholm.errors import EquationError


def _want(operand: Expression, rank: int, verb: str, hint: str) -> None:
    if operand.rank != rank:
        kind = ("a scalar", "a vector")
        raise EquationError(f"{verb} needs {kind[rank]}, got {kind[operand.rank]}: {operand}{hint}")


@dataclass(frozen=True)
class Derivative(Expression):
    """∂ⁿ operand / ∂coordⁿ.

    Args:
        operand: A scalar, or a vector taken component by component.
        coord: Name of the coordinate.
        order: n ≥ 1.
    """

    operand: Expression
    coord: str
    order: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.order, int) or self.order < 1:
            raise EquationError(f"order of a derivative is 1, 2, ..., got {self.order!r}")

    @property
    def rank(self) -> int:  # type: ignore[override]
        return self.operand.rank


@dataclass(frozen=True)
class Grad(Expression):
    """The gradient of a scalar."""

    operand: Expression
    rank = 1

    def __post_init__(self) -> None:
        _want(self.operand, 0, "grad", "; write grad of each component")


@dataclass(frozen=True)
class Div(Expression):
    """The divergence of a vector; in one dimension a scalar flux is understood as one."""

    operand: Expression


@dataclass(frozen=True)
class Lap(Expression):
    """The Laplacian, of a vector component by component."""

    operand: Expression

    @property
    def rank(self) -> int:  # type: ignore[override]
        return self.operand.rank


@dataclass(frozen=True)
class Rot(Expression):
    """The rotated gradient (∂ψ/∂y, -∂ψ/∂x) of a stream function; two dimensions."""

    operand: Expression
    rank = 1

    def __post_init__(self) -> None:
        _want(self.operand, 0, "rot", "")


@dataclass(frozen=True)
class Dot(Expression):
    """The inner product of two vectors."""

    left: Expression
    right: Expression

    def __post_init__(self) -> None:
        for side in (self.left, self.right):
            _want(side, 1, "dot", "; a product with a scalar is written with *")


@dataclass(frozen=True)
class Advect(Expression):
    """(v·∇) operand; in one dimension the velocity may be a scalar."""

    velocity: Expression
    operand: Expression

    @property
    def rank(self) -> int:  # type: ignore[override]
        return self.operand.rank


@dataclass(frozen=True)
class Vector(Expression):
    """A vector by its components, one per spatial coordinate."""

    components: tuple[Expression, ...]
    rank = 1

    def __post_init__(self) -> None:
        for component in self.components:
            _want(component, 0, "a component of a vector", "")


@dataclass(frozen=True)
class Shift(Expression):
    """The operand at x + distance, for one coordinate x of a periodic box.

    Args:
        operand: A scalar, or a vector taken component by component.
        coord: Name of the coordinate.
        distance: How far away; negative to the left.
    """

    operand: Expression
    coord: str
    distance: float

    @property
    def rank(self) -> int:  # type: ignore[override]
        return self.operand.rank


Shifts = tuple[tuple[str, float], ...]
"""Pairs (coordinate, distance), sorted by coordinate, without zeros."""


def displacement(e: Expression) -> tuple[Shifts, Expression]:
    """All the shifts that act on one expression, and that expression."""
    distances: dict[str, float] = {}
    while isinstance(e, Shift):
        distances[e.coord] = distances.get(e.coord, 0.0) + e.distance
        e = e.operand
    return tuple(sorted((name, by) for name, by in distances.items() if by)), e


def displaced(e: Expression, shifts: Shifts) -> Expression:
    """The expression under these shifts."""
    for coord, distance in shifts:
        e = Shift(e, coord, distance)
    return e


@dataclass(frozen=True)
class Normal(Expression):
    """The outward unit normal; has a meaning in boundary conditions only."""

    rank = 1
