"""Functions with their derivatives, which pass through a module in the place of a tensor."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from fredholm.calculus.chain import chain
from fredholm.calculus.elementary import Elementary, elementary
from fredholm.calculus.multiindex import Carried

RULES: dict[str, Callable[..., Any]] = {}
"""What functions of torch do with jets, by their names (see `jet_arithmetic` and `jet_shapes`)."""


class Unsupported(Exception):
    """A function has no rule for jets; its name is the argument."""


class Jet:
    """A function's values at points and its derivatives there.

    It is no tensor: torch hands it every function that is called with it (`__torch_function__`),
    and the rule of that function is applied to the value and to all rows at once.

    Args:
        value: (n, *features).
        rows: (p, n or 1, *features): the first p of the derivatives that are carried, the others
            are zero; 1 where they are the same at all points.
        carried: Which derivatives.
    """

    def __init__(self, value: Tensor, rows: Tensor, carried: Carried) -> None:
        self.value, self.rows, self.carried = value, rows, carried

    @classmethod
    def __torch_function__(
        cls, func: Callable, types: Any, args: tuple = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return apply(getattr(func, "__name__", str(func)), *args, **(kwargs or {}))

    def __getattr__(self, name: str) -> Callable:
        if name.startswith("_") or not (name in RULES or elementary(name)):
            raise AttributeError(f"a jet has no {name!r}")
        return lambda *args, **keywords: apply(name, self, *args, **keywords)

    shape = property(lambda self: self.value.shape)
    ndim = property(lambda self: self.value.ndim)
    dtype = property(lambda self: self.value.dtype)
    device = property(lambda self: self.value.device)

    def size(self, dim: int | None = None) -> Any:
        """As of a tensor."""
        return self.value.size() if dim is None else self.value.size(dim)

    def dim(self) -> int:
        """As of a tensor."""
        return self.value.ndim

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        raise Unsupported("bool")

    def __neg__(self) -> "Jet":
        return apply("neg", self)

    def __add__(self, other: Any) -> "Jet":
        return apply("add", self, other)

    __radd__ = __add__

    def __sub__(self, other: Any) -> "Jet":
        return apply("sub", self, other)

    def __rsub__(self, other: Any) -> "Jet":
        return apply("sub", other, self)

    def __mul__(self, other: Any) -> "Jet":
        return apply("mul", self, other)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> "Jet":
        return apply("div", self, other)

    def __rtruediv__(self, other: Any) -> "Jet":
        return apply("div", other, self)

    def __pow__(self, exponent: Any) -> "Jet":
        return apply("pow", self, exponent)

    def __rpow__(self, base: Any) -> "Jet":
        return apply("pow", base, self)

    def __matmul__(self, other: Any) -> "Jet":
        return apply("matmul", self, other)

    def __getitem__(self, index: Any) -> "Jet":
        return apply("getitem", self, index)

    def __gt__(self, other: Any) -> Tensor:
        return apply("gt", self, other)

    def __ge__(self, other: Any) -> Tensor:
        return apply("ge", self, other)

    def __lt__(self, other: Any) -> Tensor:
        return apply("lt", self, other)

    def __le__(self, other: Any) -> Tensor:
        return apply("le", self, other)


def apply(name: str, *args: Any, **keywords: Any) -> Any:
    """The rule of a function, found by its name: torch.mul, Tensor.mul and __mul__ are one.

    Raises:
        Unsupported: There is no rule.
    """
    if name.startswith("__") and name.endswith("__"):
        name = name.strip("_")
    if name in RULES:
        return RULES[name](*args, **keywords)
    f = elementary(name, *args[1:], **keywords)
    if f is None or not isinstance(args[0], Jet):
        raise Unsupported(name)
    return elementwise(f, args[0])


def elementwise(f: Elementary, jet: Jet) -> Jet:
    """A function of one variable, of every entry."""
    return Jet(*chain(f, jet.value, jet.rows, jet.carried), jet.carried)


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


def beside(rows: Tensor, ndim: int) -> Tensor:
    """Rows that broadcast with values of more dimensions, which torch aligns at the last one."""
    return rows[(slice(None), *[None] * (ndim + 1 - rows.ndim))] if rows.ndim <= ndim else rows


def shaped(value: Tensor, rows: Tensor, carried: Carried) -> Jet:
    """The jet with rows that have the features of the value."""
    if rows.shape[2:] != value.shape[1:]:
        rows = rows.expand(len(rows), rows.shape[1], *value.shape[1:])
    return Jet(value, rows, carried)
