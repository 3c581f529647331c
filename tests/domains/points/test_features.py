import math

import pytest
import torch
from scipy.spatial import Delaunay

from fredholm.domains import Mesh, PointCloud, Stack, shape_features


def disk(rings=6):
    """Rings of points around a centre; the outermost is the boundary."""
    rows = [torch.zeros(1, 2, dtype=torch.float64)]
    for ring in range(1, rings + 1):
        angle = 2 * math.pi * torch.arange(6 * ring, dtype=torch.float64) / (6 * ring)
        rows.append(ring / rings * torch.stack([angle.cos(), angle.sin()], dim=1))
    return torch.cat(rows)


def disk_cloud(rings=6, order=None):
    coords = disk(rings)
    outer = torch.linalg.vector_norm(coords, dim=1) > 1 - 1e-9
    order = torch.arange(len(coords)) if order is None else order
    coords, outer = coords[order], outer[order]
    normals = torch.where(outer[:, None], coords, 0.0)
    return PointCloud(coords, parts={"circle": outer.nonzero()[:, 0]}, normals=normals)


def test_features_of_a_disk_are_known():
    cloud = disk_cloud()
    features = shape_features(cloud)
    radius = torch.linalg.vector_norm(cloud.coords, dim=1)
    outer = radius > 1 - 1e-9
    assert torch.allclose(features[:, :2], torch.where(outer[:, None], cloud.coords, 0.0))
    assert torch.equal(features[:, 2].bool(), outer)
    gap = 1 - radius
    assert torch.all(features[:, 3] >= gap - 1e-12), "the nearest boundary point is no nearer"
    assert torch.all(features[:, 3] <= (gap.square() + (math.pi / 36) ** 2).sqrt() + 1e-12)


def test_normals_of_a_disk_mesh_point_outwards():
    coords = disk(12)
    mesh = Mesh(coords, torch.from_numpy(Delaunay(coords.numpy()).simplices).long())
    features = shape_features(mesh)
    on_circle = features[:, 2].bool()
    assert torch.allclose(features[on_circle, :2], coords[on_circle], atol=1e-12)
    assert float(features[~on_circle, :2].abs().max()) == 0


def test_features_follow_the_order_of_the_points():
    order = torch.randperm(len(disk()), generator=torch.Generator().manual_seed(0))
    expected = shape_features(disk_cloud())[order]
    assert torch.equal(shape_features(disk_cloud(order=order)), expected)


def test_features_of_a_batch_are_padded_with_zeros():
    small, large = disk_cloud(3), disk_cloud(6)
    features = Stack((small, large)).gathered(shape_features)
    assert features.shape == (2, len(large), 4)
    assert torch.equal(features[0, : len(small)], shape_features(small))
    assert float(features[0, len(small) :].abs().max()) == 0


def test_a_cloud_without_boundary_has_features_of_zero():
    assert float(shape_features(PointCloud(disk())).abs().max()) == 0


@pytest.mark.parametrize("dim", [1, 3])
def test_features_have_two_columns_more_than_coordinates(dim):
    coords = torch.rand(9, dim, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    cloud = PointCloud(coords, parts={"end": torch.tensor([4])})
    features = shape_features(cloud)
    assert features.shape == (9, dim + 2)
    gap = torch.linalg.vector_norm(coords - coords[4], dim=1)
    assert torch.allclose(features[:, -1], gap)
