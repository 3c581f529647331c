"""An equation: two sides that are equal."""

from dataclasses import dataclass

from fredholm.equations.differential import Derivative
from fredholm.equations.tree import Add, Const, Expression, Scalar, Unknown, expression
from fredholm.errors import EquationError


@dataclass(frozen=True)
class Equation:
    """left = right.

    Args:
        left, right: The sides, scalars.

    Raises:
        EquationError: A side is a vector.
    """

    left: Expression
    right: Expression

    def __post_init__(self) -> None:
        for side in (self.left, self.right):
            if side.rank:
                raise EquationError(
                    f"an equation is between scalars, and {side} is a vector: "
                    "write one equation for each component"
                )

    @property
    def residual(self) -> Expression:
        """left - right, zero for a solution."""
        return self.left - self.right

    def time_order(self, unknown: str) -> int:
        """The highest order of a time derivative that acts on the unknown."""
        return max(_time_orders(self.residual, unknown, 0), default=0)

    def __str__(self) -> str:
        return f"{self.left} = {self.right}"


def eq(left: Scalar, right: Scalar = 0) -> Equation:
    """The equation left = right; without a right side, left = 0."""
    return Equation(expression(left), expression(right))


def as_equation(statement: Equation | Scalar) -> Equation:
    """An equation as it is, or the equation that says that an expression is zero."""
    return statement if isinstance(statement, Equation) else eq(statement)


def _time_orders(e: Expression, unknown: str, outer: int) -> list[int]:
    if isinstance(e, Unknown):
        return [outer] if e.name == unknown else []
    if isinstance(e, Derivative) and e.coord == "t":
        outer += e.order
    return [order for child in e.children for order in _time_orders(child, unknown, outer)]


def additive_terms(e: Expression) -> tuple[Expression, ...]:
    """The terms of a sum; none for zero."""
    if e == Const(0.0):
        return ()
    return e.terms if isinstance(e, Add) else (e,)
