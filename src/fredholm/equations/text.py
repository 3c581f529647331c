"""Expressions as the Python text that states them."""

from functools import singledispatch

from fredholm.equations.differential import Derivative, Normal, Shift, Vector, displacement
from fredholm.equations.tree import (
    Add,
    Call,
    Coefficient,
    Const,
    Coord,
    Expression,
    Mul,
    Param,
    Pow,
    Unknown,
)


@singledispatch
def text(e: Expression) -> str:
    """The expression in the words of `verbs`, as short as it can be written."""
    return f"{type(e).__name__.lower()}({', '.join(text(child) for child in e.children)})"


@text.register(Coord | Unknown | Coefficient | Param)
def _(e: Coord | Unknown | Coefficient | Param) -> str:
    return e.name


@text.register
def _(e: Const) -> str:
    return e.name or number(e.value)


@text.register
def _(e: Normal) -> str:
    return "normal()"


@text.register
def _(e: Vector) -> str:
    return f"vector({', '.join(text(component) for component in e.components)})"


@text.register
def _(e: Call) -> str:
    return f"{e.function}({', '.join(text(argument) for argument in e.arguments)})"


@text.register
def _(e: Derivative) -> str:
    order = "" if e.order == 1 else f", {e.order}"
    if e.coord == "t":
        return f"dt({text(e.operand)}{order})"
    return f"d({text(e.operand)}, {e.coord}{order})"


@text.register
def _(e: Shift) -> str:
    shifts, core = displacement(e)
    return f"shift({', '.join([text(core), *(f'{x}={number(by)}' for x, by in shifts)])})"


@text.register
def _(e: Add) -> str:
    result = text(e.terms[0])
    for term in e.terms[1:]:
        part = text(term)
        result += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
    return result


@text.register
def _(e: Mul) -> str:
    sign, above, below = fraction(e)
    over = "*".join(_factor(factor) for factor in above) or "1"
    if not below:
        return sign + over
    under = "*".join(_factor(factor) for factor in below)
    return f"{sign}{over}/{_divisor(below[0]) if len(below) == 1 else f'({under})'}"


@text.register
def _(e: Pow) -> str:
    if e.exponent == Const(-1.0):
        return f"1/{_divisor(e.base)}"
    return f"{_atom(e.base)}**{_atom(e.exponent)}"


def number(value: float) -> str:
    """A number as short as it can be written without loss."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def fraction(e: Mul) -> tuple[str, list[Expression], list[Expression]]:
    """Sign, numerator and denominator of a product."""
    sign, above, below = "", [], []
    for factor in e.factors:
        if isinstance(factor, Const) and factor.value < 0:
            sign, factor = "-", Const(-factor.value)
            if factor.value == 1:
                continue
        if isinstance(factor, Const) and 1 / factor.value in (2, 3, 4, 6, 8):
            below.append(Const(1 / factor.value))
        elif isinstance(factor, Pow) and _negative(factor.exponent):
            below.append(_inverse(factor))
        else:
            above.append(factor)
    return sign, above, below


def _negative(exponent: Expression) -> bool:
    return isinstance(exponent, Const) and exponent.value < 0


def _inverse(e: Pow) -> Expression:
    from fredholm.equations.tree import power

    return power(e.base, -e.exponent)


def _factor(e: Expression) -> str:
    loose = isinstance(e, Add) or isinstance(e, Const) and e.value < 0
    return f"({text(e)})" if loose else text(e)


def _divisor(e: Expression) -> str:
    return f"({text(e)})" if isinstance(e, Mul) else _factor(e)


def _atom(e: Expression) -> str:
    loose = isinstance(e, Add | Mul | Pow) or isinstance(e, Const) and e.value < 0
    return f"({text(e)})" if loose else text(e)
