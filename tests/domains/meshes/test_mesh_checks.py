import itertools
import math

import pytest
import torch
from scipy.spatial import ConvexHull, Delaunay

from fredholm.domains import Grid, Mesh, mesh_of_grid, repaired

SQUARE = torch.tensor([[0, 0], [1, 0], [0, 1], [1, 1]], dtype=torch.float64)
HALVES = torch.tensor([[0, 1, 2], [1, 2, 3]])


def box(size, dim):
    return mesh_of_grid(Grid((size,) * dim, ((0, 2),) * dim))


def with_node(x, y, *cells):
    nodes = torch.cat([SQUARE, torch.tensor([[x, y]], dtype=torch.float64)])
    return nodes, torch.cat([HALVES, torch.tensor(cells, dtype=torch.long).reshape(-1, 3)])


def hanging_triangle():
    """Two squares side by side, the right one divided twice as finely."""
    nodes = torch.tensor(
        [[0, 0], [1, 0], [0, 1], [1, 1], [1, 0.5], [2, 0], [2, 1]], dtype=torch.float64
    )
    return nodes, torch.tensor([[0, 1, 2], [1, 2, 3], [1, 5, 4], [4, 5, 6], [4, 6, 3]])


def hanging_tetra():
    """A node on an edge of a tetrahedron that its neighbour alone is divided at."""
    coords = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [0.5, 0.5, 0]]
    nodes = torch.tensor(coords, dtype=torch.float64)
    return nodes, torch.tensor([[0, 1, 2, 3], [1, 5, 3, 4], [5, 2, 3, 4]])


