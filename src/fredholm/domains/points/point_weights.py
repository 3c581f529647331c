"""Quadrature weights of scattered points: the volume that each of them stands for."""

import math
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from scipy.spatial import ConvexHull, Delaunay, KDTree, Voronoi
from torch import Tensor

from fredholm.domains.geometry import Polygon
from fredholm.domains.points.neighbours import coordinates, kth_distance

_NEIGHBOURS = {1: 4, 2: 12, 3: 32}
"""Lattice points within two spacings of one of them: the ball that holds so many neighbours,
divided by their number, has the volume of one point up to 5 % on a lattice, and on average among
random points."""
_BLOCK = 4096
"""Points whose distances from all edges of a polygon are held at a time."""


def neighbour_weights(coords: Float[Tensor, "n dim"]) -> Float[Tensor, "n"]:
    """The volume of the ball that reaches a point's k-th neighbour, over k.

    On average right for random points, up to 5 % on lattices, wherever the ball lies inside. At the
    boundary, where part of it is empty, weights are too large, on flat pieces about twice. Meshes
    and `voronoi_weights` have no such excess.

    Raises:
        ValueError: There are fewer than two points.

    Reference:
        Loftsgaarden & Quesenberry, Annals of Mathematical Statistics 36, 1965.
    """
    x = coordinates(coords).numpy()
    count, dim = x.shape
    if count < 2:
        raise ValueError("a single point has no volume: give the cloud its weights")
    neighbours = min(_NEIGHBOURS.get(dim, 64), count - 1)
    reach = kth_distance(KDTree(x), x, neighbours + 1)
    ball = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1)
    return torch.from_numpy(ball * reach**dim / neighbours)


def voronoi_weights(
    coords: Float[Tensor, "n 2"], region: Polygon | None = None, *, holes: Sequence[Polygon] = ()
) -> Float[Tensor, "n"]:
    """The area of the part of a region that is nearer to a point than to all others.

    In the plane only; other shapes than polygons are given as polygons of many edges. Exact for
    constants, second order for smooth functions. For clouds of more dimensions `neighbour_weights`
    or the weights of a mesh serve.

    Args:
        coords: The points; they may lie on the boundary.
        region: By default the convex hull of the points: too large for shapes with notches.
        holes: What is cut out of it, disjoint and within.

    Raises:
        ValueError: The points are not in the plane, lie on a line, or two of them are the same.
    """
    x = coordinates(coords).numpy()
    if x.shape[1] != 2:
        raise ValueError(f"Voronoi cells are cut in the plane only, got {x.shape[1]} coordinates")
    if len(np.unique(x, axis=0)) < max(len(x), 3) or np.linalg.matrix_rank(x - x[0]) < 2:
        raise ValueError("Voronoi cells need three different points or more that are on no line")
    region = region or Polygon(tuple((a, b) for a, b in x[ConvexHull(x).vertices].tolist()))
    areas, reach = _whole_cells(x)
    total = np.zeros(len(x))
    neighbours = Delaunay(x).vertex_neighbor_vertices
    for sign, polygon in ((1, region), *((-1, hole) for hole in holes)):
        depth = -_signed_distances(polygon, coordinates(coords))
        inside = depth >= reach
        total[inside] += sign * areas[inside]
        vertices = np.array(polygon.vertices)
        for point in np.flatnonzero(np.abs(depth) < reach):  # those that the boundary may cut
            near = neighbours[1][neighbours[0][point] : neighbours[0][point + 1]]
            total[point] += sign * _area(_nearer(vertices, x[point], x[near]))
    return torch.from_numpy(total)


def _whole_cells(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Area of each Voronoi cell in the whole plane, and its reach from the point."""
    diagram = Voronoi(x)
    ends, pairs = np.array(diagram.ridge_vertices), diagram.ridge_points
    areas, reach = np.zeros(len(x)), np.zeros(len(x))
    open_ = (ends < 0).any(1)
    reach[pairs[open_].ravel()] = np.inf
    first, second = diagram.vertices[ends[~open_]].transpose(1, 0, 2)
    for points in pairs[~open_].T:
        a, b = first - x[points], second - x[points]
        np.add.at(areas, points, np.abs(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2)
        np.maximum.at(reach, points, np.linalg.norm(a, axis=1))
        np.maximum.at(reach, points, np.linalg.norm(b, axis=1))
    return areas, reach


def _signed_distances(polygon: Polygon, points: Tensor) -> np.ndarray:
    blocks = points.split(_BLOCK)
    return torch.cat([polygon.signed_distance(block) for block in blocks]).numpy()


def _nearer(polygon: np.ndarray, point: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Vertices of the part of a polygon that is nearer to a point than to others.

    Of a polygon that is not convex the part may fall apart; its pieces are then joined by edges
    that are run through twice, which do not matter for the area.

    Reference:
        Sutherland & Hodgman, Communications of the ACM 17, 1974.
    """
    for other in others:
        if not len(polygon):
            break
        away = (polygon - (point + other) / 2) @ (other - point)
        after, ahead = np.roll(polygon, -1, axis=0), np.roll(away, -1)
        crossed = (away < 0) != (ahead < 0)
        share = away / np.where(crossed, away - ahead, 1)
        cut = polygon + share[:, None] * (after - polygon)
        both = np.stack([polygon, cut], axis=1).reshape(-1, 2)
        polygon = both[np.stack([away < 0, crossed], axis=1).ravel()]
    return polygon


def _area(polygon: np.ndarray) -> float:
    x, y = polygon.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2
