"""Integral operators on points: exact sums, any density, bounded memory, and who hears whom."""

from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from fredholm.domains import Grid, PointCloud, radius_edges, scattered_of
from fredholm.fields import Field
from fredholm.layers import KernelIntegral, LowRankIntegral, Neighbourhoods, PointFeatures
from fredholm.models import GNO, LNO, MGKN
from fredholm.models.graph_kernel import Aggregation
from fredholm.operators import AnyDensity, AnyResolution
from fredholm.operators.claims import distance
from fredholm.testing import band_limited, examine, examine_scattered, smooth, star_meshes

BOX = [("x", -1.5, 1.5, False), ("y", -1.5, 1.5, False)]
UNIT = [("x", 0.0, 1.0, False), ("y", 0.0, 1.0, False)]
RING = [("x", 0.0, 1.0, True)]


def gno(axes, radius, aggregation: Aggregation = "quadrature", **shown) -> GNO:
    sizes = {"hidden_channels": 6, "layers": 2, "kernel_channels": 5}
    return GNO(*features(axes, **shown), radius, aggregation=aggregation, **sizes)


def lno(axes, radius, **shown) -> LNO:
    sizes = {"hidden_channels": 6, "layers": 2, "rank": 2, "kernel_channels": 5}
    return LNO(*features(axes, **shown), **sizes)


def mgkn(axes, radius, **shown) -> MGKN:
    sizes = {"counts": (40, 10, 4), "hidden_channels": 6, "cycles": 2, "kernel_channels": 8}
    return MGKN(*features(axes, **shown), radius / 2, **sizes)


def features(axes, channels: int = 1, **shown) -> tuple[int, int, PointFeatures]:
    return channels, 2, PointFeatures(axes, **shown)


MODELS = pytest.mark.parametrize("build", [gno, lno, mgkn])


@MODELS
def test_the_contract_holds_on_grids(build):
    examine(lambda: build(UNIT, 0.4), Grid((8, 7)))
    examine(lambda: build(RING, 0.2), Grid((24,), periodic=True))


@MODELS
def test_the_contract_holds_on_meshes_and_clouds(build):
    examine_scattered(lambda: build(BOX, 0.8))
    examine_scattered(lambda: build(BOX, 0.8, channels=2, boundary_channels=[1]), channels=2)


@MODELS
def test_the_shape_alone_can_be_the_input(build):
    domains = star_meshes((4, 5))
    nothing = Field(torch.zeros(2, domains.shape[0], 0), domains)
    made = build(BOX, 0.8)
    operator = type(made)(**{**made.arguments, "in_channels": 0})
    assert operator(nothing).values.shape == (2, domains.shape[0], 2)


@MODELS
def test_claims_hold_and_answers_converge(build):
    torch.manual_seed(0)
    operator = build(BOX, 0.8).double().eval()
    resolution, density = operator.claims
    assert isinstance(resolution, AnyResolution) and isinstance(density, AnyDensity)
    grids = [Grid((n, n), (-1.5, 1.5)) for n in (9, 15)]
    meshes = [star_meshes((n, n + 1)) for n in (4, 9)]
    for claim, coarse, fine in (
        (resolution, *(band_limited(grid, waves=2) for grid in grids)),
        (density, *(smooth(domains) for domains in meshes)),
    ):
        defects = [claim.defect(operator, u) for u in (coarse, fine)]
        assert max(defects) < 0.6 * claim.bound
        # The coarse points of an MGKN are as few on finer meshes, and others.
        assert build is mgkn or defects[1] < 0.6 * defects[0]


def crowded(line: torch.Tensor) -> PointCloud:
    """Points (x, y) with x from a line and 31 even y, with trapezoidal weights."""
    y = torch.linspace(0, 1, 31, dtype=torch.float64)
    weights = [torch.zeros_like(x) for x in (line, y)]
    for x, w in zip((line, y), weights):
        w[1:] += x.diff() / 2
        w[:-1] += x.diff() / 2
    return PointCloud(torch.cartesian_prod(line, y), torch.outer(*weights).flatten())


def test_quadrature_answers_alike_where_points_crowd():
    """Points crowd on one side: an integral does not mind, a mean over points does."""
    even = torch.linspace(0, 1, 31, dtype=torch.float64)
    line = torch.cat([even, torch.linspace(0.3, 0.5, 43, dtype=torch.float64)[1:-1]])
    line, order = line.unique(return_inverse=True)
    kept = torch.zeros(len(line), dtype=torch.bool)
    kept[order[:31]] = True

    @torch.no_grad()
    def gap(aggregation: Aggregation) -> float:
        torch.manual_seed(0)
        operator = gno(UNIT, 0.2, aggregation=aggregation).double()
        first, second = (
            operator(Field(torch.sin(6 * cloud.coords[None, :, :1]), cloud)).values[0]
            for cloud in (crowded(even), crowded(line))
        )
        second = second.unflatten(0, (-1, 31))[kept].flatten(0, 1)
        return float((second - first).norm() / (first - first.mean(0)).norm())

    assert gap("quadrature") < 0.02 < 0.2 * gap("mean")


