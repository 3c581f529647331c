"""Points without the order of a grid: what clouds and meshes share."""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, TypeVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from fredholm.domains.domain import Domain
from fredholm.errors import did_you_mean

T = TypeVar("T")


class Unstructured(Domain):
    """Scattered points, some of which lie on named parts of the boundary.

    Points, weights and parts do not change. What is derived from them (neighbours, coarser levels,
    matrices) is computed once and stays with the object (`remembered`), however often a training
    comes by. Two of them are equal only if they are the same object.

    Args:
        coords: Coordinates, one row per point.
        names: Names of the coordinates, by default x, y, z.
        units: Units, for all coordinates or one each.

    Shapes:
        coords (n, dim).

    Raises:
        ValueError: No points, coordinates that are not finite, or not one name and unit for each.
    """

    names: tuple[str, ...] = ()  # type: ignore[assignment]
    """Names of the coordinates."""
    units: tuple[str, ...]
    """Units of the coordinates."""

    def __init__(
        self, coords: Float[Tensor, "n dim"], names: Sequence[str], units: str | Sequence[str]
    ) -> None:
        self._coords = _as_coordinates(coords)
        self.names, self.units = _labels(self.dim, names, units)

    @property
    def coords(self) -> Float[Tensor, "n dim"]:
        """Coordinates in float64."""
        return self._coords

    @property
    @abstractmethod
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the boundary."""

    @abstractmethod
    def on(self, part: str) -> Int[Tensor, "k"]:
        """Numbers of the points on a part of the boundary, ascending.

        Raises:
            ValueError: There is no such part.
        """

    @property
    @abstractmethod
    def normals(self) -> Float[Tensor, "n dim"]:
        """Outward unit normals at the points of the boundary, zero at the others."""

    @property
    def dim(self) -> int:
        return self.coords.shape[1]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.coords),)

    def __len__(self) -> int:
        return len(self.coords)

    def points(self) -> Float[Tensor, "n dim"]:
        return self.coords

    @cached_property
    def bounds(self) -> tuple[tuple[float, float], ...]:
        """Least and greatest coordinate, for each of them."""
        low, high = self.coords.amin(0).tolist(), self.coords.amax(0).tolist()
        return tuple(zip(low, high))

    @cached_property
    def boundary(self) -> Int[Tensor, "k"]:
        """Numbers of the points on any part of the boundary, ascending."""
        found = [self.on(part) for part in self.parts]
        return torch.cat(found).unique() if found else torch.zeros(0, dtype=torch.long)

    @cached_property
    def on_boundary(self) -> Bool[Tensor, "n"]:
        """Which points lie on the boundary."""
        mask = torch.zeros(len(self), dtype=torch.bool)
        mask[self.boundary] = True
        return mask

    def remembered(self, make: Callable[..., T], *arguments: Any) -> T:
        """`make(self, *arguments)`, computed at the first call and kept with this object.

        Args:
            make: A function of this domain and of hashable arguments, without side effects.
        """
        key = (make, *arguments)
        if key not in self._made:
            self._made[key] = make(self, *arguments)
        return self._made[key]

    @cached_property
    def _made(self) -> dict[Any, Any]:
        """What was derived from this domain, by how."""
        return {}

    def _require(self, part: str) -> None:
        if part not in self.parts:
            raise ValueError(
                f"the boundary has no part {part!r}: {did_you_mean(part, [*self.parts])}"
            )


def _as_coordinates(coords: Tensor) -> Float[Tensor, "n dim"]:
    """Coordinates in float64 on the CPU, checked.

    Raises:
        ValueError: They are no table, there are none, or some are not finite.
    """
    if coords.ndim != 2 or not coords.numel():
        raise ValueError(f"coordinates are a table (points, dim), got shape {tuple(coords.shape)}")
    coords = coords.detach().to("cpu", torch.float64)
    wrong = (~torch.isfinite(coords)).any(1).nonzero()
    if len(wrong):
        raise ValueError(
            f"coordinates of {len(wrong)} points are not finite, the first is point {int(wrong[0])}"
        )
    return coords


def _labels(
    dim: int, names: Sequence[str], units: str | Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and units, one per coordinate.

    Raises:
        ValueError: Their number is not that of the coordinates, or a name is used twice.
    """
    names = tuple(names) or (tuple("xyz"[:dim]) if dim <= 3 else tuple(f"x{i}" for i in range(dim)))
    units = (units,) * dim if isinstance(units, str) else tuple(units)
    if len(names) != dim or len(units) != dim or len(set(names)) < dim:
        raise ValueError(f"{dim} coordinates need as many names and units, got {names} and {units}")
    return names, units
