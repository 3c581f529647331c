"""Expressions with every derivative carried to the functions that they are made of.

A method that knows the derivatives of a network, and not those of products of networks, needs an
equation in this form. Leibniz' rule and the chain rule are applied; a Laplacian that arrives at a
function stays one, because some methods have it cheaper than its terms.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from fredholm.equations.differential import (
    Derivative,
    Div,
    Dot,
    Grad,
    Lap,
    Normal,
    Shift,
    Vector,
)
from fredholm.equations.equation import additive_terms
from fredholm.equations.expand import Orders, expand, raised, rename
from fredholm.equations.functions import cos, cosh, exp, log, sign, sin, sinh, tan, tanh
from fredholm.equations.split import is_constant
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
    add,
    mul,
    power,
)
from fredholm.errors import EquationError

LAPLACIAN: Orders = (("", 2),)
"""Stands among multi-indices for the sum of the second derivatives along all axes of space."""

GRADIENT: Orders = (("", 1),)
"""Stands among them for all first derivatives along axes of space, as one array."""

FEW = 10
"""In up to so many dimensions inner products of gradients are written out."""

ZERO = Const(0.0)


@dataclass(frozen=True)
class NormalComponent(Expression):
    """One component of the outward unit normal."""

    coord: str


@dataclass(frozen=True)
class Partial(Expression):
    """A derivative of a function with respect to its own arguments, at those arguments.

    Args:
        function: Name of the function.
        arguments: Where.
        orders: Order of the derivative in each argument.
        learned: Whether the function is given at evaluation, and not registered.
    """

    function: str
    arguments: tuple[Expression, ...]
    orders: tuple[int, ...]
    learned: bool = False


def spread(e: Expression, coords: tuple[str, ...]) -> Expression:
    """The expression with derivatives of unknowns and coefficients only.

    Args:
        e: Any expression.
        coords: Names of the spatial coordinates.

    Returns:
        A scalar, or one `Vector`. Its derivatives are nested with sorted coordinates, around an
        unknown or a coefficient; its Laplacians act on an unknown or a coefficient, and in more
        than `FEW` dimensions so do the gradients in an inner product; a normal is written in its
        components; derivatives of functions that have no formula are `Partial`.

    Raises:
        EquationError: The expression has no meaning over these coordinates, is shifted, or asks
            for a derivative of the normal.
    """
    normal = Vector(tuple(NormalComponent(coord) for coord in coords))
    e = rename(e, {Normal(): normal})
    return _spread(expand(_hold(e, coords), coords), coords)


def derived(core: Expression, orders: Orders) -> Expression:
    """The derivative of a function: `Derivative` nodes, innermost the first coordinate."""
    if orders == LAPLACIAN:
        return Lap(core)
    return reduce(lambda e, each: Derivative(e, *each), orders, core)


def derivative_of(e: Expression) -> tuple[Expression, Orders]:
    """The function in a leaf of a spread expression, and which derivative of it is meant."""
    if isinstance(e, Lap | Grad):
        return e.operand, LAPLACIAN if isinstance(e, Lap) else GRADIENT
    orders: Orders = ()
    while isinstance(e, Derivative):
        orders, e = raised(orders, e.coord, e.order), e.operand
    return e, orders


def is_function(e: Expression) -> bool:
    """Whether the node of a spread expression is a function or a derivative of one."""
    return isinstance(e, Unknown | Coefficient | Derivative | Lap | Grad)


def needs(expressions: Iterable[Expression]) -> dict[str, frozenset[Orders]]:
    """By function, the derivatives in spread expressions.

    `LAPLACIAN` and `GRADIENT` are among them where one is kept.
    """
    found: dict[str, set[Orders]] = {}
    waiting = list(expressions)
    while waiting:
        e = waiting.pop()
        if is_function(e):
            core, orders = derivative_of(e)
            found.setdefault(core.name, set()).add(orders)  # type: ignore[attr-defined]
        else:
            waiting.extend(e.children)
    return {name: frozenset(orders) for name, orders in found.items()}


@dataclass(frozen=True)
class _Held(Expression):
    """The Laplacian of a scalar, which `expand` leaves as it is."""

    operand: Expression


def _hold(e: Expression, coords: tuple[str, ...]) -> Expression:
    """The expression with Laplacians that `expand` does not write out, component by component."""
    e = e.map(lambda child: _hold(child, coords))
    if len(coords) == 1:
        return e
    if isinstance(e, Div):
        flux = e.operand
        return add(*map(_divergence, flux.terms if isinstance(flux, Add) else (flux,)))
    if not isinstance(e, Lap):
        return e
    operand = expand(e.operand, coords)
    if isinstance(operand, Vector):
        return Vector(tuple(_Held(component) for component in operand.components))
    return _Held(operand)


def _divergence(flux: Expression) -> Expression:
    """∇·(a ∇u) = a Δu + ∇a·∇u, which has a Laplacian; other fluxes stay as they are."""
    factors = flux.factors if isinstance(flux, Mul) else (flux,)
    gradient = next((factor for factor in factors if isinstance(factor, Grad)), None)
    if gradient is None:
        return Div(flux)
    a = mul(*(factor for factor in factors if factor is not gradient))
    return add(mul(a, _Held(gradient.operand)), Dot(Grad(a), gradient))


def _spread(e: Expression, coords: tuple[str, ...]) -> Expression:
    if isinstance(e, Shift):
        raise EquationError(f"{e}: a shifted function is not evaluated at single points")
    if isinstance(e, Derivative):
        operand = _spread(e.operand, coords)
        for _ in range(e.order):
            operand = _along(e.coord, operand, coords)
        return operand
    if isinstance(e, _Held):
        return _laplacian(_spread(e.operand, coords), coords)
    return e.map(lambda child: _spread(child, coords))


def _along(coord: str, e: Expression, coords: tuple[str, ...]) -> Expression:
    """The derivative of a spread scalar along one coordinate."""
    match e:
        case Const() | Param():
            return ZERO
        case Coord():
            return Const(float(e.name == coord))
        case Lap():
            third = (raised(raised((), x, 2), coord, 1) for x in coords)
            return _sum(derived(e.operand, orders) for orders in third)
        case Dot():
            return _along(coord, _written_out(e, coords), coords)
        case Unknown() | Coefficient() | Derivative():
            core, orders = derivative_of(e)
            return derived(core, raised(orders, coord, 1))
        case Add():
            return _sum(_along(coord, term, coords) for term in e.terms)
        case Mul():
            return _sum(
                mul(_along(coord, factor, coords), *_others(e.factors, i))
                for i, factor in enumerate(e.factors)
            )
        case NormalComponent():
            raise EquationError("a derivative of normal() has no meaning: take it out of d(...)")
    parts = ((slope, _along(coord, argument, coords)) for argument, slope in _slopes(e))
    return _sum(mul(slope, inner) for slope, inner in parts)


def _laplacian(e: Expression, coords: tuple[str, ...]) -> Expression:
    """The Laplacian of a spread scalar, with the Laplacians of its functions kept."""
    match e:
        case Const() | Param() | Coord():
            return ZERO
        case Unknown() | Coefficient():
            return Lap(e)
        case Add():
            return _sum(_laplacian(term, coords) for term in e.terms)
        case Mul():
            first, rest = e.factors[0], mul(*e.factors[1:])
            cross = mul(2, _dot(first, rest, coords))
            outer = mul(first, _laplacian(rest, coords))
            return _sum((outer, cross, mul(_laplacian(first, coords), rest)))
        case Pow() | Call() if len(_slopes(e)) == 1:
            [(argument, slope)] = _slopes(e)
            inner = mul(slope, _laplacian(argument, coords))
            return _sum((inner, _dot(slope, argument, coords)))
    return _sum(_along(x, _along(x, e, coords), coords) for x in coords)


def _dot(a: Expression, b: Expression, coords: tuple[str, ...]) -> Expression:
    """The inner product of two gradients, of functions in many dimensions as one node."""
    if len(coords) > FEW:
        for one, other in ((a, b), (b, a)):
            match one:
                case Const() | Param():
                    return ZERO
                case Coord():
                    return _along(one.name, other, coords) if one.name in coords else ZERO
                case Add():
                    return _sum(_dot(term, other, coords) for term in one.terms)
                case Mul():
                    return _sum(
                        mul(_dot(factor, other, coords), *_others(one.factors, i))
                        for i, factor in enumerate(one.factors)
                    )
        if isinstance(a, Unknown | Coefficient) and isinstance(b, Unknown | Coefficient):
            return Dot(Grad(a), Grad(b))
    return _sum(mul(_along(x, a, coords), _along(x, b, coords)) for x in coords)


def _written_out(e: Dot, coords: tuple[str, ...]) -> Expression:
    """The terms of an inner product of gradients that was kept."""
    (a, _), (b, _) = derivative_of(e.left), derivative_of(e.right)
    return _sum(mul(derived(a, ((x, 1),)), derived(b, ((x, 1),))) for x in coords)


def _others(factors: tuple[Expression, ...], position: int) -> tuple[Expression, ...]:
    return factors[:position] + factors[position + 1 :]


def _sum(terms: Iterable[Expression]) -> Expression:
    """The sum with terms that differ by a number joined, as Leibniz' rule makes many of them."""
    numbers: dict[frozenset, float] = {}
    products: dict[frozenset, Expression] = {}
    for term in additive_terms(add(*terms)):
        factors = term.factors if isinstance(term, Mul) else (term,)
        plain = isinstance(factors[0], Const) and not factors[0].name
        number, rest = (factors[0].value, factors[1:]) if plain else (1.0, factors)  # type: ignore[attr-defined]
        key = frozenset(Counter(rest).items())
        numbers[key] = numbers.get(key, 0.0) + number
        products.setdefault(key, mul(*rest))
    return add(*(mul(number, products[key]) for key, number in numbers.items()))


