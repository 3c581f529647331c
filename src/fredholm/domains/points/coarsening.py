"""Fewer points of the same shape: nested levels for multigrid and for graphs of several scales."""

from typing import Literal

import numpy as np
import torch
from jaxtyping import Int
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains.points.point_cloud import PointCloud
from fredholm.domains.points.unstructured import Unstructured

_GREEDY = 100_000_000
"""Distances (less than a second) up to which points are chosen one by one."""


def coarse_levels(
    domain: Unstructured,
    counts: tuple[int | float, ...],
    method: Literal["farthest", "random"] = "farthest",
    seed: int = 0,
) -> tuple[Int[Tensor, "k"], ...]:
    """Numbers of the points of each coarser level.

    The levels are nested: a coarser one holds the first points of a finer one. Which points they
    are does not depend on the order in which the domain has them.

    Args:
        domain: A cloud or a mesh.
        counts: Points of each level, descending: numbers, or fractions of the points of the domain
            (floats of at most one).
        method: `"farthest"`: spread evenly over the shape, its dense regions too (see
            `farthest_points`). `"random"`: each set of points is as likely as any other, so that
            levels keep the density of the points.
        seed: Of the random choice.

    Raises:
        ValueError: The counts are no descending numbers of points of the domain.
    """
    total = len(domain)
    sizes = [max(round(c * total), 1) if isinstance(c, float) else c for c in counts]
    if not sizes or sorted(sizes, reverse=True) != sizes or not 0 < sizes[-1] <= sizes[0] <= total:
        raise ValueError(
            f"levels are descending numbers of points, or fractions, of the {total} points of the "
            f"domain; got {tuple(counts)}"
        )
    coords = domain.coords.numpy()
    if method == "random":
        drawn = torch.randperm(total, generator=torch.Generator().manual_seed(seed))
        chosen = torch.from_numpy(_by_coordinates(coords))[drawn]
        return tuple(chosen[:size] for size in sizes)
    if method != "farthest":
        raise ValueError(f"method is 'farthest' or 'random', got {method!r}")
    finest, kept = [], np.arange(total)
    for size in sizes:
        kept = kept[farthest_points(coords[kept], size)]
        finest.append(kept)
    ordered = finest[-1]
    levels = [ordered]
    for finer in finest[-2::-1]:
        ordered = np.concatenate([ordered, finer[~np.isin(finer, ordered)]])
        levels.append(ordered)
    return tuple(torch.from_numpy(level) for level in levels[::-1])


def coarse_cloud(domain: Unstructured, numbers: Int[Tensor, "k"]) -> PointCloud:
    """Some points of a domain as a domain of its own.

    Each takes over the weights of the points that it is the nearest of the chosen to, so that the
    measure is kept. Parts of the boundary and normals are those of the points.

    Args:
        domain: A cloud or a mesh.
        numbers: Numbers of the points, in the order that they shall have.
    """
    coords = domain.coords[numbers]
    owner = torch.as_tensor(KDTree(coords.numpy()).query(domain.coords.numpy())[1])
    weights = torch.zeros(len(numbers), dtype=torch.float64)
    weights.index_add_(0, owner, domain.weights())
    place = torch.full((len(domain),), -1)
    place[numbers] = torch.arange(len(numbers))
    places = {part: place[domain.on(part)] for part in domain.parts}
    return PointCloud(
        coords,
        weights,
        parts={part: kept[kept >= 0] for part, kept in places.items()},
        normals=domain.normals[numbers],
        names=domain.names,
        units=domain.units,
    )


def farthest_points(coords: np.ndarray, count: int) -> np.ndarray:
    """Numbers of points that spread evenly: each is the one farthest from all before it.

    The first is the one nearest to the mean; of equally far ones the first by its coordinates is
    taken, so that the order of the points does not matter.

    Where the points times `count` exceed 10⁸ most of them are chosen by boxes, at a cost
    proportional to the points: space is cut into equal cubes, the smallest of which no more than
    `count` hold points, and the point nearest to the middle of each is taken. Farthest points make
    up the number.

    Args:
        coords: Coordinates.
        count: How many points to choose.

    Shapes:
        coords (n, dim) -> (count,), in the order of the choice.

    Reference:
        Gonzalez, Theoretical Computer Science 38, 1985: no point is more than twice as far from the
        chosen ones as it would be from the best choice of as many. Not so for boxes.
    """
    order = _by_coordinates(coords)
    x = coords[order]
    if len(x) * count > _GREEDY:
        chosen = _one_per_box(x, count)
    else:
        chosen = np.square(x - x.mean(0)).sum(1).argmin(keepdims=True)
    return order[_with_farthest(x, chosen, count)]


def _by_coordinates(coords: np.ndarray) -> np.ndarray:
    """The order of the points by their first coordinate, then by their second, and so on."""
    return np.lexsort(coords.T[::-1])


def _with_farthest(x: np.ndarray, chosen: np.ndarray, count: int) -> np.ndarray:
    """The chosen points and the farthest from them, one by one."""
    gap = np.square(KDTree(x[chosen]).query(x)[0])
    columns = np.ascontiguousarray(x.T)
    found = list(chosen)
    while len(found) < count:
        found.append(int(gap.argmax()))
        np.minimum(gap, sum((c - c[found[-1]]) ** 2 for c in columns), out=gap)
    return np.array(found)


def _one_per_box(x: np.ndarray, count: int) -> np.ndarray:
    """The point nearest to the middle of each cube that holds any, for at most `count` cubes."""
    large, small = float(np.ptp(x, axis=0).max()) * (1 + 1e-9), 0.0
    for _ in range(20):  # more would overflow the numbers of cubes in three dimensions
        side = 0.5 * (large + small)
        if len(np.unique(_boxes(x, side)[0])) <= count:
            large = side
        else:
            small = side
    box, gap = _boxes(x, large)
    order = np.lexsort((gap, box))
    first = np.flatnonzero(np.diff(box[order], prepend=-1))
    return order[first]


def _boxes(x: np.ndarray, side: float) -> tuple[np.ndarray, np.ndarray]:
    """The number of the cube that each point lies in, and its distance from the middle."""
    position = (x - x.min(0)) / side
    place = np.floor(position).astype(np.int64)
    number = np.asarray(np.ravel_multi_index(tuple(place.T), tuple(place.max(0) + 1)))
    return number, np.linalg.norm(position - place - 0.5, axis=1)
