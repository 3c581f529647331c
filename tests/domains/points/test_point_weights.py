import math

import pytest
import torch
from scipy.spatial import Delaunay

from fredholm.domains import (
    Grid,
    Mesh,
    PointCloud,
    Polygon,
    mesh_of_grid,
    neighbour_weights,
    voronoi_weights,
)

L_SHAPE = Polygon(((0, 0), (1, 0), (1, 0.5), (0.5, 0.5), (0.5, 1), (0, 1)))
HOLE = Polygon(((0.15, 0.15), (0.35, 0.15), (0.3, 0.4)))


def random_points(count, dim=2, seed=0):
    return torch.rand(
        count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def lattice(size, dim=2):
    return mesh_of_grid(Grid((size,) * dim)).coords


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_neighbour_weights_are_right_on_average_inside(dim):
    for coords in (random_points(6000, dim), lattice(round(6000 ** (1 / dim)), dim)):
        inside = ((coords > 0.2) & (coords < 0.8)).all(1)
        mean = float(neighbour_weights(coords)[inside].mean())
        assert mean * int(inside.sum()) == pytest.approx(0.6**dim, rel=0.08)


def test_neighbour_weights_exceed_those_of_cells_at_the_boundary_only():
    mesh = mesh_of_grid(Grid((41, 41)))
    ratio = neighbour_weights(mesh.coords) / mesh.weights()
    inside = ((mesh.coords > 0.11) & (mesh.coords < 0.89)).all(1)
    assert torch.allclose(ratio[inside], ratio.new_tensor(math.pi / 3), rtol=1e-6)
    assert 1 < float(neighbour_weights(mesh.coords).sum()) < 1.3
    side = mesh.on_boundary & (((mesh.coords - 0.5).abs() < 0.3).any(1))
    assert torch.allclose(ratio[side], ratio.new_tensor(5 * math.pi / 6)), "of cells cut in half"


def test_a_cloud_without_weights_gets_those_of_its_neighbours():
    coords = random_points(300)
    assert torch.equal(PointCloud(coords).weights(), neighbour_weights(coords))
    with pytest.raises(ValueError, match="a single point"):
        PointCloud(coords[:1]).weights()


def brute_force(coords, polygons):
    """Areas by counting the points of a fine lattice by their nearest point."""
    side = 500
    x = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    fine = torch.cartesian_prod(x, x)
    inside = torch.cat([polygons[0].signed_distance(p) < 0 for p in fine.split(50000)])
    for hole in polygons[1:]:
        inside &= torch.cat([hole.signed_distance(p) > 0 for p in fine.split(50000)])
    nearest = torch.cat([torch.cdist(p, coords).argmin(1) for p in fine[inside].split(50000)])
    return torch.bincount(nearest, minlength=len(coords)) / side**2


def test_voronoi_cells_are_those_of_brute_force():
    coords = random_points(25, seed=1)
    weights = voronoi_weights(coords, L_SHAPE, holes=[HOLE])
    expected = brute_force(coords, [L_SHAPE, HOLE]).double()
    assert torch.allclose(weights, expected, atol=1e-3)
    assert float(weights.sum()) == pytest.approx(L_SHAPE.measure - HOLE.measure, abs=1e-12)


@pytest.mark.parametrize("region", [None, L_SHAPE], ids=["hull", "polygon"])
def test_voronoi_cells_fill_the_region(region):
    coords = random_points(2000, seed=2)
    weights = voronoi_weights(coords, region)
    if region is None:
        hull = Mesh(coords, torch.from_numpy(Delaunay(coords.numpy()).simplices).long())
        assert float(weights.sum()) == pytest.approx(hull.measure, abs=1e-12)
    else:
        assert float(weights.sum()) == pytest.approx(region.measure, abs=1e-12)


def test_voronoi_cells_of_a_lattice_are_its_boxes():
    mesh = mesh_of_grid(Grid((6, 6)))
    axis = torch.tensor([0.5, 1, 1, 1, 1, 0.5], dtype=torch.float64) / 5
    expected = (axis[:, None] * axis).flatten()
    assert torch.allclose(voronoi_weights(mesh.coords), expected, atol=1e-13)


def test_voronoi_weights_are_of_second_order_where_equal_ones_are_not():
    errors, equal = [], []
    for count in (200, 800, 3200):
        coords = random_points(count, seed=3)
        coords = coords[L_SHAPE.signed_distance(coords) < 0]
        f = (2 * coords).sum(1).exp()
        e = math.e
        exact = ((e**2 - 1) / 2) ** 2 - ((e**2 - e) / 2) ** 2
        errors.append(abs(float(voronoi_weights(coords, L_SHAPE) @ f) - exact) / exact)
        equal.append(abs(float(f.mean()) * L_SHAPE.measure - exact) / exact)
    assert math.log2(errors[0] / errors[-1]) / 2 > 1.5, errors
    assert errors[-1] < 0.2 * equal[-1]


@pytest.mark.parametrize(
    "coords",
    [random_points(9, 3), random_points(9) * torch.tensor([1, 0]), torch.zeros(4, 2)],
    ids=["space", "line", "same"],
)
def test_voronoi_cells_need_points_in_the_plane(coords):
    with pytest.raises(ValueError, match="Voronoi cells"):
        voronoi_weights(coords)
