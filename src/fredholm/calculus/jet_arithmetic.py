"""What linear maps, sums and products do to jets.

A linear map acts on all rows at once, as one call of `F.linear` whose last two axes are points and
features. Functions of one variable are in `elementary`.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from fredholm.calculus.elementary import elementary, power
from fredholm.calculus.jet import (
    Jet,
    Unsupported,
    beside,
    elementwise,
    full,
    padded,
    rule,
    shaped,
    values_of,
)

_SHARED_ROWS = 32
"""Up to so many inputs, rows that are the same at all points are written out before a linear map,
so that each point has its own: per-sample gradients need that, and it costs little."""


@rule("linear")
def _linear(jet: Any, weight: Any, bias: Any = None) -> Jet:
    if not isinstance(jet, Jet) or isinstance(weight, Jet):
        raise Unsupported("linear with weights that depend on the points")
    few = jet.shape[-1] <= _SHARED_ROWS
    rows = full(jet.rows, len(jet.value)) if few else jet.rows
    out = functional.linear(jet.value, weight, bias), functional.linear(rows, weight)
    return Jet(*out, jet.carried)


@rule("add", "radd")
def _add(a: Any, b: Any, *, alpha: float = 1) -> Jet:
    b = b * alpha if alpha != 1 else b
    if isinstance(a, Jet) and isinstance(b, Jet):
        value = a.value + b.value
        first, second = (beside(rows, value.ndim) for rows in (a.rows, b.rows))
        if len(first) != len(second):
            first, second = beside(padded(a), value.ndim), beside(padded(b), value.ndim)
        return shaped(value, first + second, a.carried)
    jet, other = (a, b) if isinstance(a, Jet) else (b, a)
    value = jet.value + other
    return shaped(value, beside(jet.rows, value.ndim), jet.carried)


@rule("sub", "subtract")
def _sub(a: Any, b: Any, *, alpha: float = 1) -> Jet:
    return _add(a, b * -alpha)


@rule("rsub")
def _rsub(a: Any, b: Any, *, alpha: float = 1) -> Jet:
    return _add(b, a * -alpha)


def _bilinear(
    multiply: Callable[..., Tensor], a: Any, b: Any, left: Callable, right: Callable
) -> Jet:
    """A product of two jets, or of a jet and a constant, by Leibniz' rule.

    Args:
        multiply: The product of values.
        a, b: The factors.
        left, right: The product where the first or the second factor has rows.
    """
    value = multiply(values_of(a), values_of(b))
    if not isinstance(b, Jet):
        return shaped(value, left(a.rows, b), a.carried)
    if not isinstance(a, Jet):
        return shaped(value, right(a, b.rows), b.carried)
    carried = a.carried
    rows = left(padded(a), b.value) + right(a.value, padded(b))
    inner: dict[int, Tensor] = {}
    for row, count, i, j in carried.products:
        if i < len(a.rows) and j < len(b.rows):
            term = count * multiply(a.rows[i], b.rows[j])
            inner[row] = inner[row] + term if row in inner else term
    if carried.collapsed:
        pairs = zip(a.rows[: len(carried.collapsed)], b.rows)
        inner[carried.rows - 1] = 2 * sum(multiply(*pair) for pair in pairs)  # type: ignore[operator]
    if inner:
        parts = [row + inner[i] if i in inner else row for i, row in enumerate(rows)]
        rows = torch.stack(parts)
    return shaped(value, rows, carried)


@rule("mul", "multiply", "rmul")
def _mul(a: Any, b: Any) -> Jet:
    ndim = max(x.ndim for x in (a, b) if isinstance(x, Jet | Tensor))
    return _bilinear(
        torch.mul,
        a,
        b,
        lambda rows, other: beside(rows, ndim) * other,
        lambda other, rows: other * beside(rows, ndim),
    )


@rule("matmul", "mm")
def _matmul(a: Any, b: Any) -> Jet:
    return _bilinear(torch.matmul, a, b, torch.matmul, torch.matmul)


@rule("einsum")
def _einsum(equation: str, *operands: Any) -> Jet:
    operands = tuple(operands[0]) if isinstance(operands[0], list | tuple) else operands
    inputs, out = (part.strip() for part in equation.split("->"))
    letters = [part.strip() for part in inputs.split(",")]
    places = [i for i, operand in enumerate(operands) if isinstance(operand, Jet)]
    if len(places) > 2:
        raise Unsupported("einsum of three jets")

    def with_rows(place: int) -> str:
        raised = [("Z" if i == place else "") + part for i, part in enumerate(letters)]
        return f"{','.join(raised)}->Z{out}"

    def compute(spelling: str) -> Callable[..., Tensor]:
        def of(*jets: Tensor) -> Tensor:
            each = dict(zip(places, jets))
            values = [each.get(i, operand) for i, operand in enumerate(operands)]
            return torch.einsum(spelling, *values)  # type: ignore[arg-type]

        return of

    if len(places) == 1:
        jet = operands[places[0]]
        rows = compute(with_rows(places[0]))(jet.rows)
        return shaped(compute(equation)(jet.value), rows, jet.carried)
    a, b = (operands[place] for place in places)
    return _bilinear(compute(equation), a, b, *(compute(with_rows(place)) for place in places))


@rule("div", "divide", "true_divide", "truediv")
def _div(a: Any, b: Any) -> Jet:
    if isinstance(b, Jet):
        return _mul(elementwise(power(-1.0), b), a)
    return _mul(a, 1 / b)


@rule("pow")
def _pow(base: Any, exponent: Any) -> Jet:
    if isinstance(base, Jet) and isinstance(exponent, int | float):
        return base if exponent == 1 else elementwise(power(float(exponent)), base)
    logarithm = math.log(base) if isinstance(base, int | float) else base.log()
    return (exponent * logarithm).exp()


@rule("gelu")
def _gelu(jet: Jet, approximate: str = "none") -> Jet:
    if approximate == "none":
        return elementwise(elementary("gelu"), jet)  # type: ignore[arg-type]
    inner = math.sqrt(2 / math.pi) * (jet + 0.044715 * jet**3)
    return 0.5 * jet * (1 + torch.tanh(inner))  # type: ignore[arg-type]


@rule("rtruediv", "rdiv")
def _rdiv(a: Any, b: Any) -> Jet:
    return _div(b, a)


@rule("rpow")
def _rpow(exponent: Any, base: Any) -> Jet:
    return _pow(base, exponent)


@rule("rmatmul")
def _rmatmul(a: Any, b: Any) -> Jet:
    return _matmul(b, a)


@rule("neg")
def _neg(jet: Jet) -> Jet:
    return _mul(jet, -1)
