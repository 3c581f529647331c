"""What depends on points alone, and is computed once for them."""

import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fredholm.calculus.symbols import Component, Place
from fredholm.calculus.tape import Tape
from fredholm.equations import Coefficient, Coord, Expression, Param
from fredholm.equations.split import is_constant
from fredholm.equations.spread import NormalComponent, Partial, derivative_of, is_function
from fredholm.equations.tree import Const, Learned


@dataclass(frozen=True, eq=False)
class Program:
    """The expressions in two parts: what depends on points alone, and the rest."""

    subtrees: tuple[Expression, ...]
    static: Tape
    dynamic: Tape

    @classmethod
    def of(cls, expressions: Sequence[Expression], static: frozenset[str]) -> "Program":
        subtrees = tuple(dict.fromkeys(s for e in expressions for s in _static_in(e, static)))
        known = frozenset(subtrees)
        return cls(
            subtrees,
            Tape(subtrees, is_function),
            Tape(expressions, lambda e: e in known or is_function(e)),
        )


@dataclass(frozen=True, eq=False)
class Remembered:
    """Values at points, and what they were computed from."""

    points: "weakref.ref[Tensor]"
    normals: "weakref.ref[Tensor] | None"
    versions: tuple[int, ...]
    given: Mapping[str, Component]
    values: Mapping[Expression, Tensor] = field(repr=False)

    @classmethod
    def of(
        cls, at: Place, given: Mapping[str, Component], values: Mapping[Expression, Tensor]
    ) -> "Remembered":
        normals = None if at.normals is None else weakref.ref(at.normals)
        return cls(weakref.ref(at.points), normals, _versions(at), dict(given), values)

    def fits(self, at: Place, given: Mapping[str, Component]) -> bool:
        normals = None if self.normals is None else self.normals()
        return (
            self.points() is at.points
            and normals is at.normals
            and self.versions == _versions(at)
            and self.given.keys() == given.keys()
            and all(_same(given[name], component) for name, component in self.given.items())
        )


def _static_in(e: Expression, static: frozenset[str]) -> list[Expression]:
    """The largest subexpressions that depend on the points alone."""
    if is_constant(e) or isinstance(e, Coord | NormalComponent):
        return []  # as quick to look up as to remember
    if _is_static(e, static):
        return [e]
    if is_function(e):
        return []
    return [found for child in e.children for found in _static_in(child, static)]


def _is_static(e: Expression, static: frozenset[str]) -> bool:
    if is_function(e):
        core, _ = derivative_of(e)
        return isinstance(core, Coefficient) and core.name in static
    if isinstance(e, Param | Learned) or isinstance(e, Partial) and e.learned:
        return False
    if isinstance(e, Const | Coord | NormalComponent):
        return True
    return all(_is_static(child, static) for child in e.children)


def can_be_remembered(points: Tensor) -> bool:
    """Whether values at these points stay valid: no gradient in them, and changes can be seen."""
    if torch.is_inference_mode_enabled():  # what is made here cannot take part in training
        return False
    return not (points.requires_grad or points.is_inference() or _is_transformed(points))


def _is_transformed(points: Tensor) -> bool:
    """Whether a transform of `torch.func` looks at the tensor, which ends with the transform."""
    return torch._C._functorch.is_functorch_wrapped_tensor(points)  # type: ignore[attr-defined]


def _versions(at: Place) -> tuple[int, ...]:
    tensors = (at.points,) if at.normals is None else (at.points, at.normals)
    return tuple(-1 if tensor.is_inference() else tensor._version for tensor in tensors)


def _same(a: Component, b: Component) -> bool:
    return a.function is b.function and a.index == b.index
