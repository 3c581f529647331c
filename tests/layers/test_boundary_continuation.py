"""Boundary data is continued to the inside: Poisson's integral in balls, alike on every mesh."""

import math

import pytest
import torch

from fredholm.domains import Grid, Mesh, PointCloud, Stack, refined, scattered_of
from fredholm.layers import PointFeatures, boundary_continuation, continued_inside
from fredholm.testing import smooth, star_meshes


def ball(dim: int, ends: int, inside: int = 40) -> PointCloud:
    """A disk or a ball with even points on its boundary, others inside."""
    turns = torch.arange(ends, dtype=torch.float64)
    if dim == 2:
        angle = math.tau * turns / ends
        rim = torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)
    else:  # a spiral, along which equal turns have equal areas
        angle, height = math.pi * (3 - math.sqrt(5)) * turns, 1 - (2 * turns + 1) / ends
        radius = (1 - height.square()).sqrt()
        rim = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle), height], dim=1)
    generator = torch.Generator().manual_seed(0)
    inner = torch.randn(inside, dim, generator=generator, dtype=torch.float64)
    size = torch.rand(inside, 1, generator=generator, dtype=torch.float64)
    inner = 0.7 * size * inner / torch.linalg.vector_norm(inner, dim=1, keepdim=True)
    return PointCloud(torch.cat([inner, rim]), parts={"rim": torch.arange(inside, inside + ends)})


@pytest.mark.parametrize(("dim", "ends", "bound"), [(2, 60, 1e-7), (3, 1500, 1e-2)])
def test_in_a_ball_it_is_the_harmonic_function(dim: int, ends: int, bound: float):
    cloud = ball(dim, ends)
    x, y = cloud.coords[:, 0], cloud.coords[:, -1]
    harmonic = torch.stack([x, x * y, x.square() - y.square()], dim=1)
    found = continued_inside(Stack((cloud,)), harmonic * cloud.on_boundary[:, None])
    assert float((found - harmonic).abs().max()) < bound
    edge = cloud.boundary
    assert torch.allclose(found[edge], harmonic[edge], rtol=0, atol=1e-14)


def test_on_a_line_it_is_straight_and_from_a_ring_of_walls_it_is_periodic():
    line = scattered_of(Grid((9,)))
    values = torch.zeros(9, 1, dtype=torch.float64)
    values[0], values[-1] = 2.0, -1.0
    found = continued_inside(Stack((line,)), values)
    assert torch.allclose(found, 2 - 3 * line.coords, rtol=0, atol=1e-12)
    channel = scattered_of(Grid((8, 5), periodic=(True, False)))
    values = torch.cos(math.tau * channel.coords[:, :1]) * channel.on_boundary[:, None]
    whole, cut = (
        continued_inside(Stack((channel,)), values, periods).unflatten(0, (8, 5))
        for periods in ((1.0, 0.0), ())
    )
    gaps = [float((each[1:] - each[1:].flip(0)).abs().max()) for each in (whole, cut)]
    assert gaps[0] < 0.03 < 0.2 * gaps[1], gaps


def test_only_the_boundary_is_read_member_by_member(monkeypatch):
    domains = star_meshes((4, 6))
    values = domains.flat(smooth(domains, channels=2).values)
    found = continued_inside(domains, values)
    junk = values + 3.0 * ~torch.cat([member.on_boundary for member in domains])[:, None]
    assert torch.equal(continued_inside(domains, junk), found)
    each = [
        continued_inside(Stack((member,)), part)
        for member, part in zip(domains, values.split(domains.sizes))
    ]
    assert torch.equal(torch.cat(each), found)
    monkeypatch.setattr(boundary_continuation, "_AT_ONCE", 100)
    assert torch.allclose(continued_inside(domains, values), found, rtol=0, atol=1e-12)
    single = continued_inside(domains, values.float())
    assert torch.allclose(single.double(), found, rtol=0, atol=1e-5)


def test_nothing_is_known_where_there_is_no_boundary():
    torus = scattered_of(Grid((4, 4), periodic=True))
    assert not continued_inside(Stack((torus,)), torch.ones(16, 2)).any()


def test_features_on_finer_meshes_are_those_of_the_same_function():
    """The continuation is; the layer of nodes that hold the data gets thinner."""
    box = [("x", -1.5, 1.5, False), ("y", -1.5, 1.5, False)]
    shown = PointFeatures(box, boundary_channels=[0])
    coarse = star_meshes((10,))
    (mesh,) = coarse.members
    assert isinstance(mesh, Mesh)
    fine = Stack((refined(mesh),))
    size, means = len(mesh), []
    seen = {}
    for domains in (coarse, fine):
        u = smooth(coarse).at(domains)
        edge = domains.members[0].on_boundary[:, None]
        seen[domains] = shown(domains, domains.flat(u.values) * edge)[:, -1:]
        weights = domains.members[0].weights()
        means.append([float(weights @ f[:, 0].abs()) for f in (seen[domains], u.values[0] * edge)])
    gap = seen[fine][:size] - seen[coarse]
    assert float(gap.abs().max()) < 0.03 * float(seen[coarse].abs().max())
    (ours, nodal), (ours_fine, nodal_fine) = means
    assert abs(ours_fine / ours - 1) < 0.02 and nodal_fine / nodal < 0.6


def test_channels_that_functions_lack_are_refused():
    shown = PointFeatures([("x", 0.0, 1.0, False)], boundary_channels=[1])
    assert shown.marks(2) == 4
    with pytest.raises(ValueError, match="boundary channels are numbers below 1, got \\(1,\\)"):
        shown.marks(1)
