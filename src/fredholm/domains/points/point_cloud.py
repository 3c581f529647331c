"""Scattered points that no cells join."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.domains.points.point_weights import neighbour_weights
from fredholm.domains.points.unstructured import Unstructured


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
        super().__init__(coords, names, units)
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
            self._weights = neighbour_weights(self._coords)
        return self._weights

    def __str__(self) -> str:
        return f"PointCloud({len(self)} points in {', '.join(self.names)})"


def _numbers(name: str, which: Tensor, total: int) -> Int[Tensor, "k"]:
    which = torch.as_tensor(which, dtype=torch.long).unique()
    if len(which) and not 0 <= int(which[0]) <= int(which[-1]) < total:
        raise ValueError(f"part {name!r} names point {int(which[-1])} of {total}")
    return which