def _slopes(e: Expression) -> list[tuple[Expression, Expression]]:
    """The arguments of a function that vary, each with the derivative of the function in it."""
    if isinstance(e, Pow):
        base, exponent = e.base, e.exponent
        slopes = [
            (base, mul(exponent, power(base, add(exponent, -1)))),
            (exponent, mul(e, log(base))),
        ]
    elif isinstance(e, Call) and e.function in _SLOPES and not isinstance(e, Learned):
        slopes = [(e.arguments[0], _SLOPES[e.function](e.arguments[0]))]
    elif isinstance(e, Call | Partial):
        slopes = [(argument, _partial(e, i)) for i, argument in enumerate(e.arguments)]
    else:
        raise EquationError(f"no rule differentiates {type(e).__name__}: {e}")
    return [(argument, slope) for argument, slope in slopes if not is_constant(argument)]


def _partial(e: Call | Partial, position: int) -> Partial:
    before = e.orders if isinstance(e, Partial) else (0,) * len(e.arguments)
    orders = tuple(order + (i == position) for i, order in enumerate(before))
    learned = e.learned if isinstance(e, Partial) else isinstance(e, Learned)
    return Partial(e.function, e.arguments, orders, learned)


_SLOPES = {
    "sin": cos,
    "cos": lambda a: mul(-1, sin(a)),
    "tan": lambda a: add(1, power(tan(a), 2)),
    "exp": exp,
    "log": lambda a: power(a, -1),
    "sqrt": lambda a: mul(0.5, power(a, -0.5)),
    "sinh": cosh,
    "cosh": sinh,
    "tanh": lambda a: add(1, mul(-1, power(tanh(a), 2))),
    "absolute": sign,
    "sign": lambda a: ZERO,
}
"""Derivatives of the elementary functions."""
