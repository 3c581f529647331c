"""Which points are neighbours: the edges of graphs on clouds and meshes.

Edges are directed, both ways unless said otherwise, and stand in an integer tensor (2, edges): row
0 the sender, row 1 the receiver. They are sorted by receiver, then by sender. Which points are
joined does not depend on the order in which the points are given. Memory is proportional to the
edges.
"""

from collections.abc import Callable, Sequence
from itertools import chain, product
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains.points.stack import Stack
from fredholm.domains.points.unstructured import Unstructured

_TIE = 1e-9
"""Relative difference of distances that are taken as equal, so that rounding does not decide."""


def radius_edges(
    points: Unstructured | Float[Tensor, "n dim"],
    radius: float,
    periods: tuple[float, ...] = (),
    loops: bool = False,
) -> Int[Tensor, "2 edges"]:
    """Edges between all points that are at most `radius` apart.

    Args:
        points: A cloud, a mesh, or coordinates.
        radius: Largest distance, in the units of the coordinates.
        periods: Period of each coordinate, zero for one that has none; none by default. Of several
            images of a point the nearest counts.
        loops: Whether a point is its own neighbour.

    Raises:
        ValueError: The radius is not positive, or there is not one period per coordinate.
    """
    coords = coordinates(points)
    edges = cross_edges(coords, coords, radius=radius, periods=periods)
    return edges if loops else edges[:, edges[0] != edges[1]]


def nearest_edges(
    points: Unstructured | Float[Tensor, "n dim"],
    nearest: int,
    periods: tuple[float, ...] = (),
    loops: bool = False,
) -> Int[Tensor, "2 edges"]:
    """Edges between each point and those nearest to it, in both directions.

    A point has more neighbours than `nearest` where several are equally far, and where it is among
    the nearest of a point that is not among its own.

    Args:
        points: A cloud, a mesh, or coordinates.
        nearest: Number of neighbours, the point itself not counted.
        periods: Period of each coordinate, zero for one that has none; none by default.
        loops: Whether a point is its own neighbour.

    Raises:
        ValueError: There are fewer points, or there is not one period per coordinate.
    """
    coords = coordinates(points)
    edges = cross_edges(coords, coords, nearest=nearest + 1, periods=periods)
    return both_ways(edges, len(coords), loops)


def cross_edges(
    senders: Float[Tensor, "n dim"],
    receivers: Float[Tensor, "m dim"],
    *,
    radius: float | None = None,
    nearest: int | None = None,
    periods: tuple[float, ...] = (),
) -> Int[Tensor, "2 edges"]:
    """Edges from points of one set to points of another, in this direction only.

    Args:
        senders, receivers: Coordinates of the two sets.
        radius: Joins points that are at most so far apart; a receiver may be left without a sender.
        nearest: Joins each receiver to so many nearest senders, and to more that are equally far.
        periods: Period of each coordinate, zero for one that has none; none by default.

    Raises:
        ValueError: Not exactly one of `radius` and `nearest` is given, or it is out of range, or
            there is not one period per coordinate.
    """
    tree, others = _tree(senders, periods), _tree(receivers, periods)
    if radius is not None and nearest is None:
        found = _within(tree, others, radius)
    elif nearest is not None and radius is None:
        found = _closest(tree, others, nearest)
    else:
        raise ValueError("edges are made by a radius or by a number of nearest points: give one")
    order = np.lexsort((found[0], found[1]))
    return torch.from_numpy(found[:, order])


def batched_edges(
    domains: Stack, make: Callable[..., Tensor], *arguments: Any
) -> Int[Tensor, "2 edges"]:
    """The edges of all members of a batch, between points as `domains.flat` numbers them.

    Args:
        domains: The clouds or meshes; each remembers its own edges.
        make: A maker of edges such as `radius_edges`, called as `make(member, *arguments)`.
    """
    parts = [member.remembered(make, *arguments) for member in domains]
    return batched_cross_edges(parts, domains.sizes, domains.sizes)


def batched_cross_edges(
    parts: Sequence[Int[Tensor, "2 edges"]], senders: Sequence[int], receivers: Sequence[int]
) -> Int[Tensor, "2 all_edges"]:
    """Edges of several graphs as those of one, whose points stand one graph after the other.

    Args:
        parts: The edges of each graph, its points numbered from zero.
        senders, receivers: Number of points of each graph on the two sides of its edges.
    """
    starts = np.cumsum([[0, *senders[:-1]], [0, *receivers[:-1]]], axis=1)
    shifts = torch.from_numpy(starts.T[:, :, None])
    return torch.cat([edges + shift for edges, shift in zip(parts, shifts)], dim=1)


