"""Tensor-product grids in one to three (or more) dimensions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains.axis import Axis, Location
from fredholm.domains.domain import Domain

Extent = float | tuple[float, float] | Sequence[tuple[float, float]]


@dataclass(frozen=True, init=False)
class Grid(Domain):
    """The product of equidistant axes.

    Args:
        shape: Samples per axis; its length is the dimension.
        extent: A length (the interval [0, length] for every axis), one pair (start, stop) for
            every axis, or one pair per axis.
        periodic: For every axis, or one value per axis.
        location: `"node"`, `"cell"`, `"left"` or `"right"` (see `Axis`), likewise.
        names: Names of the coordinates, by default x, y, z.
        units: Units of the coordinates, for every axis or one per axis.

    Shapes:
        points() (*shape, dim), weights() (*shape,).

    Raises:
        ValueError: Lengths that do not match, repeated names, or an axis that is not valid.
    """

    axes: tuple[Axis, ...]

    def __init__(
        self,
        shape: Sequence[int],
        extent: Extent = 1.0,
        *,
        periodic: bool | Sequence[bool] = False,
        location: Location | Sequence[Location] = "node",
        names: Sequence[str] = (),
        units: str | Sequence[str] = "",
    ) -> None:
        dim = len(shape)
        if not names:
            names = "xyz"[:dim] if dim <= 3 else [f"x{i}" for i in range(dim)]
        columns = (
            _per_axis(shape, dim, "shape"),
            _intervals(extent, dim),
            _per_axis(periodic, dim, "periodic"),
            _per_axis(location, dim, "location"),
            _per_axis(names, dim, "names"),
            _per_axis(units, dim, "units"),
        )
        axes = tuple(
            Axis(int(size), float(start), float(stop), bool(wraps), place, name, unit)
            for size, (start, stop), wraps, place, name, unit in zip(*columns, strict=True)
        )
        self._set(axes)

    @classmethod
    def of(cls, *axes: Axis) -> Self:
        """The grid with these axes, in this order."""
        grid = object.__new__(cls)
        grid._set(axes)
        return grid

    def _set(self, axes: tuple[Axis, ...]) -> None:
        names = [axis.name for axis in axes]
        if not axes or len(set(names)) < len(names):
            raise ValueError(f"a grid needs axes with different names, got {names}")
        object.__setattr__(self, "axes", axes)

    @property
    def arguments(self) -> dict[str, Any]:
        """The constructor's arguments, for `fredholm.calls.describe`."""
        return {
            "shape": self.shape,
            "extent": tuple((axis.start, axis.stop) for axis in self.axes),
            "periodic": tuple(axis.periodic for axis in self.axes),
            "location": tuple(axis.location for axis in self.axes),
            "names": self.names,
            "units": tuple(axis.units for axis in self.axes),
        }

    @property
    def dim(self) -> int:
        return len(self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(axis.size for axis in self.axes)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates, in the order of the axes."""
        return tuple(axis.name for axis in self.axes)

    @property
    def periodic(self) -> bool:
        """Whether every axis is periodic."""
        return all(axis.periodic for axis in self.axes)

    def axis(self, name: str) -> Axis:
        """The axis of that name.

        Raises:
            ValueError: No axis has it.
        """
        for axis in self.axes:
            if axis.name == name:
                return axis
        raise ValueError(f"the grid has axes {self.names}, not {name!r}")

    def points(self) -> Float[Tensor, "*points dim"]:
        mesh = torch.meshgrid(*(axis.points() for axis in self.axes), indexing="ij")
        return torch.stack(mesh, dim=-1)

    def scaled(self, points: Float[Tensor, "*points dim"]) -> Float[Tensor, "*points dim"]:
        """Coordinates in which the box is the unit cube [0, 1]^dim."""
        start = torch.tensor([axis.start for axis in self.axes], dtype=points.dtype)
        length = torch.tensor([axis.length for axis in self.axes], dtype=points.dtype)
        return (points - start) / length

    def weights(self) -> Float[Tensor, "*points"]:
        result = torch.ones((), dtype=torch.float64)
        for axis in self.axes:
            result = result[..., None] * axis.weights()
        return result

    def resized(self, shape: int | Sequence[int]) -> Self:
        """The same box with another number of samples per axis."""
        sizes = _per_axis(shape, self.dim, "shape")
        return type(self).of(*(axis.resized(int(n)) for axis, n in zip(self.axes, sizes)))

    def collocated(self, shape: int | Sequence[int]) -> Self:
        """The same box with so many Chebyshev points along the axes that have ends.

        Periodic axes keep equidistant samples.
        """
        axes = self.resized(shape).axes
        return type(self).of(
            *(axis if axis.periodic else replace(axis, location="chebyshev") for axis in axes)
        )

    def without(self, name: str) -> Self:
        """The grid that is left when one axis is dropped: space-time without its time."""
        self.axis(name)
        return type(self).of(*(axis for axis in self.axes if axis.name != name))

    def behind_time_of(self, other: Self) -> Self:
        """A spatial grid put behind the time axis of another; unchanged where that has none."""
        if "t" not in other.names or "t" in self.names:
            return self
        return type(self).of(other.axis("t"), *self.axes)

    def __str__(self) -> str:
        return "Grid(" + "; ".join(str(axis) for axis in self.axes) + ")"


def _per_axis(value, dim: int, argument: str) -> tuple:
    """One value per axis: a scalar or a string of one word is repeated."""
    if isinstance(value, str) and argument != "names" or not isinstance(value, Sequence):
        return (value,) * dim
    if len(value) != dim:
        raise ValueError(f"{argument} needs {dim} entries, one per axis, got {value!r}")
    return tuple(value)


def _intervals(extent: Extent, dim: int) -> tuple[tuple[float, float], ...]:
    if isinstance(extent, int | float):
        return ((0.0, float(extent)),) * dim
    pairs = tuple(extent)
    if len(pairs) == 2 and all(isinstance(end, int | float) for end in pairs):
        return (pairs,) * dim  # type: ignore[return-value]
    if [len(pair) if isinstance(pair, Sequence) else 1 for pair in pairs] != [2] * dim:
        raise ValueError(
            f"extent is a length, a pair (start, stop), or {dim} such pairs; got {extent!r}"
        )
    return pairs  # type: ignore[return-value]
