"""Expressions and equations as LaTeX."""

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
    displacement,
)
from fredholm.equations.equation import Equation
from fredholm.equations.functions import function
from fredholm.equations.text import fraction, number
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

_GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa"),
    *("lambda", "mu", "nu", "xi", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi"),
    "omega",
)


@singledispatch
def latex(e: Expression | Equation) -> str:
    """LaTeX source of an expression or of an equation, for display mode."""
    raise NotImplementedError(f"no LaTeX for {type(e).__name__}")


@latex.register
def _(e: Equation) -> str:
    return f"{latex(e.left)} = {latex(e.right)}"


@latex.register(Coord | Unknown | Coefficient | Param)
def _(e: Coord | Unknown | Coefficient | Param) -> str:
    return symbol(e.name)


def symbol(name: str) -> str:
    r"""A name as a symbol: Greek letters spelt out become letters, `u_in` becomes `u_{in}`."""
    head, _, index = name.partition("_")
    index = rf"\mathrm{{{index}}}" if len(index) > 1 else index
    if head.lower() in _GREEK:
        head = f"\\{head}"
    elif len(head) > 1:
        head = rf"\mathrm{{{head}}}"
    return f"{head}_{{{index}}}" if index else head


@latex.register
def _(e: Const) -> str:
    if e.name:
        return symbol(e.name)
    mantissa, _, exponent = number(e.value).partition("e")
    if not exponent:
        return mantissa
    scale = f"10^{{{int(exponent)}}}"
    return scale if mantissa == "1" else rf"{mantissa} \cdot {scale}"


@latex.register
def _(e: Normal) -> str:
    return r"\mathbf{n}"


@latex.register
def _(e: Vector) -> str:
    return rf"\left({', '.join(latex(component) for component in e.components)}\right)"


@latex.register
def _(e: Call) -> str:
    arguments = ", ".join(latex(argument) for argument in e.arguments)
    head = symbol(e.function) if isinstance(e, Learned) else function(e.function).latex
    return rf"{head}\left({arguments}\right)"


@latex.register
def _(e: Derivative) -> str:
    power = "" if e.order == 1 else f"^{{{e.order}}}"
    below = rf"\partial {symbol(e.coord)}{power}"
    if isinstance(e.operand, Unknown | Coefficient):
        return rf"\frac{{\partial{power} {latex(e.operand)}}}{{{below}}}"
    return rf"\frac{{\partial{power}}}{{{below}}} {_enclosed(e.operand)}"


@latex.register
def _(e: Grad) -> str:
    return rf"\nabla {_enclosed(e.operand)}"


@latex.register
def _(e: Div) -> str:
    return rf"\nabla \cdot {_enclosed(e.operand)}"


@latex.register
def _(e: Lap) -> str:
    return rf"\Delta {_enclosed(e.operand)}"


@latex.register
def _(e: Rot) -> str:
    return rf"\nabla^{{\perp}} {_enclosed(e.operand)}"


@latex.register
def _(e: Dot) -> str:
    return rf"{_enclosed(e.left)} \cdot {_enclosed(e.right)}"


@latex.register
def _(e: Advect) -> str:
    return rf"\left({_enclosed(e.velocity)} \cdot \nabla\right) {_enclosed(e.operand)}"


@latex.register
def _(e: Shift) -> str:
    shifts, core = displacement(e)
    places = (f"{symbol(x)} {'+' if by > 0 else '-'} {latex(Const(abs(by)))}" for x, by in shifts)
    return rf"\left.{_enclosed(core)}\right|_{{{', '.join(places)}}}"


@latex.register
def _(e: Add) -> str:
    result = latex(e.terms[0])
    for term in e.terms[1:]:
        part = latex(term)
        result += f" - {part[1:]}" if part.startswith("-") else f" + {part}"
    return result


@latex.register
def _(e: Mul) -> str:
    sign, above, below = fraction(e)
    over = _product(above) if above else "1"
    if not below:
        return sign + over
    over = latex(above[0]) if len(above) == 1 else over
    under = latex(below[0]) if len(below) == 1 else _product(below)
    return rf"{sign}\frac{{{over}}}{{{under}}}"


def _product(factors: list[Expression]) -> str:
    parts = []
    for factor in factors:
        part = _factor(factor)
        digits = isinstance(factor, Const) and not factor.name
        parts.append(rf"\cdot {part}" if digits and parts else part)
    return r" \, ".join(parts).replace(r"\, \cdot", r"\cdot")


@latex.register
def _(e: Pow) -> str:
    if e.exponent == Const(-1.0):
        return rf"\frac{{1}}{{{latex(e.base)}}}"
    if e.exponent == Const(0.5):
        return rf"\sqrt{{{latex(e.base)}}}"
    simple = isinstance(e.base, Coord | Unknown | Coefficient | Param)
    base = latex(e.base) if simple else rf"\left({latex(e.base)}\right)"
    return f"{base}^{{{latex(e.exponent)}}}"


def _factor(e: Expression) -> str:
    loose = isinstance(e, Add) or isinstance(e, Const) and e.value < 0
    return rf"\left({latex(e)}\right)" if loose else latex(e)


def _enclosed(e: Expression) -> str:
    """What an operator acts on: in brackets unless it is one symbol or already bracketed."""
    simple = isinstance(e, Coord | Unknown | Coefficient | Param | Vector | Call | Normal)
    return latex(e) if simple else rf"\left({latex(e)}\right)"
