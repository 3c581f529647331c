"""What reshapes, choices and joins do to jets: the same to the value and to every row."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from fredholm.calculus.jet import Jet, Unsupported, beside, full, padded, rule, shaped, values_of


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
    leading = index[0] is Ellipsis
    if not leading and index[0] != slice(None):
        raise Unsupported("a choice of points")
    value = jet.value[index]
    if value.shape[:1] != jet.shape[:1]:
        raise Unsupported("a choice of points")
    return Jet(value, jet.rows[index if leading else (slice(None), *index)], jet.carried)


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
    sides = (beside(padded(x), value.ndim) if isinstance(x, Jet) else 0.0 for x in (a, b))
    return shaped(value, torch.where(mask, *sides), like.carried)  # type: ignore[arg-type]


@rule("transpose")
def _transposed(jet: Jet, first: int, second: int) -> Jet:
    axes = _axes((first, second), jet.ndim)
    return Jet(jet.value.transpose(*axes), jet.rows.transpose(*axes), jet.carried)


@rule("to")
def _cast(jet: Jet, *args: Any, **keywords: Any) -> Jet:
    return Jet(jet.value.to(*args, **keywords), jet.rows.to(*args, **keywords), jet.carried)


@rule("contiguous", "clone")
def _same(jet: Jet) -> Jet:
    return jet


@rule("zeros_like", "ones_like", tell=True)
def _constant(name: str, jet: Jet, **keywords: Any) -> Tensor:
    return getattr(torch, name)(jet.value, **keywords)


@rule("gt", "ge", "lt", "le", tell=True)
def _compared(name: str, a: Any, b: Any) -> Tensor:
    return getattr(torch, name)(*(torch.as_tensor(values_of(x)) for x in (a, b)))
