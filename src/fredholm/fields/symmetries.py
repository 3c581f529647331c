"""Symmetries of a box acting on functions: reflections, exchanges of axes, changes of sign."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations, product

import torch

from fredholm.domains import Axis
from fredholm.errors import did_you_mean
from fredholm.fields.field import Field


@dataclass(frozen=True)
class Symmetry:
    """(g u)(x) = sign · u(g⁻¹x), where g exchanges and reflects the spatial axes of a grid.

    An axis named `t` is left alone, so that one symmetry acts alike on an initial state and on its
    trajectory. The action only reorders samples: it is exact. On a `"left"` grid the mirror image
    of the first sample is the right end, which is not stored; the first sample keeps its value,
    which is right for functions that agree at both ends (zero boundary values, say).

    Args:
        order: Axis i of the result is axis `order[i]` of u.
        flips: Whether axis i of the result runs backwards.
        sign: Factor of the values, 1 or -1.
    """

    order: tuple[int, ...]
    flips: tuple[bool, ...]
    sign: int = 1

    def __call__(self, u: Field) -> Field:
        """The transformed functions, on the same grid.

        Raises:
            ValueError: The grid has another number of spatial axes, or exchanged axes differ.
        """
        axes = u.grid.axes
        spatial = [i for i, axis in enumerate(axes) if axis.name != "t"]
        if len(spatial) != len(self.order):
            raise ValueError(f"a symmetry of {len(self.order)} axes cannot act on {u.grid}")
        values = u.values * self.sign if self.sign != 1 else u.values
        places = list(range(values.ndim))
        for i, j in zip(spatial, self.order):
            source = spatial[j]
            if _geometry(axes[i]) != _geometry(axes[source]):
                raise ValueError(f"axes {axes[i]} and {axes[source]} differ, no exchange maps them")
            places[1 + i] = 1 + source
        values = values.permute(places)
        for i, flip in zip(spatial, self.flips):
            if flip:
                values = _mirror(values, axes[i], 1 + i)
        return u.with_values(values)

    @property
    def inverse(self) -> "Symmetry":
        """The symmetry that undoes this one."""
        dim = len(self.order)
        order = tuple(self.order.index(i) for i in range(dim))
        return Symmetry(order, tuple(self.flips[i] for i in order), self.sign)


def _geometry(axis: Axis) -> tuple:
    return axis.size, axis.length, axis.periodic, axis.location


def _mirror(values: torch.Tensor, axis: Axis, number: int) -> torch.Tensor:
    flipped = values.flip(number)
    if axis.location == "left" or (axis.periodic and axis.location == "node"):
        return flipped.roll(1, number)
    return flipped.roll(-1, number) if axis.location == "right" else flipped


def square(dim: int) -> tuple[Symmetry, ...]:
    """All reflections and exchanges of axes: 2 in one, 8 in two, 48 in three dimensions."""
    return tuple(
        Symmetry(order, flips)
        for order in permutations(range(dim))
        for flips in product((False, True), repeat=dim)
    )


def reflections(dim: int) -> tuple[Symmetry, ...]:
    """All reflections of single axes and their products: 2^dim."""
    order = tuple(range(dim))
    return tuple(Symmetry(order, flips) for flips in product((False, True), repeat=dim))


def odd_reflection(dim: int) -> tuple[Symmetry, ...]:
    """The point reflection x -> -x together with u -> -u, as for Burgers' equation."""
    order = tuple(range(dim))
    return (Symmetry(order, (False,) * dim), Symmetry(order, (True,) * dim, sign=-1))


def identity(dim: int) -> tuple[Symmetry, ...]:
    """No symmetry but the trivial one."""
    return (Symmetry(tuple(range(dim)), (False,) * dim),)


GROUPS: dict[str, Callable[[int], tuple[Symmetry, ...]]] = {
    "none": identity,
    "odd-reflection": odd_reflection,
    "reflections": reflections,
    "square": square,
}
"""Groups by name, as functions of the number of spatial axes; the identity comes first."""


def group(name: str, dim: int) -> tuple[Symmetry, ...]:
    """The group of that name in `dim` spatial dimensions.

    Raises:
        ValueError: The name is not known.
    """
    if name not in GROUPS:
        raise ValueError(f"unknown symmetry {name!r}: {did_you_mean(name, list(GROUPS))}")
    return GROUPS[name](dim)
