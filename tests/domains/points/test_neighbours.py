import pytest
import torch
from scipy.spatial import Delaunay

from fredholm.domains import (
    Mesh,
    PointCloud,
    Stack,
    batched_cross_edges,
    batched_edges,
    cross_edges,
    delaunay_edges,
    edge_vectors,
    mesh_edges,
    nearest_edges,
    radius_edges,
)
from fredholm.domains.points.neighbours import tiled


def random_points(count, dim=2, seed=0):
    return torch.rand(
        count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def lattice(side):
    x = torch.linspace(0, 1, side, dtype=torch.float64)
    return torch.cartesian_prod(x, x)


def distances(x, y, periods=()):
    gap = x[:, None] - y[None]
    for axis, period in enumerate(periods):
        if period:
            gap[..., axis] -= period * torch.round(gap[..., axis] / period)
    return torch.linalg.vector_norm(gap, dim=-1)


def pairs(edges):
    return set(map(tuple, edges.T.tolist()))


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("periodic", [False, True])
def test_radius_edges_are_those_of_brute_force(dim, periodic):
    x = random_points(150, dim)
    periods = (1.0, 0.0, 1.0)[:dim] if periodic else ()
    near = distances(x, x, periods) <= 0.2
    near.fill_diagonal_(False)
    edges = radius_edges(x, 0.2, periods)
    assert torch.equal(edges.flip(0), near.nonzero().T), "or another order"
    assert periodic == (pairs(edges) != pairs(radius_edges(x, 0.2)))
    assert torch.linalg.vector_norm(edge_vectors(x, edges, periods), dim=1).max() <= 0.2


def test_nearest_edges_are_those_of_brute_force():
    x = random_points(120)
    order = distances(x, x).argsort(dim=1)[:, 1:5]
    chosen = {(int(j), i) for i, row in enumerate(order) for j in row}
    assert pairs(nearest_edges(x, 4)) == chosen | {(i, j) for j, i in chosen}


def test_equally_far_neighbours_are_all_joined():
    edges = nearest_edges(lattice(5), 1)
    assert len(edges.T) == 2 * 2 * 5 * 4, "every horizontal and vertical neighbour"


def test_cross_edges_are_those_of_brute_force():
    x, y = random_points(90, seed=1), random_points(40, seed=2)
    near = cross_edges(x, y, radius=0.15)
    assert torch.equal(near.flip(0), (distances(y, x) <= 0.15).nonzero().T)
    closest = cross_edges(x, y, nearest=3)
    assert torch.equal(closest[1], torch.arange(40).repeat_interleave(3))
    expected = distances(y, x).argsort(dim=1)[:, :3].sort(dim=1).values
    assert torch.equal(closest[0].reshape(40, 3), expected)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: radius_edges(x, 0.21),
        lambda x: nearest_edges(x, 3),
        lambda x: delaunay_edges(x),
        lambda x: radius_edges(x, 0.21, (1.1, 0.0)),
    ],
    ids=["radius", "nearest", "delaunay", "periodic"],
)
@pytest.mark.parametrize("x", [random_points(80), lattice(8)], ids=["random", "lattice"])
def test_edges_do_not_depend_on_the_order_of_points(make, x):
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(3))
    edges, moved = make(x), make(x[order])
    assert pairs(order[moved]) == pairs(edges)
    assert pairs(edges) == pairs(edges.flip(0)), "both ways"
    number = edges[1] * len(x) + edges[0]
    assert bool((number.diff() > 0).all()), "sorted by receiver, then by sender, each once"


def test_loops_are_wanted_or_not():
    x = random_points(20)
    for edges in (radius_edges(x, 0.3, (), True), nearest_edges(x, 2, (), True)):
        assert int((edges[0] == edges[1]).sum()) == 20
    assert not bool((nearest_edges(x, 2)[0] == nearest_edges(x, 2)[1]).any())


def l_shape():
    x = lattice(21) + 1e-3 * random_points(441)
    return x[~((x > 0.51).all(1))]


