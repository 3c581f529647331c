"""Functions of one variable applied to jets, with a backward pass written out.

Autograd alone would keep every intermediate product of the chain rule; here the rows that come in
are kept and the rest is computed again, which takes two thirds of the time and memory.
"""

from typing import Any

import torch
from torch import Tensor

from fredholm.calculus.elementary import Elementary
from fredholm.calculus.multiindex import Carried


def chain(f: Elementary, value: Tensor, rows: Tensor, carried: Carried) -> tuple[Tensor, Tensor]:
    """The jet of f(u) from that of u.

    Args:
        f: The function.
        value: u, (n, ...).
        rows: Its derivatives (p, n or 1, ...), the first p of those that are carried; the others
            are zero.
        carried: Which derivatives.

    Returns:
        The value and all rows.
    """
    if is_transformed():
        y = f.value(value)
        return y, _forward(f.slopes(value, y, max(carried.highest, 1)), rows, carried)
    return _Chain.apply(f, carried, value, rows)  # type: ignore[return-value]


def is_transformed() -> bool:
    """Whether torch.func or forward mode looks on, which want plain operations."""
    return (
        torch._C._functorch.peek_interpreter_stack() is not None  # type: ignore[attr-defined]
        or torch.autograd.forward_ad._current_level >= 0
    )


class _Chain(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, f: Elementary, carried: Carried, value: Tensor, rows: Tensor):
        y = f.value(value)
        ctx.f, ctx.carried = f, carried
        ctx.save_for_backward(value, rows, y)
        return y, _forward(f.slopes(value, y, max(carried.highest, 1)), rows, carried)

    @staticmethod
    def backward(ctx: Any, to_y: Tensor, to_rows: Tensor):  # type: ignore[override]
        value, rows, y = ctx.saved_tensors
        slopes = ctx.f.slopes(value, y, ctx.carried.highest + 1)
        return None, None, *_backward(slopes, rows, to_y, to_rows, ctx.carried)


def _forward(slopes: list[Tensor], rows: Tensor, carried: Carried) -> Tensor:
    """Faà di Bruno's rule, row by row."""
    present = len(rows)
    out = slopes[0] * rows
    if present < carried.rows:
        out = torch.cat([out, out.new_zeros(carried.rows - present, *out.shape[1:])])
    for row, k, count, factors in carried.chains:
        if max(factors) < present:
            *others, last = [rows[i] for i in factors]
            _add_product(out[row], _product(slopes[k - 1], others), last, count)
    if carried.collapsed:
        _add_product(out[-1], slopes[1], _squares(rows[: len(carried.collapsed)]))
    return out


def _backward(
    slopes: list[Tensor], rows: Tensor, to_y: Tensor, to_rows: Tensor, carried: Carried
) -> tuple[Tensor, Tensor]:
    """Gradients of the value and of the rows that are present."""
    present = len(rows)
    to_rows_in = slopes[0] * to_rows[:present]
    to_value = slopes[0] * to_y
    inner = torch.zeros_like(to_value)
    for i in range(present):
        inner.addcmul_(to_rows[i], rows[i])
    to_value.addcmul_(slopes[1], inner)
    for row, k, count, factors in carried.chains:
        if max(factors) < present:
            *others, last = [rows[i] for i in factors]
            outer = _product(to_rows[row] * slopes[k], others)
            to_value.addcmul_(outer, last, value=count)
            outer = to_rows[row] * slopes[k - 1]
            for i, place in enumerate(factors):
                rest = [rows[j] for j in factors[:i] + factors[i + 1 :]]
                to_rows_in[place].addcmul_(_product(outer, rest[:-1]), rest[-1], value=count)
    if carried.collapsed:
        m, outer = len(carried.collapsed), to_rows[-1]
        to_value.addcmul_(outer * slopes[2], _squares(rows[:m]))
        to_rows_in[:m].addcmul_(outer * slopes[1], rows[:m], value=2)
    if rows.shape[1] != to_rows.shape[1]:
        to_rows_in = to_rows_in.sum(1, keepdim=True)
    return to_value, to_rows_in


def _product(start: Tensor, factors: list[Tensor]) -> Tensor:
    for factor in factors:
        start = start * factor
    return start


def _squares(rows: Tensor) -> Tensor:
    """The sum of the squares of rows, without a tensor of their size."""
    total = rows[0] * rows[0]
    for row in rows[1:]:
        _add_product(total, row, row)
    return total


def _add_product(total: Tensor, a: Tensor, b: Tensor, count: int = 1) -> None:
    """total += count a b, in place."""
    if is_transformed():  # vmap has no rule for addcmul_
        total.add_(a * b, alpha=count)
    else:
        total.addcmul_(a, b, value=count)
