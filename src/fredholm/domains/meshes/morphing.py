"""Meshes without holes, or with one, mapped to the unit disk: shapes made comparable."""

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu

from fredholm.domains.meshes.mesh import Mesh
from fredholm.domains.meshes.mesh_checks import boundary_facets

Array = np.ndarray

_RING = 0.5
"""Radius of the circle that the boundary of a hole is moved to."""


def on_disk(mesh: Mesh) -> Mesh:
    """The mesh with its nodes moved into the unit disk, or into the ring 1/2 ≤ r ≤ 1, cell by cell.

    Nodes of the outer boundary go to the unit circle, counterclockwise and spaced by arc length,
    those of the boundary of a hole to the circle of half the radius. Every node inside becomes a
    mean of its neighbours, weighted with its mean value coordinates among them; in a ring it is
    radius and angle of which means are taken. Then no cell of a disk is turned over.

    Angle zero is where the ray from the centroid of what a boundary encloses, in the direction of
    the first coordinate, leaves it for good: shapes that are similar are mapped alike. They are not
    brought into line by rotation.

    Raises:
        ValueError: The mesh does not consist of triangles in the plane, is not in one piece, has
            several holes, or one that does not hold its own centroid.

    Reference:
        Floater, Computer Aided Geometric Design 14, 1997 (parametrisation by convex combinations);
        Floater, ibid. 20, 2003 (mean value coordinates).
    """
    outer, *holes = boundary_loops(mesh)
    points, weights = mesh.coords.numpy(), _mean_values(mesh)
    if not holes:
        angles = _angles(points[outer])
        place = np.zeros((len(mesh), 2))
        place[outer] = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        _spread(weights, outer, place, 0)
    else:
        place = _on_ring(points, weights, outer, holes[0])
    try:
        return Mesh(torch.from_numpy(place), mesh.cells, names=mesh.names)
    except ValueError as error:
        raise ValueError(
            f"{mesh} cannot be mapped to the disk: cells at its boundary, all of whose nodes lie "
            f"there, would be flattened ({error}); use a finer mesh"
        ) from error


def boundary_loops(mesh: Mesh) -> list[Array]:
    """Numbers of the nodes along the outer boundary, and along that of each hole.

    All are followed counterclockwise.

    Raises:
        ValueError: As in `on_disk`, but for the place of the hole.
    """
    if mesh.kind != "triangle" or mesh.dim != 2:
        raise ValueError(
            f"only triangles in the plane are mapped to a disk, got {mesh} in {mesh.dim} dimensions"
        )
    following = _following(mesh)
    loops = []
    while following:
        first, node = following.popitem()
        loop = [first]
        while node != first:
            loop.append(node)
            node = following.pop(node)
        loops.append(np.array(loop))
    pieces = (len(mesh) - len(mesh.edges) + len(mesh.cells) + len(loops)) / 2
    if pieces != 1 or len(loops) > 2:
        raise ValueError(
            f"{mesh} has a boundary of {len(loops)} loops: only shapes in one piece, without holes "
            "or with one, are mapped to a disk"
        )
    points = mesh.coords.numpy()
    areas = [_area_and_centroid(points[loop])[0] for loop in loops]
    outer = loops[int(np.argmax(areas))]
    return [outer, *(loop[::-1] for loop, area in zip(loops, areas) if area < 0)]


def _following(mesh: Mesh) -> dict[int, int]:
    """For each node of the boundary the next one, with the cells on the left."""
    facets, owners = boundary_facets(mesh.cells)
    a, b = facets.numpy().T
    corners = mesh.cells[owners].numpy()  # counterclockwise
    place = np.argmax(corners == a[:, None], axis=1)
    after = corners[np.arange(len(a)), (place + 1) % 3]
    start, stop = np.where(after == b, a, b), np.where(after == b, b, a)
    if len(np.unique(start)) < len(start):
        raise ValueError(f"{mesh} touches itself at a node of its boundary: no disk is like it")
    return dict(zip(start.tolist(), stop.tolist()))


def _area_and_centroid(loop: Array) -> tuple[float, Array]:
    """Of the polygon with these corners; the area is negative where it is followed clockwise."""
    ahead = np.roll(loop, -1, axis=0)
    cross = loop[:, 0] * ahead[:, 1] - loop[:, 1] * ahead[:, 0]
    area = 0.5 * float(cross.sum())
    return area, (cross[:, None] * (loop + ahead)).sum(0) / (6 * area)


def _angles(loop: Array) -> Array:
    """2π times the arc length along a loop, from its last cut by the ray to each corner."""
    ahead = np.roll(loop, -1, axis=0)
    lengths = np.linalg.norm(ahead - loop, axis=1)
    arc = np.concatenate([[0.0], np.cumsum(lengths)])
    (x, y), (next_x, next_y) = ((part - _area_and_centroid(loop)[1]).T for part in (loop, ahead))
    rises = (y < 0) & (next_y >= 0)
    share = np.where(rises, -y / np.where(rises, next_y - y, 1), 0)
    edge = int(np.where(rises, x + share * (next_x - x), -np.inf).argmax())
    zero = arc[edge] + share[edge] * lengths[edge]
    return 2 * np.pi * (arc[:-1] - zero) / arc[-1]


def _on_ring(points: Array, weights: sparse.csr_array, outer: Array, hole: Array) -> Array:
    """Places in the ring: radius and angle, the angle with jumps of 2π across a cut.

    On which side of the cut a node lies is told by its angle about a point in the hole.
    """
    x, y = (points - _area_and_centroid(points[hole])[1]).T
    about = np.arctan2(y, x)
    turns = _turns(about[hole], about[np.roll(hole, -1)])
    if turns.sum() != -1:
        raise ValueError("the hole of this mesh does not hold its own centroid: no ring is like it")
    polar = np.zeros((len(points), 2))
    for loop, radius in ((outer, 1.0), (hole, _RING)):
        polar[loop, 0] = radius
        # From corner to corner the angle grows as the arc does; across the cut it jumps back.
        angles = _angles(points[loop])
        passed = np.cumsum(np.concatenate([[0], _turns(about[loop[:-1]], about[loop[1:]])]))
        sheet = np.round((about[loop[0]] - angles[0]) / (2 * np.pi))
        polar[loop, 1] = angles + 2 * np.pi * (sheet + passed)
    edges = weights.tocoo()
    jumps = -2 * np.pi * _turns(about[edges.row], about[edges.col])
    gained = np.bincount(edges.row, edges.data * jumps, minlength=len(points))
    _spread(weights, np.concatenate([outer, hole]), polar, np.stack([0 * gained, gained], axis=1))
    radius, angle = polar.T
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _turns(start: Array, stop: Array) -> Array:
    """By how many turns angles in (-π, π] jump on the way from one to a near one: -1, 0 or 1."""
    return np.round((stop - start) / (2 * np.pi)).astype(int)


def _spread(weights: sparse.csr_array, known: Array, place: Array, gained: Array | int) -> None:
    """Fills the rows that are not known: pᵢ Σⱼ wᵢⱼ = Σⱼ wᵢⱼ pⱼ + gainedᵢ."""
    inside = np.setdiff1d(np.arange(len(place)), known)
    if not len(inside):
        return
    rows = weights[inside]
    matrix = sparse.diags_array(rows.sum(1)) - rows[:, inside]
    right = rows[:, known] @ place[known]
    right = right + (gained if isinstance(gained, int) else gained[inside])
    place[inside] = splu(matrix.tocsc()).solve(right)


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
