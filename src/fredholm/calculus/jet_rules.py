"""Rules for jets: what linear maps, products and reshapes do to values and derivatives.

A linear map acts on all rows at once, as one call of `F.linear` whose last two axes are points and
features. Functions of one variable are in `elementary`.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from fredholm.calculus.elementary import elementary, power
from fredholm.calculus.jet import RULES, Jet, Unsupported, elementwise
from fredholm.calculus.multiindex import Carried

_SHARED_ROWS = 32
"""Up to so many inputs, rows that are the same at all points are written out before a linear map,
so that each point has its own: per-sample gradients need that, and it costs little."""


def rule(*names: str, tell: bool = False) -> Callable[[Callable], Callable]:
    """Registers a rule under the names of its functions; with `tell` it is told which it is."""

    def register(function: Callable) -> Callable:
        for name in names:
            RULES[name] = partial(function, name) if tell else function
        return function

    return register


def values_of(x: Any) -> Any:
    """The values of a jet; anything else as it is."""
    return x.value if isinstance(x, Jet) else x


def full(rows: Tensor, n: int) -> Tensor:
    """The rows with one entry for each point."""
    return rows if rows.shape[1] == n else rows.expand(-1, n, *rows.shape[2:])


def padded(jet: Jet) -> Tensor:
    """All rows, also those that are zero."""
    missing = jet.carried.rows - len(jet.rows)
    if not missing:
        return jet.rows
    return torch.cat([jet.rows, jet.rows.new_zeros(missing, *jet.rows.shape[1:])])


def _beside(rows: Tensor, ndim: int) -> Tensor:
    """Rows that broadcast with values of more dimensions, which torch aligns at the last one."""
    return rows[(slice(None), *[None] * (ndim + 1 - rows.ndim))] if rows.ndim <= ndim else rows


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
        first, second = (_beside(rows, value.ndim) for rows in (a.rows, b.rows))
        if len(first) != len(second):
            first, second = _beside(padded(a), value.ndim), _beside(padded(b), value.ndim)
        return _shaped(value, first + second, a.carried)
    jet, other = (a, b) if isinstance(a, Jet) else (b, a)
    value = jet.value + other
    return _shaped(value, _beside(jet.rows, value.ndim), jet.carried)


def _shaped(value: Tensor, rows: Tensor, carried: Carried) -> Jet:
    """The jet with rows that have the features of the value."""
    if rows.shape[2:] != value.shape[1:]:
        rows = rows.expand(len(rows), rows.shape[1], *value.shape[1:])
    return Jet(value, rows, carried)


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
        return _shaped(value, left(a.rows, b), a.carried)
    if not isinstance(a, Jet):
        return _shaped(value, right(a, b.rows), b.carried)
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
    return _shaped(value, rows, carried)


@rule("mul", "multiply", "rmul")
def _mul(a: Any, b: Any) -> Jet:
    ndim = max(x.ndim for x in (a, b) if isinstance(x, Jet | Tensor))
    return _bilinear(
        torch.mul,
        a,
        b,
        lambda rows, other: _beside(rows, ndim) * other,
        lambda other, rows: other * _beside(rows, ndim),
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
        return _shaped(compute(equation)(jet.value), rows, jet.carried)
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


def _axes(dim: Any, ndim: int) -> list[int]:
    """Axes counted from the last one, where rows have one more in front."""
    axes = [axis - ndim if axis >= 0 else axis for axis in ([dim] if isinstance(dim, int) else dim)]
    if -ndim in axes:
        raise Unsupported("a reduction over points")
    return axes


@rule("sum", "mean", tell=True)
def _reduction(name: str, jet: Jet, dim: Any = None, keepdim: bool = False) -> Jet:
    axes = _axes(range(jet.ndim) if dim is None else dim, jet.ndim)
    value, rows = (getattr(x, name)(axes, keepdim) for x in (jet.value, jet.rows))
    return Jet(value, rows, jet.carried)


@rule("reshape", "view", "flatten", "unflatten", "unsqueeze", "squeeze", tell=True)
def _reshaped(name: str, jet: Jet, *args: Any, **keywords: Any) -> Jet:
    """A function that keeps the order of the entries: rows take the shape of the value."""
    value = getattr(jet.value, name)(*args, **keywords)
    if value.ndim == 0 or len(value) != len(jet.value):
        raise Unsupported(f"{name} across points")
    return Jet(value, jet.rows.reshape(*jet.rows.shape[:2], *value.shape[1:]), jet.carried)


@rule("getitem")
def _getitem(jet: Jet, index: Any) -> Jet:
    index = index if isinstance(index, tuple) else (index,)
    if index[0] is Ellipsis:
        return Jet(jet.value[index], jet.rows[index], jet.carried)
    if index[0] != slice(None):
        raise Unsupported("a choice of points")
    return Jet(jet.value[index], jet.rows[(slice(None), *index)], jet.carried)


@rule("unbind", "split", "chunk", tell=True)
def _pieces(name: str, jet: Jet, *args: Any, dim: int | None = None) -> tuple[Jet, ...]:
    """Functions that cut a tensor along one axis."""
    *sizes, axis = args if dim is None else (*args, dim)
    [axis] = _axes(axis, jet.ndim)
    cut = (getattr(x, name)(*sizes, dim=axis) for x in (jet.value, jet.rows))
    return tuple(Jet(value, rows, jet.carried) for value, rows in zip(*cut))


@rule("cat", "concat")
def _cat(parts: Sequence[Any], dim: int = 0) -> Jet:
    return _joined(torch.cat, parts, dim, next(p for p in parts if isinstance(p, Jet)).ndim)


@rule("stack")
def _stack(parts: Sequence[Any], dim: int = 0) -> Jet:
    return _joined(torch.stack, parts, dim, next(p for p in parts if isinstance(p, Jet)).ndim + 1)


def _joined(join: Callable[..., Tensor], parts: Sequence[Any], dim: int, ndim: int) -> Jet:
    """Jets and constants side by side; constants have rows of zeros."""
    [axis] = _axes(dim, ndim)
    like = next(part for part in parts if isinstance(part, Jet))
    present = max(len(part.rows) for part in parts if isinstance(part, Jet))
    n = max(part.rows.shape[1] for part in parts if isinstance(part, Jet))

    def rows(part: Any) -> Tensor:
        if not isinstance(part, Jet):
            return like.rows.new_zeros(present, n, *part.shape[1:])
        return full(part.rows if len(part.rows) == present else padded(part)[:present], n)

    value = join([values_of(part) for part in parts], dim=axis)
    return Jet(value, join([rows(part) for part in parts], dim=axis), like.carried)


@rule("where")
def _where(condition: Any, a: Any, b: Any) -> Jet:
    mask = values_of(condition)
    value = torch.where(mask, values_of(a), values_of(b))
    like = a if isinstance(a, Jet) else b
    if not isinstance(like, Jet):
        raise Unsupported("where without jets")
    sides = (_beside(padded(x), value.ndim) if isinstance(x, Jet) else 0.0 for x in (a, b))
    return _shaped(value, torch.where(mask, *sides), like.carried)  # type: ignore[arg-type]


@rule("transpose")
def _transposed(jet: Jet, first: int, second: int) -> Jet:
    axes = _axes((first, second), jet.ndim)
    return Jet(jet.value.transpose(*axes), jet.rows.transpose(*axes), jet.carried)


@rule("to")
def _cast(jet: Jet, *args: Any, **keywords: Any) -> Jet:
    return Jet(jet.value.to(*args, **keywords), jet.rows.to(*args, **keywords), jet.carried)


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


@rule("contiguous", "clone")
def _same(jet: Jet) -> Jet:
    return jet


@rule("zeros_like", "ones_like", tell=True)
def _constant(name: str, jet: Jet, **keywords: Any) -> Tensor:
    return getattr(torch, name)(jet.value, **keywords)


@rule("gt", "ge", "lt", "le", tell=True)
def _compared(name: str, a: Any, b: Any) -> Tensor:
    return getattr(torch, name)(*(torch.as_tensor(values_of(x)) for x in (a, b)))