FAULTS = {
    "flat": (with_node(0.5, 0, [0, 1, 4]), r"1 of 3 cells have no volume, the first is cell 2"),
    "twice": (with_node(1, 2, [2, 3, 4], [3, 2, 4]), r"cell 2 with the nodes .* more than once"),
    "lonely": (with_node(2, 2), r"1 of 5 nodes belong to no cell, the first is node 4"),
    "same place": (with_node(1, 0, [3, 4, 2]), r"nodes 1 and 4 at \(1.0, 0.0\)"),
    "three": (with_node(1, 2, [1, 2, 4]), r"3 cells share the facet with the nodes \[1, 2\]"),
    "fold": (with_node(0.9, 0.2, [1, 3, 4]), r"cells 1 and 2 lie on the same side"),
    "overlap": (
        (torch.cat([SQUARE, SQUARE + 0.25]), torch.cat([HALVES, HALVES + 4])),
        r"node \d lies in cell \d .* cells overlap",
    ),
    "hanging": (hanging_triangle(), r"node 4 lies in cell 1 with the nodes \[2, 1, 3\]"),
    "hanging in space": (hanging_tetra(), r"node 5 lies in cell 0"),
    "number": ((SQUARE, torch.tensor([[0, 1, 4]])), r"names node 4, the mesh has 4 nodes"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_mesh_is_refused(fault):
    (nodes, cells), message = FAULTS[fault]
    with pytest.raises(ValueError, match=message):
        Mesh(nodes, cells)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_cells_in_any_order_of_corners_make_the_same_mesh(dim):
    mesh = box(4, dim)
    generator = torch.Generator().manual_seed(0)
    order = torch.rand(mesh.cells.shape, generator=generator).argsort(dim=1)
    turned = Mesh(mesh.nodes, mesh.cells.gather(1, order))
    assert torch.allclose(turned.weights(), mesh.weights(), atol=1e-14)
    assert torch.allclose(turned.normals, mesh.normals, atol=1e-14)
    assert turned.measure == pytest.approx(2**dim)


@pytest.mark.parametrize("dim", [2, 3])
def test_a_random_triangulation_with_thin_cells_passes(dim):
    nodes = torch.rand(200, dim, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    mesh = Mesh(nodes, torch.from_numpy(Delaunay(nodes.numpy()).simplices).long())
    assert mesh.measure == pytest.approx(ConvexHull(nodes.numpy()).volume)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_one_moved_node_makes_a_good_mesh_bad(dim):
    mesh = box(5, dim)
    inner = int((~mesh.on_boundary).nonzero()[0])
    nodes = mesh.nodes.clone()
    nodes[inner] += 0.1
    assert Mesh(nodes, mesh.cells).measure == pytest.approx(2**dim), "still within its cells"
    nodes[inner] += 0.85
    with pytest.raises(ValueError, match="same side|no volume"):
        Mesh(nodes, mesh.cells)


def test_quadrature_is_exact_for_functions_linear_in_each_cell():
    for dim in (1, 2, 3):
        mesh = box(4, dim)
        x = mesh.nodes
        assert float((mesh.weights() * (3 + x.sum(1))).sum()) == pytest.approx((3 + dim) * 2**dim)


def test_normals_of_a_disk_converge_to_its_radii():
    for count in (20, 80):
        angle = 2 * math.pi * torch.arange(count, dtype=torch.float64) / count
        ring = torch.stack([angle.cos(), angle.sin()], dim=1)
        nodes = torch.cat([ring, torch.zeros(1, 2)])
        after = torch.arange(count).roll(-1)
        cells = torch.stack([torch.arange(count), after, torch.full((count,), count)], dim=1)
        mesh = Mesh(nodes, cells, parts={"half": torch.stack([torch.arange(9), after[:9]], 1)})
        assert torch.allclose(mesh.normals[:-1], ring, atol=1e-12)
        assert mesh.normals[-1].abs().max() == 0
        assert mesh.parts == ("half", "boundary")
        assert len(mesh.facets["half"]) == 9 and len(mesh.facets["boundary"]) == count - 9


def test_parts_are_facets_of_the_boundary_in_one_part_each():
    with pytest.raises(ValueError, match=r"'cut': the facet \[1, 2\] is not on the boundary"):
        Mesh(SQUARE, HALVES, parts={"low": torch.tensor([[1, 0]]), "cut": torch.tensor([[2, 1]])})
    with pytest.raises(ValueError, match=r"the facet \[0, 1\] is in the parts 'low' and 'wall'"):
        Mesh(SQUARE, HALVES, parts={"low": torch.tensor([[1, 0]]), "wall": torch.tensor([[0, 1]])})


def test_facets_do_not_depend_on_the_order_of_nodes():
    mesh = box(4, 2)
    order = torch.randperm(len(mesh), generator=torch.Generator().manual_seed(2))
    number = order.argsort()
    parts = {part: number[facets] for part, facets in mesh.facets.items()}
    moved = Mesh(mesh.nodes[order], number[mesh.cells], parts=parts)
    assert torch.allclose(moved.normals, mesh.normals[order])
    for part in mesh.parts:
        assert set(order[moved.on(part)].tolist()) == set(mesh.on(part).tolist())


def torn(dim):
    """A mesh whose cells share no nodes, with a node that no cell uses."""
    mesh = box(3, dim)
    nodes = mesh.nodes[mesh.cells].flatten(0, 1)
    cells = torch.arange(len(nodes)).reshape(mesh.cells.shape)
    return mesh, torch.cat([nodes[:1] - 1, nodes]), cells + 1


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_torn_meshes_are_repaired(dim):
    mesh, nodes, cells = torn(dim)
    with pytest.raises(ValueError, match="belong to no cell"):
        Mesh(nodes, cells)
    with pytest.raises(ValueError, match="at the same place"):
        Mesh(nodes[1:], cells - 1)
    found = repaired(nodes, torch.cat([cells, cells[:1]]))
    again = Mesh(found.nodes, found.cells)
    assert len(again) == len(mesh) and len(again.cells) == len(mesh.cells)
    assert again.measure == pytest.approx(mesh.measure)
    assert torch.equal(found.nodes, nodes[found.kept])
    assert int(found.place[0]) == -1
    assert torch.equal(found.nodes[found.place[1:]], nodes[1:])


def test_cells_between_joined_nodes_are_left_out():
    nodes = torch.cat([SQUARE, SQUARE[:1] + 1e-14])
    found = repaired(nodes, torch.tensor([[0, 1, 2], [1, 2, 3], [0, 4, 1]]))
    assert torch.equal(found.cells, HALVES) and len(found.nodes) == 4


def test_a_surface_is_a_mesh():
    faces = []
    for axis, end in itertools.product(range(3), (0, 2)):
        flat = box(3, 2)
        nodes = torch.zeros(9, 3, dtype=torch.float64)
        nodes[:, [a for a in range(3) if a != axis]] = flat.nodes
        nodes[:, axis] = end
        faces.append((nodes, flat.cells + 9 * len(faces)))
    found = repaired(torch.cat([n for n, _ in faces]), torch.cat([c for _, c in faces]))
    surface = Mesh(found.nodes, found.cells)
    assert surface.measure == pytest.approx(24) and not len(surface.boundary)
