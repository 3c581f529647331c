"""Points without the order of a grid: clouds, and what they share with meshes."""

from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
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
    """

    names: tuple[str, ...] = ()  # type: ignore[assignment]
    """Names of the coordinates."""
    units: tuple[str, ...]
    """Units of the coordinates."""

    @property
    @abstractmethod
    def coords(self) -> Float[Tensor, "n dim"]:
        """Coordinates in float64."""

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


class PointCloud(Unstructured):
    """Scattered points with the volume that each of them stands for.

    Args:
        coords: Coordinates, one row per point.
        weights: Quadrature weights; by default the mean spacing estimated from the nearest
            neighbours (see `fredholm.domains.neighbour_weights`).
        parts: Numbers of the points on each part of the boundary.
        normals: Outward unit normals at those points, zero elsewhere; by default all zero.
        names: Names of the coordinates, by default x, y, z.
        units: Units, for all coordinates or one each.

    Shapes:
        coords (n, dim), weights (n,), normals (n, dim).

    Raises:
        ValueError: No points, coordinates that are not finite, or lengths that do not match.
    """

    def __init__(
        self,
        coords: Float[Tensor, "n dim"],
        weights: Float[Tensor, "n"] | None = None,
        *,
        parts: Mapping[str, Int[Tensor, "k"]] | None = None,
        normals: Float[Tensor, "n dim"] | None = None,
        names: Sequence[str] = (),
        units: str | Sequence[str] = "",
    ) -> None:
        self._coords = as_coordinates(coords)
        self.names, self.units = coordinate_labels(self.dim, names, units)
        self._parts = {
            name: _numbers(name, which, len(self)) for name, which in (parts or {}).items()
        }
        for label, given, shape in (
            ("weights", weights, (len(self),)),
            ("normals", normals, (len(self), self.dim)),
        ):
            if given is not None and tuple(given.shape) != shape:
                raise ValueError(
                    f"{label} of this cloud have shape {shape}, got {tuple(given.shape)}"
                )
        self._weights = None if weights is None else weights.to(torch.float64)
        self._normals = None if normals is None else normals.to(torch.float64)

    @property
    def coords(self) -> Float[Tensor, "n dim"]:
        return self._coords

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self._parts)

    def on(self, part: str) -> Int[Tensor, "k"]:
        self._require(part)
        return self._parts[part]

    @property
    def normals(self) -> Float[Tensor, "n dim"]:
        return torch.zeros_like(self._coords) if self._normals is None else self._normals

    def weights(self) -> Float[Tensor, "n"]:
        if self._weights is None:
            from fredholm.domains.points.point_weights import neighbour_weights

            self._weights = neighbour_weights(self._coords)
        return self._weights

    def __str__(self) -> str:
        return f"PointCloud({len(self)} points in {', '.join(self.names)})"


def as_coordinates(coords: Tensor) -> Float[Tensor, "n dim"]:
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


def coordinate_labels(
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


def _numbers(name: str, which: Tensor, total: int) -> Int[Tensor, "k"]:
    which = torch.as_tensor(which, dtype=torch.long).unique()
    if len(which) and not 0 <= int(which[0]) <= int(which[-1]) < total:
        raise ValueError(f"part {name!r} names point {int(which[-1])} of {total}")
    return which
