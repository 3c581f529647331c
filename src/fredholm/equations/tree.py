"""Expressions as data: the nodes of algebra, and the arithmetic that builds them.

Nodes are frozen and hashable, so that an equation can be a dictionary key, be stored with a data
set, and be read by any number of visitors (solver, residual, LaTeX, ...). Building simplifies only
what cannot change the meaning: sums and products are flat, zeros and ones vanish, numbers fold.
`==` compares structure; an equation is written with `eq(left, right)`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, Union

from fredholm.errors import EquationError

Scalar = Union["Expression", int, float]


class Expression:
    """Base of all nodes; `rank` is 0 for a scalar and 1 for a vector."""

    rank: int = 0

    def __add__(self, other: Scalar) -> "Expression":
        return add(self, other)

    def __radd__(self, other: Scalar) -> "Expression":
        return add(other, self)

    def __sub__(self, other: Scalar) -> "Expression":
        return add(self, mul(-1, other))

    def __rsub__(self, other: Scalar) -> "Expression":
        return add(other, mul(-1, self))

    def __mul__(self, other: Scalar) -> "Expression":
        return mul(self, other)

    def __rmul__(self, other: Scalar) -> "Expression":
        return mul(other, self)

    def __truediv__(self, other: Scalar) -> "Expression":
        return mul(self, power(other, -1))

    def __rtruediv__(self, other: Scalar) -> "Expression":
        return mul(other, power(self, -1))

    def __pow__(self, exponent: Scalar) -> "Expression":
        return power(self, exponent)

    def __neg__(self) -> "Expression":
        return mul(-1, self)

    def __bool__(self) -> bool:
        raise TypeError("an expression has no truth value; write an equation as eq(left, right)")

    def __str__(self) -> str:
        from fredholm.equations.text import text

        return text(self)

    @property
    def children(self) -> tuple["Expression", ...]:
        """The expressions that this node is made of."""
        found: list[Expression] = []
        for part in fields(self):  # type: ignore[arg-type]
            value = getattr(self, part.name)
            found.extend(value if isinstance(value, tuple) else (value,))
        return tuple(value for value in found if isinstance(value, Expression))

    def map(self, change: Callable[["Expression"], "Expression"]) -> "Expression":
        """The same node with every child replaced by `change(child)`."""
        if isinstance(self, Add | Mul):
            return (add if isinstance(self, Add) else mul)(*(change(c) for c in self.children))
        if isinstance(self, Pow):
            return power(change(self.base), change(self.exponent))
        new: dict[str, Any] = {}
        for part in fields(self):  # type: ignore[arg-type]
            value = getattr(self, part.name)
            if isinstance(value, Expression):
                new[part.name] = change(value)
            elif isinstance(value, tuple) and any(isinstance(v, Expression) for v in value):
                new[part.name] = tuple(change(v) for v in value)
        return replace(self, **new) if new else self  # type: ignore[type-var]

    def walk(self) -> Iterator["Expression"]:
        """The node itself and all below it, parents first."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class Const(Expression):
    """A number.

    Args:
        value: The number.
        name: A name under which it is printed, such as pi; named numbers are not folded.
    """

    value: float
    name: str = ""


@dataclass(frozen=True)
class Coord(Expression):
    """A coordinate; the one named `t` is time."""

    name: str


@dataclass(frozen=True)
class Unknown(Expression):
    """A function that equations determine.

    Args:
        name: Its name.
        units, long_name: Labels for files and plots; two unknowns of one name are the same.
    """

    name: str
    units: str = field(default="", compare=False)
    long_name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Coefficient(Expression):
    """A given function of the coordinates, such as a conductivity or a forcing.

    Args:
        name: Its name.
        positive: The statement needs values above zero.
        units, long_name: Labels for files and plots.
    """

    name: str
    positive: bool = field(default=False, compare=False)
    units: str = field(default="", compare=False)
    long_name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Param(Expression):
    """A number with a name, which a study or an inverse problem may vary.

    Args:
        name: Its name.
        value: The value unless another one is given.
        positive: Only values above zero make sense.
        units: Its units; empty means dimensionless or not stated.

    Raises:
        EquationError: The value contradicts `positive`.
    """

    name: str
    value: float = field(compare=False)
    positive: bool = field(default=False, compare=False)
    units: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        if self.positive and not self.value > 0:
            raise EquationError(f"parameter {self.name!r} must be positive, got {self.value}")


