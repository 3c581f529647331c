import numpy as np
import pytest
import torch
from scipy.spatial import KDTree

from fredholm.domains import Mesh, PointCloud, coarse_cloud, coarse_levels, farthest_points


def random_points(count, dim=2, seed=0):
    return torch.rand(
        count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def cover(coords, chosen):
    """Distance of the point that is farthest from all chosen ones."""
    return KDTree(coords[chosen]).query(coords)[0].max()


def separation(coords, chosen):
    return KDTree(coords[chosen]).query(coords[chosen], 2)[0][:, 1].min()


@pytest.mark.parametrize("method", ["farthest", "random"])
def test_levels_are_nested(method):
    fine, middle, coarse = coarse_levels(PointCloud(random_points(200)), (100, 0.2, 9), method)
    assert (len(fine), len(middle), len(coarse)) == (100, 40, 9)
    assert torch.equal(fine[:40], middle) and torch.equal(middle[:9], coarse)
    assert len(fine.unique()) == 100


def lattice():
    x = torch.linspace(0, 1, 12, dtype=torch.float64)
    return torch.cartesian_prod(x, x)


@pytest.mark.parametrize("method", ["farthest", "random"])
@pytest.mark.parametrize("coords", [random_points(150), lattice()], ids=["random", "lattice"])
def test_levels_do_not_depend_on_the_order_of_points(coords, method):
    order = torch.randperm(len(coords), generator=torch.Generator().manual_seed(5))
    (chosen,) = coarse_levels(PointCloud(coords), (30,), method)
    (moved,) = coarse_levels(PointCloud(coords[order]), (30,), method)
    assert torch.equal(order[moved], chosen)


def test_farthest_points_cover_evenly_where_random_ones_do_not():
    coords = random_points(1000)
    (chosen,) = coarse_levels(PointCloud(coords), (60,))
    x = coords.numpy()
    # Gonzalez: all chosen points are at least as far apart as the farthest point is from them.
    assert cover(x, chosen) <= separation(x, chosen)
    (random,) = coarse_levels(PointCloud(coords), (60,), "random")
    assert cover(x, random) > separation(x, random)
    assert cover(x, chosen) < 0.7 * cover(x, random)


def test_random_levels_follow_the_seed():
    cloud = PointCloud(random_points(100))
    first, again, other = (coarse_levels(cloud, (20,), "random", seed)[0] for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.equal(first, other)


@pytest.mark.parametrize("dim", [2, 3])
def test_many_points_are_chosen_by_boxes(dim, monkeypatch):
    coords = random_points(4000, dim).numpy()
    greedy = farthest_points(coords, 500)
    monkeypatch.setattr("fredholm.domains.points.coarsening._GREEDY", 0)
    order = np.random.default_rng(0).permutation(4000)
    boxes = farthest_points(coords, 500)
    assert len(np.unique(boxes)) == 500
    assert np.array_equal(order[farthest_points(coords[order], 500)], boxes)
    assert cover(coords, boxes) < 1.8 * cover(coords, greedy)
    assert len(farthest_points(coords, 4000)) == 4000, "all of them"


def test_a_coarse_cloud_keeps_the_measure_and_the_boundary():
    coords = lattice()
    numbers = torch.arange(144).reshape(12, 12)
    lower = torch.stack([numbers[:-1, :-1], numbers[1:, :-1], numbers[1:, 1:]], -1)
    upper = torch.stack([numbers[:-1, :-1], numbers[:-1, 1:], numbers[1:, 1:]], -1)
    mesh = Mesh(coords, torch.cat([lower.reshape(-1, 3), upper.reshape(-1, 3)]), units="m")
    (chosen,) = coarse_levels(mesh, (40,))
    coarse = coarse_cloud(mesh, chosen)
    assert coarse.measure == pytest.approx(1.0, abs=1e-12) and coarse.units == ("m", "m")
    assert torch.equal(coarse.coords, coords[chosen])
    assert torch.equal(coarse.on_boundary, mesh.on_boundary[chosen])
    assert torch.equal(coarse.normals, mesh.normals[chosen])
    x = coarse.coords[:, 0]
    assert float((coarse.weights() * x * x).sum()) == pytest.approx(1 / 3, rel=0.05)


@pytest.mark.parametrize("counts", [(), (5, 9), (0,), (21,), (1.5,)], ids=str)
def test_counts_that_make_no_levels_are_refused(counts):
    with pytest.raises(ValueError, match="of the 20 points of the domain; got"):
        coarse_levels(PointCloud(random_points(20)), counts)


def test_unknown_methods_are_refused():
    with pytest.raises(ValueError, match="'farthest' or 'random', got 'voxel'"):
        coarse_levels(PointCloud(random_points(20)), (5,), "voxel")
