"""In which cell of a mesh a point lies."""

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains.meshes.mesh import Mesh
from fredholm.domains.meshes.simplices import barycentric, nearest_weights, size_classes
from fredholm.domains.points.stencil import Stencil

_INSIDE = 1e-9
"""Negative barycentric coordinate up to which a point still counts as in a cell: rounding."""
_FIRST = 8
"""Cells by their nearest middles that are tried first; nearly all points lie in one of them."""
_BLOCK = 4096
"""Points whose candidates are looked at together: a bound on memory."""


def located(mesh: Mesh, points: Float[Tensor, "m dim"]) -> Stencil:
    """Points as means of the corners of the cells that they lie in.

    A point outside is moved to the nearest point of the eight boundary facets whose middles are
    nearest; of a surface, a point to the nearest point of the eight cells whose middles are
    nearest, and it counts as outside where it is farther from it than 10⁻⁶ of the cell's size.
    Memory is proportional to the points.

    Args:
        mesh: Intervals, triangles or tetrahedra.
        points: Coordinates in float64.

    Returns:
        Numbers of corners, barycentric coordinates, and which points lie in no cell.
    """
    if mesh.cells.shape[1] <= mesh.dim:
        corners, weights, gap = _nearest_of(mesh.coords, mesh.cells, points)
        size = torch.linalg.vector_norm(
            mesh.coords[corners[:, 1:]] - mesh.coords[corners[:, :1]], dim=-1
        ).amax(1)
        return Stencil(corners, weights, gap > 1e-6 * size)
    cell, weights = _by_nearest_middles(mesh, points)
    rest = (cell < 0).nonzero()[:, 0]
    for block in rest.split(_BLOCK):
        cell[block], weights[block] = _by_reach(mesh, points[block])
    outside = cell < 0
    corners = mesh.cells[cell.clamp(min=0)]
    if bool(outside.any()):
        facets = torch.cat([*mesh.facets.values()])
        near, shares, _ = _nearest_of(mesh.coords, facets, points[outside])
        missing = corners.shape[1] - near.shape[1]
        corners[outside] = torch.cat([near, near[:, :missing]], dim=1)
        weights[outside] = torch.cat([shares, shares.new_zeros(len(shares), missing)], dim=1)
    return Stencil(corners, weights, outside)


def _by_nearest_middles(mesh: Mesh, points: Tensor) -> tuple[Tensor, Tensor]:
    """Cells among those with the nearest middles; -1 where the point is in none of them."""
    count = min(_FIRST, len(mesh.cells))
    tree = mesh.remembered(_middles)
    near = torch.as_tensor(tree.query(points.numpy(), count)[1]).reshape(len(points), count)
    cell = torch.full((len(points),), -1)
    weights = points.new_zeros(len(points), mesh.cells.shape[1])
    for candidate in near.unbind(1):
        open_ = (cell < 0).nonzero()[:, 0]
        if not len(open_):
            break
        tried = barycentric(mesh.coords[mesh.cells[candidate[open_]]], points[open_])
        found = tried.amin(1) >= -_INSIDE
        cell[open_[found]] = candidate[open_[found]]
        weights[open_[found]] = tried[found]
    return cell, weights


def _by_reach(mesh: Mesh, points: Tensor) -> tuple[Tensor, Tensor]:
    """Cells among all whose middle is near enough for the point to be in them: an exact search."""
    cell = torch.full((len(points),), -1)
    weights = points.new_zeros(len(points), mesh.cells.shape[1])
    for numbers, tree, reach in mesh.remembered(_by_size):
        if len(open_ := (cell < 0).nonzero()[:, 0]) == 0:
            break
        pairs = KDTree(points[open_].numpy()).sparse_distance_matrix(
            tree, reach, output_type="ndarray"
        )
        which = open_[torch.from_numpy(pairs["i"].astype(np.int64))]
        candidate = numbers[torch.from_numpy(pairs["j"].astype(np.int64))]
        tried = barycentric(mesh.coords[mesh.cells[candidate]], points[which])
        found = tried.amin(1) >= -_INSIDE
        cell[which[found]] = candidate[found]
        weights[which[found]] = tried[found]
    return cell, weights


def _middles(mesh: Mesh) -> KDTree:
    return KDTree(mesh.coords[mesh.cells].mean(1).numpy())


def _by_size(mesh: Mesh) -> list[tuple[Tensor, KDTree, float]]:
    return size_classes(mesh.coords, mesh.cells)


def _nearest_of(
    coords: Tensor, simplices: Int[Tensor, "f k"], points: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Corners and weights of the nearest point on some simplices, and the distance to it."""
    count = min(_FIRST, len(simplices))
    tree = KDTree(coords[simplices].mean(1).numpy())
    near = torch.as_tensor(tree.query(points.numpy(), count)[1]).reshape(-1)
    repeated = points.repeat_interleave(count, dim=0)
    corners = coords[simplices[near]]
    weights = nearest_weights(corners, repeated)
    gap = torch.linalg.vector_norm((weights[:, None] @ corners)[:, 0] - repeated, dim=1)
    best = gap.reshape(-1, count).argmin(1) + count * torch.arange(len(points))
    return simplices[near[best]], weights[best], gap[best]
