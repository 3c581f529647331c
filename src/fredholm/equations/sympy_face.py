"""Expressions and equations as sympy objects, with derivatives left unevaluated."""

from fractions import Fraction
from functools import singledispatch
from typing import Any

from fredholm.equations.differential import Derivative, Shift, Vector
from fredholm.equations.equation import Equation
from fredholm.equations.expand import expand
from fredholm.equations.functions import function
from fredholm.equations.tree import (
    Add,
    Call,
    Coefficient,
    Const,
    Coord,
    Expression,
    Learned,
    Mul,
    Param,
    Pow,
    Unknown,
)


def to_sympy(
    e: Expression | Equation, coords: tuple[str, ...], *, timed: bool | None = None
) -> Any:
    """The expression in sympy; an equation becomes `sympy.Eq`, a vector a column `Matrix`.

    Unknowns are functions of the spatial coordinates, and of `t` where the expression has a time
    derivative or uses `t`; coefficients are functions of the spatial coordinates. Derivatives are
    `sympy.Derivative` objects, not evaluated: `.doit()` applies product and chain rules.

    Args:
        e: An expression or an equation.
        coords: Names of the spatial coordinates.
        timed: Whether unknowns depend on `t`; by default as described above.
    """
    import sympy

    if timed is None:
        timed = _timed(e.residual if isinstance(e, Equation) else e)
    if isinstance(e, Equation):
        sides = (_convert(expand(side, coords), coords, timed) for side in (e.left, e.right))
        return sympy.Eq(*sides, evaluate=False)
    return _convert(expand(e, coords), coords, timed)


def _timed(e: Expression) -> bool:
    return any(
        isinstance(node, Derivative)
        and node.coord == "t"
        or isinstance(node, Coord)
        and node.name == "t"
        for node in e.walk()
    )


@singledispatch
def _convert(e: Expression, coords: tuple[str, ...], timed: bool) -> Any:
    raise NotImplementedError(f"no sympy form of {type(e).__name__}")


def _symbols(coords: tuple[str, ...]) -> list[Any]:
    import sympy

    return [sympy.Symbol(name, real=True) for name in coords]


@_convert.register
def _(e: Const, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    if e.name == "pi":
        return sympy.pi
    # 0.5, 0.01 or 1/3 were meant as fractions, and exact numbers keep sympy's algebra exact.
    simple = Fraction(e.value).limit_denominator(1000)
    if float(simple) == e.value:
        return sympy.Rational(simple.numerator, simple.denominator)
    return sympy.Float(e.value, 17)


@_convert.register
def _(e: Coord, coords: tuple[str, ...], timed: bool) -> Any:
    return _symbols((e.name,))[0]


@_convert.register
def _(e: Param, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    return sympy.Symbol(e.name, positive=True) if e.positive else sympy.Symbol(e.name, real=True)


@_convert.register
def _(e: Unknown, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    return sympy.Function(e.name)(*_symbols((*coords, "t") if timed else coords))


@_convert.register
def _(e: Coefficient, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    return sympy.Function(e.name)(*_symbols(coords))


@_convert.register
def _(e: Add, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    return sympy.Add(*(_convert(term, coords, timed) for term in e.terms))


@_convert.register
def _(e: Mul, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    return sympy.Mul(*(_convert(factor, coords, timed) for factor in e.factors))


@_convert.register
def _(e: Pow, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    return sympy.Pow(_convert(e.base, coords, timed), _convert(e.exponent, coords, timed))


@_convert.register
def _(e: Call, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    face = None if isinstance(e, Learned) else function(e.function).sympy
    arguments = [_convert(argument, coords, timed) for argument in e.arguments]
    if callable(face):
        return face(*arguments)
    head = getattr(sympy, face) if face else sympy.Function(e.function)
    return head(*arguments)


@_convert.register
def _(e: Derivative, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    operand = _convert(e.operand, coords, timed)
    return sympy.Derivative(operand, (_symbols((e.coord,))[0], e.order), evaluate=False)


@_convert.register
def _(e: Shift, coords: tuple[str, ...], timed: bool) -> Any:
    place = _symbols((e.coord,))[0]
    distance = _convert(Const(e.distance), coords, timed)
    return _convert(e.operand, coords, timed).subs(place, place + distance)


@_convert.register
def _(e: Vector, coords: tuple[str, ...], timed: bool) -> Any:
    import sympy

    return sympy.Matrix([_convert(component, coords, timed) for component in e.components])
