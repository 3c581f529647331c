"""Symmetries of a box acting on functions: reflections, exchanges of axes, changes of sign."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, permutations, product

import torch

from fredholm.domains import Axis, Grid
from fredholm.errors import did_you_mean
from fredholm.fields.field import Field


@dataclass(frozen=True)
class Symmetry:
    """A change of functions: points move, and channels change places and signs.

    (g u)ⱼ(x) = signsⱼ · u_sources[j](g⁻¹x), where g exchanges and reflects the spatial axes of a
    grid. An axis named `t` is left alone, so that one symmetry acts alike on an initial state and
    on its trajectory. The action only reorders samples and turns signs: it is exact.

    A periodic axis has the mirror image of each of its points. On an axis that is `"left"` or
    `"right"` and not periodic, the mirror image of the end that is stored is the one that is not:
    the samples there keep their places. That is right for functions that agree at both ends (zero
    boundary values, say); others, such as coefficients, are not mirrored in that one row.

    Args:
        order: Axis i of the result is axis `order[i]` of u.
        flips: Whether axis i of the result runs backwards.
        signs: Factor of each channel of the result, 1 or -1; a single one stands for all.
        sources: Channel j of the result is channel `sources[j]` of u; none, each its own.

    Raises:
        ValueError: `sources` is no order of as many channels as there are signs.
    """

    order: tuple[int, ...]
    flips: tuple[bool, ...]
    signs: tuple[int, ...] = (1,)
    sources: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.sources and sorted(self.sources) != list(range(len(self.signs))):
            raise ValueError(
                f"sources order the channels 0 ... {len(self.signs) - 1}, one for each sign, "
                f"got {self.sources}"
            )
        if self.sources == tuple(range(len(self.signs))):
            object.__setattr__(self, "sources", ())

    def __call__(self, u: Field) -> Field:
        """The transformed functions, on the same grid.

        Raises:
            ValueError: The grid has another number of spatial axes, exchanged axes differ, or the
                functions have another number of channels.
        """
        axes = u.grid.axes
        spatial = _spatial(u.grid)
        if len(spatial) != len(self.order):
            raise ValueError(f"a symmetry of {len(self.order)} axes cannot act on {u.grid}")
        values = self._channels(u)
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

    def fits(self, grid: Grid) -> bool:
        """Whether the grid has as many spatial axes, and those that are exchanged are alike."""
        axes = [_geometry(grid.axes[i]) for i in _spatial(grid)]
        return len(axes) == len(self.order) and axes == [axes[j] for j in self.order]

    @property
    def inverse(self) -> "Symmetry":
        """The symmetry that undoes this one."""
        back = _inverse(self.order)
        flips = tuple(self.flips[i] for i in back)
        if not self.sources:
            return Symmetry(back, flips, self.signs)
        channels = _inverse(self.sources)
        return Symmetry(back, flips, tuple(self.signs[j] for j in channels), channels)

    @property
    def determinant(self) -> int:
        """1 for rotations, -1 for reflections: what a pseudo-scalar is multiplied by."""
        pairs = combinations(self.order, 2)
        return (-1) ** (sum(a > b for a, b in pairs) + sum(self.flips))

    def _channels(self, u: Field) -> torch.Tensor:
        if len(self.signs) not in (1, u.channels):
            raise ValueError(
                f"a symmetry of {len(self.signs)} channels cannot act on functions with "
                f"{u.channels}"
            )
        values = u.values[..., list(self.sources)] if self.sources else u.values
        return values if set(self.signs) == {1} else values * values.new_tensor(self.signs)


def _spatial(grid: Grid) -> list[int]:
    """The places of the axes that are not time."""
    return [i for i, axis in enumerate(grid.axes) if axis.name != "t"]


def _geometry(axis: Axis) -> tuple:
    return axis.size, axis.length, axis.periodic, axis.location


def _inverse(order: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(order.index(i) for i in range(len(order)))


def _mirror(values: torch.Tensor, axis: Axis, number: int) -> torch.Tensor:
    """The values at the mirror images of the points: i comes from n - i, or from n - 1 - i."""
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
    return (Symmetry(order, (False,) * dim), Symmetry(order, (True,) * dim, (-1,)))


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