@dataclass(frozen=True)
class Add(Expression):
    """A sum of terms of one rank."""

    terms: tuple[Expression, ...]

    def __post_init__(self) -> None:
        ranks = {term.rank for term in self.terms}
        if len(ranks) > 1:
            kinds = ", ".join(f"{term} ({_KIND[term.rank]})" for term in self.terms)
            raise EquationError(f"a sum needs terms of one rank, got {kinds}")

    @property
    def rank(self) -> int:  # type: ignore[override]
        return self.terms[0].rank


@dataclass(frozen=True)
class Mul(Expression):
    """A product with at most one vector among its factors."""

    factors: tuple[Expression, ...]

    def __post_init__(self) -> None:
        vectors = [str(factor) for factor in self.factors if factor.rank]
        if len(vectors) > 1:
            raise EquationError(
                f"product of the vectors {' and '.join(vectors)}: write dot(a, b) for a scalar"
            )

    @property
    def rank(self) -> int:  # type: ignore[override]
        return max(factor.rank for factor in self.factors)


@dataclass(frozen=True)
class Pow(Expression):
    """A scalar to a scalar power."""

    base: Expression
    exponent: Expression

    def __post_init__(self) -> None:
        if self.base.rank or self.exponent.rank:
            raise EquationError(
                f"({self.base})**({self.exponent}): powers are of scalars; for |v|² write dot(v, v)"
            )


@dataclass(frozen=True)
class Call(Expression):
    """A function of scalars, by the name under which it is registered (see `functions`)."""

    function: str
    arguments: tuple[Expression, ...]
    rank: ClassVar[int] = 0

    def __post_init__(self) -> None:
        for argument in self.arguments:
            if argument.rank:
                raise EquationError(f"{self.function} acts on scalars, got the vector {argument}")


@dataclass(frozen=True)
class Learned(Call):
    """A call of a function that is given where the expression is evaluated, such as a network."""


_KIND = {0: "a scalar", 1: "a vector"}


def expression(value: Scalar) -> Expression:
    """The node for a number; an expression stays as it is.

    Raises:
        EquationError: The value is neither.
    """
    if isinstance(value, Expression):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise EquationError(
            f"an expression is made of symbols and real numbers, got {type(value).__name__}; "
            "a function given by samples enters as coefficient('name')"
        )
    return Const(float(value))


def add(*terms: Scalar) -> Expression:
    """Their sum; nested sums are flattened, numbers are collected."""
    flat: list[Expression] = []
    number, place = 0.0, 0
    for term in map(expression, terms):
        for part in term.terms if isinstance(term, Add) else (term,):
            if isinstance(part, Const) and not part.name:
                # Where the first number stood, so that 1 - u prints as 1 - u.
                number, place = number + part.value, place if number else len(flat)
            else:
                flat.append(part)
    if number or not flat:
        flat.insert(place, Const(number))
    return flat[0] if len(flat) == 1 else Add(tuple(flat))


def mul(*factors: Scalar) -> Expression:
    """Their product; nested products are flattened, the number comes first."""
    flat: list[Expression] = []
    number = 1.0
    for factor in map(expression, factors):
        for part in factor.factors if isinstance(factor, Mul) else (factor,):
            if isinstance(part, Const) and not part.name:
                number *= part.value
            else:
                flat.append(part)
    if number == 0 or not flat:
        return Const(number)
    if number != 1:
        flat.insert(0, Const(number))
    return flat[0] if len(flat) == 1 else Mul(tuple(flat))


def power(base: Scalar, exponent: Scalar) -> Expression:
    """Base to the exponent; numbers fold.

    Raises:
        EquationError: Zero is divided by, or a vector is raised to a power.
    """
    base, exponent = expression(base), expression(exponent)
    if exponent == Const(1.0):
        return base
    if isinstance(base, Const) and isinstance(exponent, Const) and not base.name:
        if base.value == 0 and exponent.value < 0:
            raise EquationError("division by zero in an expression")
        value = base.value**exponent.value
        if isinstance(value, complex):
            raise EquationError(f"{base.value}**{exponent.value} is not a real number")
        return Const(value)
    return Pow(base, exponent)
