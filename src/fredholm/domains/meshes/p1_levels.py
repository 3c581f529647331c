"""Nested spaces of linear finite elements on a mesh of any shape, for multigrid.

The functions of a coarse level are combinations of those of the finer one, Φ = Pᵀφ, so that its
matrices follow from the finer ones: Pᵀ M P. No coarse mesh has to be made, and hence none that
leaves the shape.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.spatial import KDTree

from fredholm.domains.meshes.mesh import Mesh
from fredholm.domains.meshes.p1 import mass, slope, stiffness
from fredholm.domains.points.coarsening import farthest_points

Matrix = sparse.csr_array
Array = np.ndarray


@dataclass(frozen=True, eq=False)
class Level:
    """A space of finite elements, and how it lies in the next finer one.

    Args:
        coords: Where its functions are one.
        volumes: Their integrals.
        operators: Matrices with the sparsity of the stiffness, free of units, one below the other
            for each row: A/diag(A), M/∫φ, and h G/∫φ for each coordinate, h the size of a cell.
        prolongation: P, from here to the finer level: its rows are convex combinations. None on the
            finest level.
        restriction: From the finer level to here, D⁻¹ Pᵀ D' with D and D' the volumes here and
            there: means, so that a constant stays one.

    Shapes:
        coords (n, dim), volumes (n,), operators ((2 + dim) n, n), prolongation (finer, n),
        restriction (n, finer).
    """

    coords: Array
    volumes: Array
    operators: Matrix
    prolongation: Matrix | None
    restriction: Matrix | None

    def __len__(self) -> int:
        return len(self.coords)


def p1_levels(mesh: Mesh, levels: int, ratio: float) -> tuple[Level, ...]:
    """The space of the mesh, and coarser ones within it.

    The nodes of a coarser level are some of those of the finer one, far from each other. A finer
    node takes its value from the corners of the coarse simplex that it lies in; coarse simplices
    join nodes whose neighbourhoods, measured along edges, meet in a cell. They follow the shape
    where a triangulation of the points would bridge its gaps. A node in none of them, near a curved
    boundary, is moved to the nearest.

    Args:
        mesh: The mesh.
        levels: Number of spaces, the finest included.
        ratio: Nodes of a level for each node of the next coarser one.
    """
    coords, cells = mesh.coords.numpy(), mesh.cells.numpy()
    matrices = [stiffness(mesh), mass(mesh), *(slope(mesh, axis) for axis in range(mesh.dim))]
    dim = cells.shape[1] - 1
    found = [_level(coords, matrices, dim, None, None)]
    for _ in range(levels - 1):
        chosen = farthest_points(coords, max(round(len(coords) / ratio), 1))
        owner = _owners(coords, matrices[1], chosen)
        p = _interpolation(coords, coords[chosen], cells, owner)
        matrices = [(p.T @ matrix @ p).tocsr() for matrix in matrices]
        found.append(_level(coords[chosen], matrices, dim, p, found[-1].volumes))
        coords, cells = coords[chosen], _simplices(cells, owner)
    return tuple(found)


def _level(
    coords: Array, matrices: list[Matrix], dim: int, p: Matrix | None, finer: Array | None
) -> Level:
    """The level with these matrices A, M and G."""
    stiff, mass_matrix, *slopes = matrices
    volumes = mass_matrix.sum(1)
    # A level of one function has no stiffness, but for rounding.
    diagonal = np.maximum(stiff.diagonal(), 1e-9 * volumes ** (1 - 2 / dim))
    inverse = 1 / volumes
    size = volumes ** (1 / dim - 1)
    scaled = [
        sparse.diags_array(factor) @ matrix
        for factor, matrix in [(1 / diagonal, stiff), (inverse, mass_matrix)]
        + [(size, matrix) for matrix in slopes]
    ]
    order = np.arange(len(scaled) * len(coords)).reshape(len(scaled), -1).T.ravel()
    operators = sparse.csr_array(sparse.vstack(scaled))[order]
    if p is None or finer is None:
        return Level(coords, volumes, operators, None, None)
    means = sparse.diags_array(inverse) @ p.T @ sparse.diags_array(finer)
    return Level(coords, volumes, operators, p, means.tocsr())


def _owners(coords: Array, mass_matrix: Matrix, chosen: Array) -> Array:
    """For each node, which of the chosen ones is nearest along edges, the entries of a matrix."""
    edges = mass_matrix.tocoo()
    length = np.linalg.norm(coords[edges.row] - coords[edges.col], axis=1)
    apart = edges.row != edges.col
    lengths = sparse.coo_array(
        (length[apart], (edges.row[apart], edges.col[apart])), shape=edges.shape
    ).tocsr()
    _, _, source = csgraph.dijkstra(
        lengths, directed=False, indices=chosen, min_only=True, return_predecessors=True
    )
    place = np.full(len(coords), -1)
    place[chosen] = np.arange(len(chosen))
    lost = source < 0  # in a piece that holds none of the chosen
    owner = place[np.where(lost, chosen[0], source)]
    owner[lost] = KDTree(coords[chosen]).query(coords[lost])[1]
    return owner


def _simplices(cells: Array, owner: Array) -> Array:
    """Coarse simplices: the owners of the corners of cells, where all of them differ."""
    corners = np.sort(owner[cells], axis=1)
    return np.unique(corners[(np.diff(corners, axis=1) > 0).all(1)], axis=0)


def _interpolation(coords: Array, coarse: Array, cells: Array, owner: Array) -> Matrix:
    """P: the barycentric coordinates of each point in the coarse simplex that holds it."""
    shape = (len(coords), len(coarse))
    simplices = _simplices(cells, owner)
    own = sparse.coo_array((np.ones(len(coords)), (np.arange(len(coords)), owner)), shape=shape)
    if not len(simplices):
        return own.tocsr()
    touching = sparse.coo_array(
        (
            np.ones(simplices.size),
            (simplices.ravel(), np.arange(simplices.size) // simplices.shape[1]),
        ),
        shape=(len(coarse), len(simplices)),
    ).tocsr()
    # All pairs of a point and a simplex that its owner is a corner of.
    point, simplex = sparse.coo_array(own.tocsr() @ touching).coords
    share = _barycentric(coords[point], coarse[simplices[simplex]])
    order = np.lexsort((-share.min(1), point))
    first = order[np.unique(point[order], return_index=True)[1]]
    share = np.maximum(share[first], 0)
    share /= share.sum(1, keepdims=True)
    held = point[first]
    rows = np.repeat(held, simplices.shape[1])
    columns = simplices[simplex[first]].ravel()
    rest = np.setdiff1d(np.arange(len(coords)), held)
    return sparse.coo_array(
        (
            np.concatenate([share.ravel(), np.ones(len(rest))]),
            (np.concatenate([rows, rest]), np.concatenate([columns, owner[rest]])),
        ),
        shape=shape,
    ).tocsr()


def _barycentric(points: Array, corners: Array) -> Array:
    """Barycentric coordinates of points (n, dim) in simplices (n, corners, dim)."""
    sides = corners[:, 1:] - corners[:, :1]
    gram = sides @ sides.transpose(0, 2, 1)
    # Corners on a line give coordinates that are large, and hence a simplex that holds no point.
    gram += 1e-12 * np.trace(gram, axis1=1, axis2=2)[:, None, None] * np.eye(len(gram[0]))
    along = sides @ (points - corners[:, 0])[..., None]
    others = np.linalg.solve(gram, along)[..., 0]
    return np.concatenate([1 - others.sum(1, keepdims=True), others], axis=1)
