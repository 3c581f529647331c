"""Linear finite elements: matrices, nested spaces, and the map to the disk."""

import numpy as np
import pytest
import torch
from scipy import sparse
from scipy.sparse.linalg import spsolve_triangular
from scipy.spatial import Delaunay

from fredholm.domains import Mesh, p1_levels
from fredholm.domains.meshes.morphing import boundary_loops, on_disk
from fredholm.domains.meshes.p1 import basis_gradients, mass, slope, stiffness


def _square(n: int, keep=lambda x: np.ones(len(x), dtype=bool), wobble: float = 0.2) -> Mesh:
    """A triangulated square of n x n points, of which cells with some centres are kept."""
    generator = torch.Generator().manual_seed(0)
    line = torch.linspace(0, 1, n, dtype=torch.float64)
    points = torch.cartesian_prod(line, line)
    inside = ((points > 0) & (points < 1)).all(1, keepdim=True)
    shift = (torch.rand(points.shape, generator=generator, dtype=torch.float64) - 0.5) * inside
    numbers = torch.arange(n * n).reshape(n, n)
    a, b, c, d = (
        part.flatten()
        for part in (numbers[:-1, :-1], numbers[1:, :-1], numbers[:-1, 1:], numbers[1:, 1:])
    )
    cells = torch.cat([torch.stack([a, b, d], 1), torch.stack([a, d, c], 1)])
    cells = cells[torch.as_tensor(keep(points[cells].mean(1).numpy()))]
    used, cells = cells.unique(return_inverse=True)
    return Mesh((points + wobble / n * shift)[used], cells)


def _slit(x: np.ndarray) -> np.ndarray:
    """A U: the square without a gap that reaches nearly to its bottom."""
    return ~((abs(x[:, 0] - 0.5) < 0.1) & (x[:, 1] > 0.2))


def _thorn(x: np.ndarray) -> np.ndarray:
    """A square with a square hole, into which one cell reaches from an edge."""
    return (abs(x - 0.5).max(1) > 1 / 6) | (abs(x - [0.37, 0.52]).max(1) < 0.01)