def edge_vectors(
    points: Float[Tensor, "n dim"], edges: Int[Tensor, "2 edges"], periods: tuple[float, ...] = ()
) -> Float[Tensor, "edges dim"]:
    """From the receiver of each edge to its sender, on periodic domains to its nearest image."""
    gap = points[edges[0]] - points[edges[1]]
    for axis, period in enumerate(periods):
        if period:
            gap[:, axis] -= period * torch.round(gap[:, axis] / period)
    return gap


def coordinates(points: Unstructured | Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
    """Coordinates in float64, of a domain or as they are."""
    if isinstance(points, Unstructured):
        return points.coords
    return points.detach().to("cpu", torch.float64)


def cell_sides(cells: Int[Tensor, "m corners"]) -> Int[Tensor, "2 sides"]:
    """Every two corners of each cell, in this direction only; what cells share occurs again."""
    corners = cells.shape[1]
    first, second = torch.triu_indices(corners, corners, offset=1)
    return torch.stack([cells[:, first], cells[:, second]]).flatten(1)


def both_ways(edges: Int[Tensor, "2 e"], count: int, loops: bool) -> Int[Tensor, "2 edges"]:
    """The edges and their reverses, each once and in order, with loops at all points or at none."""
    edges = edges[:, edges[0] != edges[1]]
    pieces = [edges, edges.flip(0)]
    if loops:
        pieces.append(torch.arange(count).expand(2, count))
    senders, receivers = torch.cat(pieces, dim=1)
    numbers = (receivers * count + senders).unique()
    return torch.stack([numbers % count, numbers // count])


def tiled(
    coords: Float[Tensor, "n dim"], periods: tuple[float, ...]
) -> Float[Tensor, "tiles*n dim"]:
    """The points, then their periodic images on all sides; image i is that of point i modulo n."""
    if not periods:
        return coords
    shifts = product(*((0.0, period, -period) if period else (0.0,) for period in periods))
    return (torch.tensor([*shifts], dtype=coords.dtype)[:, None] + coords).flatten(0, 1)


def kth_distance(tree: KDTree, points: np.ndarray, k: int) -> np.ndarray:
    """Distance of each of the points (n, dim) to the k-th nearest in the tree, shape (n,)."""
    return np.reshape(tree.query(points, k)[0], (len(points), k))[:, -1]


def in_balls(tree: KDTree, centres: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Numbers of the points of the tree in each ball, and of the ball: shape (2, pairs)."""
    lists = tree.query_ball_point(centres, radii * (1 + _TIE))
    counts = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
    found = np.fromiter(chain.from_iterable(lists), dtype=np.int64, count=int(counts.sum()))
    return np.stack([found, np.repeat(np.arange(len(lists)), counts)])


def _tree(points: Float[Tensor, "n dim"], periods: tuple[float, ...]) -> KDTree:
    x = points.detach().to("cpu", torch.float64).numpy()
    if not periods:
        return KDTree(x)
    if len(periods) != x.shape[1] or min(periods) < 0:
        raise ValueError(
            f"{x.shape[1]} coordinates need as many periods, zero for one that has none, "
            f"got {periods}"
        )
    box = np.array(periods)
    wrapped = np.where(box > 0, np.mod(x, np.where(box > 0, box, 1)), x)
    wrapped = np.where((box > 0) & (wrapped >= box), 0, wrapped)  # -1e-20 is rounded up to the box
    return KDTree(wrapped, boxsize=box)


def _within(tree: KDTree, others: KDTree, radius: float) -> np.ndarray:
    if not radius > 0:
        raise ValueError(f"the radius of a neighbourhood is positive, got {radius}")
    pairs = tree.sparse_distance_matrix(others, radius * (1 + _TIE), output_type="ndarray")
    return np.stack([pairs["i"], pairs["j"]]).astype(np.int64)


def _closest(tree: KDTree, others: KDTree, nearest: int) -> np.ndarray:
    """All points of the tree as near to each of the others as the nearest so many."""
    if not 1 <= nearest <= tree.n:
        raise ValueError(
            f"{nearest} nearest points are asked for (a point itself counts among its own), "
            f"there are {tree.n}"
        )
    return in_balls(tree, others.data, kth_distance(tree, others.data, nearest))
