"""GNOT and NUNO keep their promises; attention is a quotient of integrals, boxes follow points."""

import math

import pytest
import torch

from fredholm.domains import (
    Grid,
    PointCloud,
    Stack,
    boundary_distances,
    boundary_weights,
    kd_boxes,
    scattered_of,
    wall,
)
from fredholm.domains.points.box_grids import box_points, from_boxes, plain, to_boxes
from fredholm.fields import Field, Given
from fredholm.layers import LinearAttention, Mixture, in_chunks
from fredholm.models import FNO, GNOT, NUNO
from fredholm.operators import AnyDensity, ConsistentQuery
from fredholm.testing import band_limited, examine, examine_scattered
from fredholm.testing.contracts import answers_where_asked, forward_mode_passes
from fredholm.testing.scattered import smooth, star_meshes

BOX = ((-2.0, 2.0), (-2.0, 2.0))
AXES = tuple((name, *ends, False) for name, ends in zip("xy", BOX))
SQUARE = Grid((9, 9), ((-2.0, 2.0), (-2.0, 2.0)))


def small_gnot(channels: int = 2, **settings) -> GNOT:
    return GNOT(channels, 2, AXES, **{"hidden_channels": 8, "layers": 2, "heads": 2, **settings})


def small_nuno(count: int = 3) -> NUNO:
    net = FNO(count * 2, count, (3, 3), hidden_channels=6, layers=2)
    return NUNO(net, BOX, count, (7, 6))


def test_contract_on_shapes():
    examine_scattered(lambda: small_gnot(boundary_channels=[1]), channels=2)
    examine_scattered(lambda: small_gnot(boundary_channels=[], weighted=False), channels=2)
    examine_scattered(small_nuno)


def test_contract_on_grids():
    examine(lambda: small_gnot(1, boundary_channels=[]), SQUARE)
    examine(small_nuno, SQUARE)


def test_the_answer_is_periodic_where_the_axes_are():
    u = band_limited(Grid((16,), periodic=True))
    ends = PointCloud(torch.tensor([[0.0], [1.0]]).double(), torch.ones(2))
    gaps = []
    for periodic in (True, False):
        torch.manual_seed(0)
        operator = GNOT(1, 1, [("x", 0.0, 1.0, periodic)], hidden_channels=8, layers=1).double()
        first, last = operator(u, at=ends).values.detach().unbind(1)
        gaps.append(float((first - last).abs().max()))
    assert gaps[0] < 1e-12 and gaps[1] > 1e-3, gaps


@pytest.mark.parametrize("make", [lambda: small_gnot(boundary_channels=[1]), lambda: small_gnot()])
def test_claims_hold_on_shapes(make):
    torch.manual_seed(0)
    operator = make().double().eval()
    u = smooth(star_meshes((8, 9)), channels=2)
    assert {type(claim) for claim in operator.claims} == {AnyDensity, ConsistentQuery}
    for claim in operator.claims:
        assert claim.defect(operator, u) < claim.bound, claim


def test_quadrature_makes_attention_independent_of_density_and_counting_does_not():
    torch.manual_seed(0)
    attention = LinearAttention(4).double()
    embedding = 3 * torch.randn(2, 4, dtype=torch.float64)
    x = torch.randn(1, 5, 4, dtype=torch.float64)
    clouds = [graded_disk(400, power=power) for power in (3.0, 1.0)]
    gaps = []
    for weigh in (PointCloud.weights, lambda cloud: torch.ones(len(cloud)).double()):
        crowd, even = (
            attention(x, attention.read([((c.coords @ embedding)[None], weigh(c)[None])])).detach()
            for c in clouds
        )
        gaps.append(float((crowd - even).norm() / even.norm()))
    assert gaps[0] < 0.005 and gaps[1] > 0.05, gaps
    assert AnyDensity not in {type(claim) for claim in small_gnot(weighted=False).claims}


def graded_disk(n: int, *, power: float) -> PointCloud:
    """A disk with points at radii t^(power/2) for even t: denser in the middle for power > 1."""
    t = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    radius, angle = t ** (power / 2), math.pi * (3 - math.sqrt(5)) * torch.arange(n)
    points = torch.stack([radius * torch.cos(angle), radius * torch.sin(angle)], dim=-1)
    return PointCloud(points, math.pi * power * t ** (power - 1) / n)


def ramp(cloud: PointCloud) -> Field:
    return Field((1 + cloud.coords[:, :1])[None], cloud)


def test_attention_is_a_quotient_of_sums_over_points():
    torch.manual_seed(0)
    attention = LinearAttention(6, sources=2, heads=3).double()
    x = torch.randn(2, 4, 6, dtype=torch.float64)
    sources = [
        (torch.randn(2, m, 6, dtype=torch.float64), torch.rand(2, m, dtype=torch.float64))
        for m in (5, 3)
    ]
    expected = torch.zeros_like(x)
    q = torch.softmax(attention.query(x).unflatten(-1, (3, 2)), -1)
    for b, n, h in torch.cartesian_prod(*(torch.arange(k) for k in (2, 4, 3))).tolist():
        total = q[b, n, h].clone()
        for number, (z, w) in enumerate(sources):
            k = torch.softmax(attention.keys[number](z[b]).unflatten(-1, (3, 2)), -1)[:, h]
            v = attention.values[number](z[b]).unflatten(-1, (3, 2))[:, h]
            likeness = w[b] * (k @ q[b, n, h])  # one number per point: never made by the layer
            total += likeness @ v / likeness.sum()
        expected[b, n, 2 * h : 2 * h + 2] = total
    found = attention(x, attention.read(sources))
    assert torch.allclose(found, attention.mixing(expected), rtol=0, atol=1e-12)


