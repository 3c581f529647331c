"""Meshes without holes, mapped to the unit disk: shapes made comparable point by point."""

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu

from fredholm.domains.mesh import Mesh
from fredholm.domains.mesh_checks import boundary_facets


def on_disk(mesh: Mesh) -> Mesh:
    """The mesh with its nodes moved into the unit disk, cell by cell.

    Nodes of the boundary go to the unit circle, counterclockwise and spaced by arc length. Every
    node inside becomes a mean of its neighbours, weighted with its mean value coordinates among
    them: then no cell is turned over, and what is a shape in the plane already is changed little.

    Angle zero is given to where the boundary is cut by the ray from the centroid in the direction
    of the first coordinate (its outermost cut), so that shapes that are similar are mapped alike;
    they are not brought into line by rotation.

    Raises:
        ValueError: The mesh does not consist of triangles in the plane, is not in one piece, or has
            holes.

    Reference:
        Floater, Computer Aided Geometric Design 14, 1997 (parametrisation by convex combinations);
        Floater, ibid. 20, 2003 (mean value coordinates).
    """
    loop = boundary_loop(mesh)
    angles = _angles(mesh, loop)
    place = np.zeros((len(mesh), 2))
    place[loop] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    weights = _mean_values(mesh)
    inside = np.setdiff1d(np.arange(len(mesh)), loop)
    if len(inside):
        rows = weights[inside]
        total = sparse.diags_array(rows.sum(1))
        place[inside] = splu((total - rows[:, inside]).tocsc()).solve(rows[:, loop] @ place[loop])
    return Mesh(torch.from_numpy(place), mesh.cells, names=mesh.names)


def boundary_loop(mesh: Mesh) -> np.ndarray:
    """Numbers of the nodes along the boundary, counterclockwise.

    Raises:
        ValueError: As in `on_disk`.
    """
    if mesh.kind != "triangle" or mesh.dim != 2:
        raise ValueError(
            f"only triangles in the plane are mapped to a disk, got {mesh} in {mesh.dim} dimensions"
        )
    facets, owners = boundary_facets(mesh.cells)
    a, b = facets.numpy().T
    # Cells are turned counterclockwise; each of their edges is followed in that sense.
    corners = mesh.cells[owners].numpy()
    after = np.take_along_axis(
        corners, (np.argmax(corners == a[:, None], axis=1)[:, None] + 1) % 3, axis=1
    )[:, 0]
    start, stop = np.where(after == b, a, b), np.where(after == b, b, a)
    if len(np.unique(start)) < len(start):
        raise ValueError(f"{mesh} touches itself at a node of its boundary: no disk is like it")
    following = dict(zip(start.tolist(), stop.tolist()))
    loop = [int(start[0])]
    while (node := following[loop[-1]]) != loop[0]:
        loop.append(node)
    if len(loop) < len(start):
        raise ValueError(
            f"{mesh} has a boundary in several pieces; only shapes in one piece without holes are "
            "mapped to a disk"
        )
    return np.array(loop)


def _angles(mesh: Mesh, loop: np.ndarray) -> np.ndarray:
    """2π times the arc length along the boundary, from its cut by the ray to each node."""
    points = mesh.coords.numpy()[loop]
    ahead = np.roll(points, -1, axis=0)
    lengths = np.linalg.norm(ahead - points, axis=1)
    arc = np.concatenate([[0.0], np.cumsum(lengths)])
    weights = mesh.weights().numpy()
    x, y = (points - weights @ mesh.coords.numpy() / weights.sum()).T
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    crosses = (y < 0) & (next_y >= 0)
    share = np.where(crosses, -y / np.where(crosses, next_y - y, 1), 0)
    reach = np.where(crosses, x + share * (next_x - x), -np.inf)
    edge = int(reach.argmax())
    zero = arc[edge] + share[edge] * lengths[edge]
    return 2 * np.pi * (arc[:-1] - zero) / arc[-1]


def _mean_values(mesh: Mesh) -> sparse.csr_array:
    """Row i: the weights (tan(α/2) + tan(β/2))/|xᵢ - xⱼ| of the neighbours j of node i.

    α and β are the angles at i on both sides of the edge to j.
    """
    cells, points = mesh.cells.numpy(), mesh.coords.numpy()
    rows, columns, values = [], [], []
    for corner in range(3):
        i, j, k = (cells[:, (corner + step) % 3] for step in range(3))
        to_j, to_k = points[j] - points[i], points[k] - points[i]
        length_j, length_k = np.linalg.norm(to_j, axis=1), np.linalg.norm(to_k, axis=1)
        cross = to_j[:, 0] * to_k[:, 1] - to_j[:, 1] * to_k[:, 0]
        # tan(γ/2) = sin γ/(1 + cos γ)
        half = cross / (length_j * length_k + (to_j * to_k).sum(1))
        rows += [i, i]
        columns += [j, k]
        values += [half / length_j, half / length_k]
    size = (len(mesh), len(mesh))
    data = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return sparse.coo_array(data, shape=size).tocsr()