def random_graph(points: int = 60, radius: float = 0.3):
    generator = torch.Generator().manual_seed(0)
    coords = torch.rand(points, 2, generator=generator, dtype=torch.float64) ** 2
    edges = radius_edges(coords, radius, loops=True)
    weights = torch.rand(edges.shape[1], generator=generator, dtype=torch.float64)
    vectors = coords[edges[0]] - coords[edges[1]]
    marks = torch.rand(points, 3, generator=generator, dtype=torch.float64)
    v = torch.randn(points, 4, generator=generator, dtype=torch.float64)
    return edges, weights, vectors, marks, v


def test_sums_over_hidden_layers_are_sums_over_matrices():
    edges, weights, vectors, marks, v = random_graph()
    torch.manual_seed(0)
    kernel = KernelIntegral(4, 3, 2, hidden=5).double()
    near = Neighbourhoods.of(edges, len(v), weights, vectors)
    found = kernel(near, marks, marks)(v)

    features = torch.cat([marks[edges[1]], marks[edges[0]], vectors], dim=-1)
    h = torch.nn.functional.gelu(kernel.network(features))
    h = torch.cat([torch.ones_like(h[:, :1]), h], dim=-1)
    matrices = torch.einsum("dkc,ek->edc", kernel.matrices.weight.unflatten(1, (6, 4)), h)
    expected = torch.zeros_like(v)
    for receiver in range(len(v)):
        arrive = edges[1] == receiver
        share = weights[arrive] / weights[arrive].sum()
        expected[receiver] = torch.einsum(
            "e,edc,ec->d", share, matrices[arrive], v[edges[0, arrive]]
        )
    assert torch.allclose(found, expected, rtol=0, atol=1e-12)


def test_pieces_make_the_same_sums_and_gradients():
    edges, weights, vectors, marks, v = random_graph()
    near = Neighbourhoods.of(edges, len(v), weights, vectors)
    results = []
    for chunk in (10**6, 200, 50):
        torch.manual_seed(0)
        kernel = KernelIntegral(4, 3, 2, hidden=5, chunk=chunk).double()
        image = kernel(near, marks, marks)(v)
        image.square().sum().backward()
        results.append((image, *(parameter.grad for parameter in kernel.parameters())))
    for whole, *others in zip(*results):
        assert all(torch.allclose(whole, other, rtol=0, atol=1e-12) for other in others)


def test_blocks_hold_every_edge_once_and_are_bounded():
    edges, weights, vectors, marks, v = random_graph()
    near = Neighbourhoods.of(edges, len(v) + 2, weights, vectors)  # the last two hear nobody
    blocks = list(near.blocks(100))
    rows = torch.cat([block.rows for block in blocks])
    assert rows.sort().values.tolist() == list(range(len(v)))
    assert sum(int((block.weights > 0).sum()) for block in blocks) == edges.shape[1]
    assert all(block.senders.numel() <= 100 or len(block.rows) == 1 for block in blocks)
    for block in blocks:
        assert torch.allclose(block.weights.sum(1), torch.ones(len(block.rows)).double())
    kernel = KernelIntegral(4, 3, 2).double()
    nobody = Neighbourhoods.of(edges[:, :0], 3, weights[:0], vectors[:0])
    assert not kernel(nobody, marks[:3], marks[:3])(v[:3]).any()
    marks = torch.zeros(len(near), 3, dtype=torch.float64)
    assert not kernel(near, marks, marks)(v)[-2:].any()


class Largest(TorchDispatchMode):
    """Watches the bytes of the largest tensor that is made."""

    bytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.bytes = max(self.bytes, out.numel() * out.element_size())
        return out


def test_memory_grows_with_the_points_and_not_with_their_kernels():
    """Four times the points at four times the density: sixteen times the edges."""

    def peak(points: int, chunk: int) -> int:
        coords = Grid((points, points)).points().flatten(0, 1)
        edges = radius_edges(coords, 0.2, loops=True)
        vectors = coords[edges[0]] - coords[edges[1]]
        near = Neighbourhoods.of(edges, len(coords), torch.ones(len(vectors)), vectors.float())
        kernel = KernelIntegral(4, 2, 2, hidden=32, chunk=chunk)
        with torch.no_grad(), Largest() as largest:
            kernel(near, coords.float(), coords.float())(torch.ones(len(coords), 4))
        return largest.bytes

    few, many = (peak(points, 2**12) for points in (16, 32))
    assert many < 1.5 * few
    assert peak(32, 2**20) > 8 * peak(16, 2**20), "kept whole, the kernels would grow"