def test_delaunay_edges_do_not_bridge_notches():
    x = l_shape()
    x = x[torch.linalg.vector_norm(x - 0.25, dim=1) > 0.18]
    middle = x[delaunay_edges(x)].mean(0)
    assert float((middle - 0.5).amin(1).max()) < 0.08, "the notch, but for slivers at its corner"
    assert torch.linalg.vector_norm(middle - 0.25, dim=1).min() > 0.14, "the hole"
    hull = x[torch.from_numpy(Delaunay(x.numpy()).simplices).long()].mean(1)
    assert float((hull - 0.5).amin(1).max()) > 0.1, "without the rule the notch is bridged"


def test_delaunay_edges_keep_all_points_of_a_graded_cloud():
    x = random_points(2000) ** 2
    assert len(delaunay_edges(x)[1].unique()) == 2000
    every = 3 * 2000 - 3 - 2000**0.5  # Euler's formula, hull edges estimated
    assert len(delaunay_edges(x).T) / 2 > 0.95 * every


def test_periodic_delaunay_edges_have_no_border():
    x = random_points(100)
    edges = delaunay_edges(x, (1.0, 1.0))
    assert len(edges.T) / 2 == 3 * 100, "Euler's formula on a torus"
    moved = torch.remainder(x + torch.tensor([0.37, 0.81]), 1)
    assert pairs(delaunay_edges(moved, (1.0, 1.0))) == pairs(edges)
    assert pairs(delaunay_edges(moved)) != pairs(delaunay_edges(x))


def test_the_edges_of_a_mesh_are_those_of_its_cells():
    mesh = Mesh(lattice(2), torch.tensor([[0, 1, 2], [1, 2, 3]]))
    both = {(0, 1), (0, 2), (1, 2), (1, 3), (2, 3)}
    assert pairs(mesh_edges(mesh)) == both | {(j, i) for i, j in both}
    with pytest.raises(ValueError, match="need a Mesh, got a PointCloud"):
        mesh_edges(PointCloud(lattice(2)))


def test_edges_of_a_batch_stay_within_its_members():
    clouds = Stack(tuple(PointCloud(random_points(n, seed=n)) for n in (30, 50, 40)))
    edges = batched_edges(clouds, radius_edges, 0.3)
    owner = torch.repeat_interleave(torch.arange(3), torch.tensor(clouds.sizes))
    assert torch.equal(owner[edges[0]], owner[edges[1]])
    x = clouds.flat(clouds.points())
    near = (distances(x, x) <= 0.3) & (owner[:, None] == owner)
    near.fill_diagonal_(False)
    assert torch.equal(edges.flip(0), near.nonzero().T)
    again = [member.remembered(radius_edges, 0.3) for member in clouds]
    assert again[0] is clouds.members[0].remembered(radius_edges, 0.3), "computed once"


def test_edges_between_two_sets_of_a_batch_are_shifted_on_both_sides():
    parts = [torch.tensor([[0, 2], [0, 1]]), torch.tensor([[1], [0]])]
    edges = batched_cross_edges(parts, senders=(3, 2), receivers=(2, 1))
    assert edges.tolist() == [[0, 2, 4], [0, 1, 2]]


def test_memory_of_neighbours_is_linear():
    x = random_points(100_000)
    edges = radius_edges(x, 0.004)
    mean = 100_000 * torch.pi * 0.004**2
    assert len(edges.T) / 100_000 == pytest.approx(mean, rel=0.02)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: radius_edges(x, 0.0), "positive, got 0"),
        (lambda x: nearest_edges(x, 9), "9 points?|there are 9"),
        (lambda x: radius_edges(x, 0.1, (1.0,)), "2 coordinates need as many periods"),
        (lambda x: cross_edges(x, x), "give one"),
        (lambda x: delaunay_edges(x[:2]), "needs 3 points, got 2"),
        (lambda x: delaunay_edges(x * x.new_tensor([1, 0])), "on a line"),
    ],
    ids=range(6),
)
def test_what_cannot_be_joined_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(random_points(9))


def test_tiles_begin_with_the_points_themselves():
    x = torch.rand(5, 2, dtype=torch.float64)
    assert torch.equal(tiled(x, ()), x)
    tiles = tiled(x, (1.0, 0.0))
    assert tiles.shape == (15, 2) and torch.equal(tiles[:5], x)
    assert torch.allclose(tiles[5:10], x + torch.tensor([1.0, 0.0]))