def _ball() -> Mesh:
    x = torch.rand(60, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return Mesh(x, torch.as_tensor(Delaunay(x.numpy()).simplices))


@pytest.mark.parametrize("mesh", [_square(9), _ball()], ids=["triangles", "tetrahedra"])
def test_matrices_integrate_linear_functions_exactly(mesh):
    measure, one = float(mesh.volumes.sum()), np.ones(len(mesh))
    assert mass(mesh).sum() == pytest.approx(measure)
    assert np.allclose(mass(mesh) @ one, mesh.weights())
    assert abs(stiffness(mesh) @ one).max() < 1e-12
    for axis in range(mesh.dim):
        x = mesh.coords[:, axis].numpy()
        assert x @ stiffness(mesh) @ x == pytest.approx(measure)
        assert np.allclose(slope(mesh, axis) @ x, mesh.weights())
        # ∫ x² is that of the polynomial x², cell by cell, by the rule of the edge midpoints
        corners = mesh.coords[mesh.cells, axis]
        pairs = (corners.sum(1) ** 2 + (corners**2).sum(1)) / (
            corners.shape[1] * (corners.shape[1] + 1)
        )
        assert x @ mass(mesh) @ x == pytest.approx(float((mesh.volumes * pairs).sum()))


def test_gradients_on_a_surface_are_tangent():
    mesh = Mesh(torch.tensor([[0.0, 0, 0], [1, 0, 1], [0, 1, 0]]), torch.tensor([[0, 1, 2]]))
    normal = torch.tensor([1.0, 0, -1], dtype=torch.float64)
    assert (basis_gradients(mesh) @ normal).abs().max() < 1e-14
    rise = basis_gradients(mesh)[0].T @ mesh.coords[:, 0]
    assert rise.tolist() == pytest.approx([0.5, 0, 0.5])


def test_coarse_spaces_hold_constants_and_inside_linear_functions():
    mesh = _square(21, _slit)
    fine, coarse, *_ = p1_levels(mesh, 3, 4.0)
    p = coarse.prolongation
    assert abs(p.sum(1) - 1).max() < 1e-12 and p.min() >= 0
    moved = np.linalg.norm(p @ coarse.coords - fine.coords, axis=1)
    # Nodes that no coarse triangle holds are moved; there are few, all near the boundary.
    assert (moved < 1e-9).mean() > 0.75
    assert abs(coarse.restriction @ np.ones(len(fine)) - 1).max() < 1e-12
    assert coarse.volumes.sum() == pytest.approx(float(mesh.volumes.sum()))


def test_coarse_spaces_do_not_bridge_gaps():
    mesh = _square(21, _slit)
    p = p1_levels(mesh, 2, 4.0)[1]
    left = p.coords[:, 0] < 0.5
    arm = (mesh.coords[:, 1] > 0.5).numpy()
    on_left = (mesh.coords[:, 0] < 0.5).numpy()
    weights = np.asarray(p.prolongation[arm].todense())
    assert weights[on_left[arm]][:, ~left].max() == 0
    assert weights[~on_left[arm]][:, left].max() == 0


def _contraction(mesh: Mesh, levels: int) -> float:
    """How much a V-cycle with Gauss-Seidel shrinks the residual of A + M, at its worst."""
    spaces = p1_levels(mesh, levels, 4.0)
    matrices = [(stiffness(mesh) + mass(mesh)).tocsr()]
    for space in spaces[1:]:
        matrices.append((space.prolongation.T @ matrices[-1] @ space.prolongation).tocsr())

    def cycle(level, b):
        matrix = matrices[level]
        if level and level == len(matrices) - 1:
            return np.linalg.solve(matrix.toarray(), b)
        u = spsolve_triangular(sparse.tril(matrix, format="csr"), b)
        if level + 1 < len(matrices):
            p = spaces[level + 1].prolongation
            u = u + p @ cycle(level + 1, p.T @ (b - matrix @ u))
        return u + spsolve_triangular(
            sparse.triu(matrix, format="csr"), b - matrix @ u, lower=False
        )

    residual = np.random.default_rng(0).normal(size=len(mesh))
    sizes = []
    for _ in range(10):
        residual = residual - matrices[0] @ cycle(0, residual)
        sizes.append(np.linalg.norm(residual))
    return sizes[-1] / sizes[-2]


def test_nested_spaces_make_a_multigrid_solver_and_one_level_does_not():
    mesh = _square(21, _slit)
    assert _contraction(mesh, 3) < 0.6
    assert _contraction(mesh, 1) > 0.9


def test_levels_of_tiny_meshes_and_of_pieces_are_finite():
    pieces = _square(9, lambda x: abs(x[:, 0] - 0.5) > 0.1)
    for mesh in (_square(2), _square(3), pieces):
        spaces = p1_levels(mesh, 5, 4.0)
        assert len(spaces[-1]) == 1
        for space in spaces[1:]:
            assert np.allclose(space.prolongation.sum(1), 1)
            assert abs(space.operators.toarray()).max() < 10


def test_any_level_is_free_of_units():
    mesh = _square(11)
    scaled = Mesh(1024 * mesh.coords, mesh.cells)
    for one, other in zip(p1_levels(mesh, 3, 4.0), p1_levels(scaled, 3, 4.0)):
        assert np.allclose(one.operators.toarray(), other.operators.toarray(), atol=1e-9)


def test_disk_turns_no_cell_over_and_keeps_boundary_length():
    mesh = _square(15, _slit)
    disk = on_disk(mesh)
    assert torch.equal(disk.cells, mesh.cells), "a cell was turned over"
    radius = torch.linalg.vector_norm(disk.coords, dim=1)
    (loop,) = boundary_loops(mesh)
    assert torch.allclose(radius[loop], torch.ones(len(loop), dtype=torch.float64))
    inside = ~mesh.on_boundary
    assert radius[inside].max() < 1
    angle = torch.atan2(disk.coords[loop, 1], disk.coords[loop, 0]).numpy()
    steps = np.diff(np.unwrap(angle))
    along = np.linalg.norm(np.diff(mesh.coords[loop].numpy(), axis=0), axis=1)
    assert np.allclose(steps / steps.sum(), along / along.sum())


def test_ring_keeps_cells_and_corners_and_the_boundary_of_the_hole():
    mesh = _square(13, lambda x: abs(x - [0.55, 0.45]).max(1) > 0.2)
    ring = on_disk(mesh)
    assert torch.equal(ring.cells, mesh.cells), "a cell was turned over"
    assert float(ring.volumes.sum()) == pytest.approx(0.75 * np.pi, rel=0.05)
    radius = torch.linalg.vector_norm(ring.coords, dim=1)
    outer, hole = boundary_loops(mesh)
    ends = torch.ones(len(hole), dtype=torch.float64) / 2
    assert torch.allclose(radius[torch.as_tensor(hole.copy())], ends)
    assert radius.min() > 0.499 and len(outer) + len(hole) == len(mesh.boundary)
    corners = [
        int((mesh.coords - torch.tensor(x)).norm(dim=1).argmin()) for x in ((1.0, 1.0), (0.0, 1.0))
    ]
    angles = torch.atan2(ring.coords[corners, 1], ring.coords[corners, 0])
    # Wherever the hole is, arc length along the square puts its corners here.
    assert angles.tolist() == pytest.approx([np.pi / 4, 3 * np.pi / 4])


def test_disk_hardly_changes_a_disk_and_follows_its_turns():
    angles = torch.arange(40, dtype=torch.float64) * (2 * torch.pi / 40) + 0.03
    ring = torch.stack([angles.cos(), angles.sin()], 1)
    x = torch.cat([r * ring[:: 1 + (r < 0.5)] for r in (1.0, 0.7, 0.4)] + [torch.zeros(1, 2)])
    mesh = Mesh(x, torch.as_tensor(Delaunay(x.numpy()).simplices))
    assert (on_disk(mesh).coords - x).norm(dim=1).max() < 0.02
    moved = Mesh(3 * x.flip(1) * torch.tensor([-1.0, 1.0], dtype=torch.float64) + 5, mesh.cells)
    # A quarter turn is a quarter turn: shapes are not brought into line.
    turned = on_disk(mesh).coords.flip(1) * torch.tensor([-1.0, 1.0], dtype=torch.float64)
    assert (on_disk(moved).coords - turned).norm(dim=1).max() < 0.02


def test_no_disk_for_several_holes_or_pieces():
    with pytest.raises(ValueError, match="3 loops"):
        on_disk(_square(17, lambda x: abs(abs(x[:, 0] - 0.5) - 0.25) + abs(x[:, 1] - 0.5) > 0.15))
    with pytest.raises(ValueError, match="in one piece"):
        on_disk(_square(9, lambda x: abs(x[:, 0] - 0.5) > 0.1))
    with pytest.raises(ValueError, match="flattened"):
        on_disk(_square(10, _thorn))
    with pytest.raises(ValueError, match="triangles in the plane"):
        on_disk(_ball())