def test_points_without_weight_are_not_read():
    torch.manual_seed(0)
    attention = LinearAttention(4).double()
    x, z = torch.randn(1, 3, 4).double(), torch.randn(1, 6, 4).double()
    w = torch.tensor([[1.0, 1, 1, 1, 0, 0]]).double()
    cut = attention(x, attention.read([(z[:, :4], w[:, :4])]))
    z[:, 4:] = 1e3
    assert torch.equal(attention(x, attention.read([(z, w)])), cut)
    empty = attention(x, attention.read([(z, 0 * w)]))
    query = torch.softmax(attention.query(x), -1)
    assert torch.allclose(empty, attention.mixing(query)), "an empty function adds nothing"


def test_memory_and_work_are_linear_in_the_points():
    """The largest tensor that is made grows with the points and not with their square."""
    torch.manual_seed(0)
    operator = small_gnot(1).eval()
    largest = {n: largest_tensor(operator, ramp(graded_disk(n, power=1.0))) for n in (200, 800)}
    assert largest[800] <= 4 * largest[200]


def test_hidden_channels_of_many_points_are_never_in_memory_together():
    torch.manual_seed(0)
    net, gates = Mixture(4, 2), torch.rand(1, 1000, 2)
    x = torch.randn(1, 1000, 4)
    with torch.no_grad(), Largest() as whole:
        expected = net(x, gates)
    with torch.no_grad(), Largest() as parts:
        found = in_chunks(net, x, gates, size=100)
    assert torch.allclose(found, expected, atol=1e-6)
    assert whole.size == 16_000 and parts.size == 4000  # the result itself


class Largest(torch.utils._python_dispatch.TorchDispatchMode):
    """Numbers in the largest tensor that any operation returned."""

    size = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for each in result if isinstance(result, tuple | list) else (result,):
            if isinstance(each, torch.Tensor):
                self.size = max(self.size, each.numel())
        return result


def largest_tensor(operator: GNOT, u: Field) -> int:
    operator.double()
    with torch.no_grad(), Largest() as seen:
        operator(u)
    return seen.size


def test_parameters_are_read_and_required():
    torch.manual_seed(0)
    operator = small_gnot(1, params=1).double().eval()
    u = ramp(graded_disk(50, power=1.0))
    low, high = (operator(u, Given(params=torch.full((1, 1), p).double())) for p in (0.0, 1.0))
    assert not torch.allclose(low.values, high.values)
    with pytest.raises(ValueError, match="takes 1 parameters per function, got None"):
        operator(u)


def test_boundary_data_is_read_on_the_boundary_alone():
    torch.manual_seed(0)
    operator = small_gnot(boundary_channels=[1]).double().eval()
    u = smooth(star_meshes((5,)), channels=2)
    edge = u.domain.members[0].on_boundary
    inside, outside = u.values.clone(), u.values.clone()
    inside[0, ~edge, 1] += 1.0
    outside[0, edge, 1] += 1.0
    image = operator(u).values
    assert torch.equal(operator(u.with_values(inside)).values, image)
    assert not torch.allclose(operator(u.with_values(outside)).values, image)


def test_wrong_sizes_are_refused():
    with pytest.raises(ValueError, match="boundary channels are numbers below 1"):
        small_gnot(1, boundary_channels=[1])
    with pytest.raises(ValueError, match="8 channels cannot be shared by 3 heads"):
        small_gnot(heads=3)
    with pytest.raises(ValueError, match="2 dimensions has as many axes"):
        NUNO(FNO(1, 1, (2,)), BOX, 1, (4,))
    with pytest.raises(ValueError, match="40 points cannot be cut into 9 boxes of at least 16"):
        kd_boxes(torch.rand(40, 2), 9)


def test_boundary_weights_measure_the_boundary():
    disk = star_meshes((12,)).members[0]
    corners = disk.coords[disk.facets["boundary"]]
    length = float((corners[:, 0] - corners[:, 1]).norm(dim=-1).sum())
    assert float(boundary_weights(disk).sum()) == pytest.approx(length, rel=1e-12)
    cloud = PointCloud(disk.coords, parts={"rim": disk.boundary})
    assert float(boundary_weights(cloud).sum()) == pytest.approx(length, rel=0.01)
    assert len(boundary_weights(scattered_of(Grid((4, 4), periodic=True)))) == 0