def test_low_rank_integral_is_the_sum_of_products_of_matrices():
    torch.manual_seed(0)
    layer = LowRankIntegral(3, 2, rank=2, hidden=4).double()
    marks, v = torch.randn(1, 7, 2).double(), torch.randn(1, 7, 3).double()
    weights = torch.rand(1, 7).double()

    def matrices(network, h) -> torch.Tensor:
        h = torch.nn.functional.gelu(network(h[0]))
        return torch.cat([torch.ones_like(h[:, :1]), h], dim=-1)

    inner = layer.moments.weight.unflatten(0, (2, 3)).unflatten(2, (5, 3))  # rank, d, k, c
    outer = layer.spread.weight.unflatten(0, (5, 3)).unflatten(2, (2, 3))  # k, d, rank, c
    phi = torch.einsum("rdkc,yk->yrdc", inner, matrices(layer.inner, marks))
    psi = torch.einsum("kdrc,xk->xrdc", outer, matrices(layer.outer, marks))
    expected = torch.einsum("xrde,y,yrec,yc->xd", psi, weights[0], phi, v[0])
    assert torch.allclose(layer(v, marks, weights)[0], expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("build", "far"), [(gno, False), (lno, True), (mgkn, True)])
def test_who_hears_whom(build, far: bool):
    """Balls end; low rank and coarse levels reach the opposite corner at once."""
    cloud = scattered_of(Grid((20, 20)))
    torch.manual_seed(0)
    operator = build(UNIT, 0.2).double()
    u = torch.zeros(1, 400, 1, dtype=torch.float64, requires_grad=True)
    operator(Field(u, cloud)).values[0, -1, 0].backward()
    assert u.grad is not None
    assert bool(u.grad[0, 0, 0] != 0) is far
    assert u.grad[0, -1, 0] != 0


def test_levels_leave_no_point_alone():
    """Even balls that hold one point each pass everything on, through the nearest points."""
    cloud = PointCloud(torch.rand(80, 2, generator=torch.Generator().manual_seed(0)))
    torch.manual_seed(0)
    sizes = {"counts": (20, 5), "hidden_channels": 4, "cycles": 1}
    operator = MGKN(1, 1, PointFeatures(UNIT), 1e-3, **sizes).double()
    u = torch.zeros(1, 80, 1, dtype=torch.float64)

    def image(values: torch.Tensor) -> torch.Tensor:
        return operator(Field(values, cloud)).values[0, :, 0]

    image(u)  # levels are made outside of the transform
    jacobian = torch.func.jacrev(image)(u)[:, 0, :, 0]
    others = jacobian - torch.diag(jacobian.diagonal())
    assert (others.abs().amax(0) > 0).float().mean() > 0.8, "most are heard by another point"
    assert (others.abs().amax(1) > 0).all(), "every point hears another one"


def test_a_shift_is_not_seen_without_coordinates():
    torch.manual_seed(0)
    operator = gno(RING, 0.2, coordinates=False).double()
    u = band_limited(Grid((24,), periodic=True))
    moved = u.with_values(u.values.roll(5, 1))
    back = operator(moved).values.roll(-5, 1)
    assert distance(u.with_values(back), operator(u)) < 1e-12
    seeing = gno(RING, 0.2).double()
    assert distance(u.with_values(seeing(moved).values.roll(-5, 1)), seeing(u)) > 1e-6


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: gno(UNIT, 0.0), "radius"),
        (lambda: gno(UNIT, 0.1, aggregation="sum"), "aggregation"),
        (lambda: MGKN(1, 1, PointFeatures(UNIT), 0.1, counts=()), "levels"),
        (lambda: LNO(1, 1, PointFeatures(UNIT), rank=0), "rank"),
        (lambda: lno(UNIT, 0.1, boundary_channels=[1]), "boundary channels are numbers below 1"),
    ],
)
def test_impossible_sizes_are_refused(make, words: str):
    with pytest.raises(ValueError, match=words):
        make()


@MODELS
def test_boundary_data_is_heard_alike_on_finer_meshes(build):
    """Read by quadrature over the volume, as values at nodes, it fades, and the promise is broken.

    What the data add to the answer is examined: in the answers of networks that are not trained it
    would drown.
    """
    u = smooth(star_meshes((8, 9)), channels=2)
    gaps = []
    for boundary in ([1], []):
        torch.manual_seed(0)
        operator = build(BOX, 0.8, channels=2, boundary_channels=boundary).double().eval()
        _, density = operator.claims
        assert density.boundary == tuple(boundary)
        gaps.append(replace(density, boundary=(1,)).defect(added(operator), u))
    assert gaps[0] < density.bound < gaps[1] and gaps[0] < 0.2 * gaps[1], gaps


def added(operator):
    """What the second channel adds to the answers."""

    @torch.no_grad()
    def response(u: Field) -> Field:
        first = torch.tensor([1.0, 0.0], dtype=torch.float64)
        image, without = operator(u), operator(u.with_values(u.values * first))
        return image.with_values(image.values - without.values)

    return response
