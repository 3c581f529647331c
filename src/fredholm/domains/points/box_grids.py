"""Between scattered points and small grids in boxes, by interpolation both ways."""

from functools import lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import Delaunay, KDTree
from torch import Tensor

from fredholm.domains.grid import Grid
from fredholm.domains.points.unstructured import Unstructured

Boxes = tuple[tuple[tuple[float, ...], tuple[float, ...]], ...]
"""Lower and upper corner of each box, as plain numbers: what a domain can remember things for."""


class Stencils(NamedTuple):
    """A value at each new point as a weighted sum of old values: numbers and weights of those."""

    numbers: Int[Tensor, "m k"]
    weights: Float[Tensor, "m k"]


def plain(boxes: Float[Tensor, "k 2 dim"]) -> Boxes:
    """The corners as plain numbers."""
    return tuple((tuple(low), tuple(high)) for low, high in boxes.tolist())


@lru_cache(maxsize=16)
def box_points(boxes: Boxes, shape: tuple[int, ...]) -> Float[Tensor, "k *shape dim"]:
    """The points of a grid of this shape, ends included, in each box."""
    unit = Grid(shape).points()
    corners = torch.tensor(boxes, dtype=torch.float64)
    low, high = corners.reshape(len(boxes), 2, *[1] * len(shape), -1).unbind(1)
    return low + unit * (high - low)


def to_boxes(domain: Unstructured, boxes: Boxes, shape: tuple[int, ...]) -> Stencils:
    """From values at the points of a domain to values on the grids of all boxes, in their order.

    Linear interpolation in Delaunay's simplices of the points, which span the holes and dents of
    their domain too; beyond the convex hull the value of the nearest point. On a line both are the
    interpolation between neighbours.
    """
    coords = domain.coords.numpy()
    points = box_points(boxes, shape).flatten(0, -2).numpy()
    if domain.dim == 1:
        return _between_neighbours(coords[:, 0], points[:, 0])
    cells = Delaunay(coords)
    simplex = cells.find_simplex(points)
    frames = cells.transform[simplex]
    inner = np.einsum("mij,mj->mi", frames[:, :-1], points - frames[:, -1])
    weights = np.concatenate([inner, 1 - inner.sum(1, keepdims=True)], axis=1)
    corners = cells.simplices[simplex].astype(np.int64)
    # A cell without volume has no coordinates; it is as thin as rounding.
    outside = (simplex < 0) | ~np.isfinite(weights).all(1)
    weights[outside] = np.eye(domain.dim + 1)[0]
    corners[outside, 0] = KDTree(coords).query(points[outside])[1]
    return Stencils(torch.as_tensor(corners), torch.as_tensor(weights))


def from_boxes(domain: Unstructured, boxes: Boxes, shape: tuple[int, ...]) -> Stencils:
    """From values on the grids of all boxes, in their order, to values at the points of a domain.

    Multilinear interpolation in the box that holds a point. A point in no box takes the value of
    the nearest point of the nearest box.
    """
    corners = torch.tensor(boxes, dtype=torch.float64)
    low, high = corners.unbind(1)
    x = domain.coords[:, None]
    gap = torch.maximum(low - x, x - high).clamp(min=0)
    nearest = gap.square().sum(-1).argmin(1)
    low, high = low[nearest], high[nearest]
    cells = torch.tensor(shape) - 1
    place = (domain.coords - low) / (high - low).clamp(min=1e-300) * cells
    place = place.clamp(min=torch.zeros(len(shape)), max=cells.double())
    first = torch.minimum(place.long(), cells - 1)
    share = place - first
    numbers, weights = [], []
    for corner in product((0, 1), repeat=len(shape)):
        number, weight = nearest, torch.ones(len(domain), dtype=torch.float64)
        for axis, up in enumerate(corner):
            number = number * shape[axis] + first[:, axis] + up
            weight = weight * (share[:, axis] if up else 1 - share[:, axis])
        numbers.append(number)
        weights.append(weight)
    return Stencils(torch.stack(numbers, 1), torch.stack(weights, 1))


def distances_in_boxes(
    domain: Unstructured, boxes: Boxes, shape: tuple[int, ...]
) -> Float[Tensor, "k *shape"]:
    """Distance from the grid points of all boxes to the nearest point of a domain.

    Large in holes and outside: what shows a grid the shape of the domain.
    """
    points = box_points(boxes, shape)
    found = KDTree(domain.coords.numpy()).query(points.flatten(0, -2).numpy())[0]
    return torch.as_tensor(found).reshape(points.shape[:-1])


def _between_neighbours(x: np.ndarray, points: np.ndarray) -> Stencils:
    order = np.argsort(x)
    left = np.clip(np.searchsorted(x[order], points) - 1, 0, len(x) - 2)
    ends = order[np.stack([left, left + 1], axis=1)]
    start, stop = x[ends].T
    share = np.clip((points - start) / np.maximum(stop - start, 1e-300), 0, 1)
    weights = np.stack([1 - share, share], axis=1)
    return Stencils(torch.as_tensor(ends), torch.as_tensor(weights))