def test_the_wall_continues_boundary_data_to_the_inside():
    disk = star_meshes((8,)).members[0]
    numbers, shares = wall(disk)
    found = (shares[..., None] * disk.coords[numbers]).sum(1)
    edge = disk.boundary
    assert torch.allclose(found[edge], disk.coords[edge], rtol=0, atol=1e-12)
    assert torch.allclose(shares.sum(1), torch.ones(len(disk)).double())
    assert set(numbers.flatten().tolist()) <= set(edge.tolist())
    distances = boundary_distances(disk)[:, 0]
    near = distances < 0.3  # further inside, the nearest points may lie on opposite sides
    gap = (found - disk.coords).norm(dim=1) - distances
    assert float(gap[near].abs().max()) < 0.05
    elsewhere = wall(PointCloud(disk.coords[:5]), disk)
    assert torch.equal(elsewhere[0], numbers[:5]) and torch.equal(elsewhere[1], shares[:5])
    assert not wall(PointCloud(disk.coords))[1].any(), "no boundary, no shares"


def test_a_grid_is_the_cloud_of_its_points():
    grid = Grid((4, 3), periodic=(True, False), units=("m", "s"))
    cloud = scattered_of(grid)
    assert cloud.parts == ("bottom", "top")
    assert torch.equal(cloud.coords, grid.points().flatten(0, 1))
    assert torch.equal(cloud.coords[cloud.on("top"), 1], torch.ones(4, dtype=torch.float64))
    assert cloud.normals[cloud.on("top")].tolist() == [[0.0, 1.0]] * 4
    assert cloud.units == ("m", "s")
    assert cloud is scattered_of(Grid((4, 3), periodic=(True, False), units=("m", "s")))


def crowded(n: int = 600) -> PointCloud:
    """Half of the points in the strip 0.5 < x < 0.52 of the unit square."""
    points = torch.rand(n, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    points[: n // 2, 0] = 0.5 + 0.02 * points[: n // 2, 0]
    return PointCloud(points)


def test_boxes_hold_all_points_and_narrow_where_they_are_dense():
    points = crowded().coords
    boxes = kd_boxes(points, 6)
    inside = ((points[:, None] >= boxes[:, 0]) & (points[:, None] <= boxes[:, 1])).all(-1)
    assert inside.sum(1).tolist() == [1] * len(points), "each point lies in one box"
    assert float((boxes[:, 1] - boxes[:, 0])[:, 0].min()) < 0.021
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(1))
    assert torch.equal(kd_boxes(points[order], 6), boxes)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_interpolation_keeps_linear_functions(dim):
    points = torch.rand(300, dim, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    cloud = PointCloud(2 * points - 1)
    slope = torch.arange(1.0, dim + 1).double()
    middle = torch.tensor([[[-0.4] * dim, [0.0] * dim], [[0.0] * dim, [0.4] * dim]])
    boxes, shape = plain(middle.double()), (4, 5, 3)[:dim]
    there = applied(to_boxes(cloud, boxes, shape), cloud.coords @ slope + 1)
    exact = box_points(boxes, shape).flatten(0, -2) @ slope + 1
    assert torch.allclose(there, exact, rtol=0, atol=1e-12)
    back = applied(from_boxes(cloud, boxes, shape), exact)
    held = ((cloud.coords[:, None] >= middle[:, 0]) & (cloud.coords[:, None] <= middle[:, 1])).all(
        -1
    )
    held = held.any(1)
    assert torch.allclose(back[held], (cloud.coords @ slope + 1)[held], rtol=0, atol=1e-12)
    assert torch.isfinite(back).all() and held.any() and not held.all()


def applied(stencils, values):
    return (stencils.weights * values[stencils.numbers]).sum(-1)


def test_boxes_beat_one_grid_of_as_many_points():
    cloud = crowded()
    values = torch.tanh((cloud.coords[:, 0] - 0.51) / 0.004)
    errors = []
    for count, shape in ((4, (8, 8)), (1, (16, 16))):
        boxes = plain(kd_boxes(cloud.coords, count))
        there = applied(to_boxes(cloud, boxes, shape), values)
        back = applied(from_boxes(cloud, boxes, shape), there)
        errors.append(float((back - values).norm() / values.norm()))
    assert errors[0] < 0.5 * errors[1]


def test_nuno_places_its_boxes_and_keeps_them():
    operator = small_nuno(4).double()
    before = operator.boxes.clone()
    operator.place([crowded(), crowded()])
    assert not torch.equal(operator.boxes, before)
    again = small_nuno(4).double()
    again.load_state_dict(operator.state_dict())
    assert torch.equal(again.boxes, operator.boxes)


@pytest.mark.parametrize("make", [lambda: small_gnot(1), lambda: small_nuno(2)])
def test_asked_elsewhere_and_differentiated(make):
    torch.manual_seed(0)
    operator = make().double().eval()
    u = smooth(star_meshes((4, 5)))
    operator(u)  # what is derived from the domains is made outside of the transform
    forward_mode_passes(operator, u)
    elsewhere = Stack((crowded(40), crowded(60)))
    assert operator(u, at=elsewhere).domain is elsewhere
    answers_where_asked(operator, band_limited(SQUARE))
    assert operator(u, at=SQUARE).values.shape[:3] == (2, 9, 9)
