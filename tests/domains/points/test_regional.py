"""Regions cover their shape, whatever the order and density of its points."""

import pytest
import torch

from fredholm.domains import PointCloud, delaunay_cells, region_edges, regions


def cloud(n: int, seed: int = 0) -> PointCloud:
    generator = torch.Generator().manual_seed(seed)
    return PointCloud(torch.rand(n, 2, generator=generator, dtype=torch.float64))


def test_regions_cover_the_cells_between_their_centres():
    domain = cloud(300)
    found = regions(domain, 40)
    centres = domain.coords[found.centres]
    corners = centres[delaunay_cells(centres)]
    generator = torch.Generator().manual_seed(1)
    shares = torch.rand(200, 3, generator=generator, dtype=torch.float64)
    inside = torch.einsum("sk,mkd->msd", shares / shares.sum(1, keepdim=True), corners)
    distance = torch.cdist(inside.flatten(0, 1), centres)
    assert ((distance <= found.radii + 1e-9).any(1)).all()
    assert not ((distance <= 0.6 * found.radii).any(1)).all()


def test_coarse_edges_shorten_the_way():
    """Any two of a hundred regions are a few messages apart; without long edges they are not."""
    domain = cloud(400)
    found = regions(domain, 128)
    assert found.edges[0].bincount().amax() > 8
    assert _diameter(found.edges, 128) <= 7
    near = domain.coords[found.centres]
    lengths = (near[found.edges[0]] - near[found.edges[1]]).norm(dim=1)
    assert _diameter(found.edges[:, lengths < 0.2], 128) >= 10


def _diameter(edges: torch.Tensor, count: int) -> int:
    """How many messages it takes until every region has heard of every other."""
    joined = torch.eye(count, dtype=torch.bool)
    joined[edges[1], edges[0]] = True
    known, steps = joined, 1
    while not known.all() and steps < count:
        known, steps = (joined.float() @ known.float()) > 0, steps + 1
    return steps


def test_regions_do_not_depend_on_the_order_of_the_points():
    domain = cloud(200)
    order = torch.randperm(200, generator=torch.Generator().manual_seed(2))
    shuffled = PointCloud(domain.coords[order])
    first, second = regions(domain, 30), regions(shuffled, 30)
    assert torch.equal(first.centres, order[second.centres])
    assert torch.equal(first.radii, second.radii) and torch.equal(first.edges, second.edges)
    edges = region_edges(shuffled, shuffled, 30, 2.0)
    expected = region_edges(domain, domain, 30, 2.0)
    back = torch.stack([edges[0], order[edges[1]]])
    assert {*map(tuple, back.T.tolist())} == {*map(tuple, expected.T.tolist())}


def test_points_are_joined_to_the_regions_that_reach_them():
    domain, asked = cloud(300), cloud(50, seed=3)
    found = domain.remembered(regions, 40, ())
    distance = torch.cdist(domain.coords[found.centres], asked.coords)
    expected = (distance <= 1.5 * found.radii[:, None]) | (distance == distance.amin(0))
    edges = region_edges(asked, domain, 40, 1.5)
    assert {*map(tuple, edges.T.tolist())} == {*map(tuple, expected.nonzero().tolist())}
    far = PointCloud(torch.tensor([[7.0, 7.0]]))
    assert region_edges(far, domain, 40, 1.0).shape == (2, 1)


def test_a_period_joins_opposite_sides():
    domain = cloud(400)
    coords = domain.coords[regions(domain, 64).centres]
    edges = regions(domain, 64, (1.0, 1.0)).edges
    gaps = (coords[edges[0]] - coords[edges[1]]).abs()
    across = (gaps > 0.8).sum(0)
    sides = regions(domain, 64, (1.0, 0.0)).edges
    gaps = (coords[sides[0]] - coords[sides[1]]).abs()
    first, second = (gaps > 0.8).sum(0)
    assert first >= 16 and second <= 4 and (across >= 16).all()
    moved = PointCloud(torch.remainder(domain.coords + torch.tensor([0.3, 0.1]), 1.0))
    reach = region_edges(moved, moved, 64, 1.0, (1.0, 1.0))
    assert reach[1].unique().numel() == 400


def test_edges_are_linear_in_the_points():
    counts = [len(region_edges(cloud(n), cloud(n), n // 8, 2.0).T) / n for n in (500, 4000)]
    assert counts[1] <= 1.2 * counts[0]


def test_too_few_points_have_no_regions():
    with pytest.raises(ValueError, match="points"):
        regions(cloud(3), 2)
