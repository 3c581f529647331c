"""An equation as a sum of constant × derivative × core, and its linear part.

This is what a semilinear solver needs: the terms whose core is an unknown have a Fourier symbol,
the others are evaluated on points, and a derivative that acts on a whole product (a conservative
form) is applied once, after the products are summed.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from fredholm.equations.differential import Derivative, displacement
from fredholm.equations.equation import Equation
from fredholm.equations.expand import Term, expand, raised
from fredholm.equations.tree import Add, Const, Expression, Mul, Param, Unknown, add, mul


def normal_form(e: Expression, coords: tuple[str, ...]) -> tuple[Term, ...]:
    """The terms whose sum is the scalar expression; terms that differ by a constant are joined.

    Products of sums are multiplied out, because a linear term may hide there: u (1 - u) = u - u².

    Args:
        e: A scalar expression.
        coords: Names of the spatial coordinates.

    Raises:
        EquationError: The expression has no meaning over these coordinates.
    """
    joined: dict[tuple, Expression] = {}
    for term in _terms(expand(e, coords)):
        key = (term.orders, term.core)
        joined[key] = add(joined[key], term.coefficient) if key in joined else term.coefficient
    return tuple(
        Term(coefficient, orders, core)
        for (orders, core), coefficient in joined.items()
        if coefficient != Const(0.0)
    )


@dataclass(frozen=True)
class Split:
    """residual = Σ linear + Σ rest.

    Args:
        linear: Constant multiples of derivatives of unknowns.
        rest: Everything else: nonlinear terms, variable coefficients, sources.
    """

    linear: tuple[Term, ...]
    rest: tuple[Term, ...]


def split_linear(equation: Equation, unknowns: Collection[str], coords: tuple[str, ...]) -> Split:
    """The linear constant-coefficient part of left - right, and the rest.

    Args:
        equation: The equation.
        unknowns: Names of the functions that the system determines.
        coords: Names of the spatial coordinates.
    """
    terms = normal_form(equation.residual, coords)
    chosen = [term.linear and term.unknown in unknowns for term in terms]
    return Split(
        tuple(term for term, linear in zip(terms, chosen) if linear),
        tuple(term for term, linear in zip(terms, chosen) if not linear),
    )


def is_constant(e: Expression) -> bool:
    """Whether the expression is built from numbers and parameters only."""
    return all(bool(node.children) or isinstance(node, Const | Param) for node in e.walk())


def _terms(e: Expression) -> list[Term]:
    if isinstance(e, Add):
        return [term for part in e.terms for term in _terms(part)]
    if is_constant(e):
        return [Term(e, (), Const(1.0))]
    if isinstance(e, Derivative):
        inner = _terms(e.operand)
        return [
            replace(term, orders=raised(term.orders, e.coord, e.order))
            for term in inner
            if not is_constant(term.core)  # the derivative of a constant
        ]
    if isinstance(e, Mul):
        return _product(e)
    return [Term(Const(1.0), (), e)]


def _product(e: Mul) -> list[Term]:
    constants = [factor for factor in e.factors if is_constant(factor)]
    others = [factor for factor in e.factors if not is_constant(factor)]
    outside = mul(*constants)
    if len(others) == 1:
        return [replace(t, coefficient=mul(outside, t.coefficient)) for t in _terms(others[0])]
    for position, factor in enumerate(others):
        if isinstance(factor, Add):
            rest = others[:position] + others[position + 1 :]
            products = (mul(outside, term, *rest) for term in factor.terms)
            return [term for product in products for term in _terms(product)]
    return [Term(outside, (), mul(*(_flat(factor) for factor in others)))]


def _flat(e: Expression) -> Expression:
    """A factor with nested derivatives of an unknown brought into one standard order."""
    if not isinstance(e, Derivative):
        return e
    orders, core = (), e
    while isinstance(core, Derivative):
        orders, core = raised(orders, core.coord, core.order), core.operand
    if not isinstance(displacement(core)[1], Unknown):
        return e
    result: Expression = core
    for coord, order in orders:
        result = Derivative(result, coord, order)
    return result
