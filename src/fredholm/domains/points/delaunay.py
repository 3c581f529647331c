"""Triangulations of scattered points that do not fill their notches and holes."""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import Delaunay, KDTree
from torch import Tensor

from fredholm.domains.points.neighbours import (
    both_ways,
    cell_sides,
    coordinates,
    cross_edges,
    kth_distance,
    tiled,
)
from fredholm.domains.points.unstructured import Unstructured

_SPARSE = 2.0
"""Radius of an empty sphere, in mean distances to the 2·dim-th neighbour of the points on it, above
which Delaunay's cells are taken to lie outside. Of 20000 random points in a square 99.2 % of the
cells stay; the others are flat ones along its sides."""


def delaunay_edges(
    points: Unstructured | Float[Tensor, "n dim"],
    periods: tuple[float, ...] = (),
    loops: bool = False,
) -> Int[Tensor, "2 edges"]:
    """Edges of the Delaunay triangulation of the points.

    The triangulation fills the convex hull. So that it does not bridge notches and holes, cells are
    left out whose empty sphere has a radius of more than twice the mean distance at which their
    corners find their 2·dim-th neighbour. An opening narrower than that stays bridged. Every point
    keeps the edge to its nearest neighbour.

    Args:
        points: A cloud, a mesh (whose own cells do not matter here), or coordinates.
        periods: Period of each coordinate, zero for one that has none; none by default.
        loops: Whether a point is its own neighbour.

    Raises:
        ValueError: There are too few points, or they lie in a plane or on a line.
    """
    coords = coordinates(points)
    count = len(coords)
    cells = delaunay_cells(tiled(coords, periods))
    cells = cells[(cells < count).any(1)] % count
    closest = cross_edges(coords, coords, nearest=2, periods=periods)
    return both_ways(torch.cat([cell_sides(cells), closest], dim=1), count, loops)


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
    reach = kth_distance(KDTree(x), x, min(2 * dim, count - 1) + 1)
    spacing = torch.from_numpy(reach)[cells].mean(1)
    return cells[circumradii(coords[cells]) <= _SPARSE * spacing]


def circumradii(corners: Float[Tensor, "m corners dim"]) -> Float[Tensor, "m"]:
    """Radii of the spheres through the corners of simplices; infinite for flat ones."""
    sides = corners[:, 1:] - corners[:, :1]
    centre, failed = torch.linalg.solve_ex(sides, 0.5 * sides.square().sum(-1, keepdim=True))
    radii = torch.linalg.vector_norm(centre[..., 0], dim=1)
    return torch.where((failed == 0) & torch.isfinite(radii), radii, torch.inf)
