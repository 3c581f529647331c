"""Which points are neighbours: the edges of graphs on clouds and meshes.

Edges are directed, both ways unless said otherwise, and stand in an integer tensor (2, edges): row 0
the sender, row 1 the receiver. They are sorted by receiver, then by sender. Which points are joined
does not depend on the order in which the points are given. Memory is proportional to the edges.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import Delaunay, cKDTree
from torch import Tensor

from fredholm.domains.mesh import Mesh
from fredholm.domains.stack import Stack
from fredholm.domains.unstructured import Unstructured

_TIE = 1e-9
"""Relative difference of distances that are taken as equal, so that rounding does not decide."""

_SPARSE = 2.5
"""Radius of an empty sphere, in mean distances to the 2·dim-th neighbour of the points on it, above
which Delaunay's cells are taken to lie outside. For random points of constant density fewer than
one cell in a million inside is that large."""


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
    return _both_ways(edges, len(coords), loops)


def delaunay_edges(
    points: Unstructured | Float[Tensor, "n dim"], loops: bool = False
) -> Int[Tensor, "2 edges"]:
    """Edges of the Delaunay triangulation of the points.

    The triangulation fills the convex hull. So that it does not bridge notches and holes, cells are
    left out whose empty sphere has a radius of more than 2.5 times the mean distance at which their
    corners find their 2·dim-th neighbour. An opening narrower than that stays bridged. Every point
    keeps the edge to its nearest neighbour.

    Args:
        points: A cloud, a mesh (whose own cells do not matter here), or coordinates.
        loops: Whether a point is its own neighbour.

    Raises:
        ValueError: There are too few points, or they lie in a plane or on a line.
    """
    coords = coordinates(points)
    cells = delaunay_cells(coords)
    first, second = torch.triu_indices(cells.shape[1], cells.shape[1], offset=1)
    sides = torch.stack([cells[:, first], cells[:, second]]).flatten(1)
    closest = cross_edges(coords, coords, nearest=2)
    return _both_ways(torch.cat([sides, closest], dim=1), len(coords), loops)


def mesh_edges(mesh: Unstructured, loops: bool = False) -> Int[Tensor, "2 edges"]:
    """Edges between nodes that a cell joins.

    Raises:
        ValueError: The domain is a cloud, which has no cells.
    """
    if not isinstance(mesh, Mesh):
        raise ValueError(
            f"edges of cells need a Mesh, got a {type(mesh).__name__}: use radius_edges, "
            "nearest_edges or delaunay_edges"
        )
    return _both_ways(mesh.edges.T, len(mesh), loops)


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
    if (radius is None) == (nearest is None):
        raise ValueError("edges are made by a radius or by a number of nearest points: give one")
    tree, others = _tree(senders, periods), _tree(receivers, periods)
    if radius is not None:
        if not radius > 0:
            raise ValueError(f"the radius of a neighbourhood is positive, got {radius}")
        pairs = tree.sparse_distance_matrix(others, radius * (1 + _TIE), output_type="ndarray")
        found = np.stack([pairs["i"], pairs["j"]])
    else:
        if nearest < 1 or nearest > len(senders):
            raise ValueError(
                f"{nearest} nearest points are asked for (a point itself counts among its own), "
                f"there are {len(senders)}"
            )
        reach = tree.query(others.data, [nearest])[0][:, 0]
        lists = tree.query_ball_point(others.data, reach * (1 + _TIE))
        counts = np.fromiter(map(len, lists), dtype=np.int64, count=len(lists))
        flat = np.fromiter(chain.from_iterable(lists), dtype=np.int64, count=int(counts.sum()))
        found = np.stack([flat, np.repeat(np.arange(len(lists)), counts)])
    return _in_order(torch.from_numpy(found.astype(np.int64)))


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


def delaunay_cells(coords: Float[Tensor, "n dim"]) -> Int[Tensor, "m corners"]:
    """Cells of the Delaunay triangulation without those taken to lie outside (`delaunay_edges`).

    On a line the points are joined in their order, and nothing is left out.

    Raises:
        ValueError: There are too few points, or they lie in a plane or on a line.
    """
    x = coords.numpy()
    count, dim = x.shape
    if count <= dim:
        raise ValueError(f"a triangulation in {dim} dimensions needs {dim + 1} points, got {count}")
    # The triangulation of points on one sphere, as on a lattice, depends on their order.
    order = np.lexsort(x.T[::-1])
    if dim == 1:
        return torch.from_numpy(np.stack([order[:-1], order[1:]], axis=1))
    if np.linalg.matrix_rank(x - x.mean(0), tol=1e-10 * np.ptp(x, axis=0).max()) < dim:
        raise ValueError(f"the points lie in a plane or on a line: they have no volume in {dim}-D")
    cells = torch.from_numpy(order[Delaunay(x[order]).simplices.astype(np.int64)])
    reach = cKDTree(x).query(x, [min(2 * dim, count - 1) + 1])[0][:, 0]
    spacing = torch.from_numpy(reach)[cells].mean(1)
    return cells[circumradii(coords[cells]) <= _SPARSE * spacing]


def circumradii(corners: Float[Tensor, "m corners dim"]) -> Float[Tensor, "m"]:
    """Radii of the spheres through the corners of simplices; infinite for flat ones."""
    sides = corners[:, 1:] - corners[:, :1]
    centre, failed = torch.linalg.solve_ex(sides, 0.5 * sides.square().sum(-1, keepdim=True))
    radii = torch.linalg.vector_norm(centre[..., 0], dim=1)
    return torch.where((failed == 0) & torch.isfinite(radii), radii, torch.inf)


def coordinates(points: Unstructured | Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
    """Coordinates in float64, of a domain or as they are."""
    if isinstance(points, Unstructured):
        return points.coords
    return points.detach().to("cpu", torch.float64)


def _tree(points: Float[Tensor, "n dim"], periods: tuple[float, ...]) -> cKDTree:
    x = points.detach().to("cpu", torch.float64).numpy()
    if not periods:
        return cKDTree(x)
    if len(periods) != x.shape[1] or min(periods) < 0:
        raise ValueError(
            f"{x.shape[1]} coordinates need as many periods, zero for one that has none, "
            f"got {periods}"
        )
    box = np.array(periods)
    wrapped = np.where(box > 0, np.mod(x, np.where(box > 0, box, 1)), x)
    wrapped = np.where((box > 0) & (wrapped >= box), 0, wrapped)  # -1e-20 is rounded up to the box
    return cKDTree(wrapped, boxsize=box)


def _both_ways(edges: Int[Tensor, "2 e"], count: int, loops: bool) -> Int[Tensor, "2 edges"]:
    """The edges and their reverses, each once, with loops at all points or at none."""
    edges = edges[:, edges[0] != edges[1]]
    pieces = [edges, edges.flip(0)]
    if loops:
        pieces.append(torch.arange(count).expand(2, count))
    return _in_order(torch.cat(pieces, dim=1).unique(dim=1))


def _in_order(edges: Int[Tensor, "2 edges"]) -> Int[Tensor, "2 edges"]:
    order = np.lexsort((edges[0].numpy(), edges[1].numpy()))
    return edges[:, torch.from_numpy(order)]
