import math

import pytest
import torch
from scipy.spatial import Delaunay

from fredholm.domains import (
    Axis,
    Cylinder,
    Grid,
    Mesh,
    PointCloud,
    Stack,
    mesh_of_grid,
    refined,
    transfer,
    transfer_error,
)
from fredholm.domains.meshes.location import located
from fredholm.fields import Field
from fredholm.testing import band_limited


def random_points(count, dim=2, seed=0):
    return torch.rand(
        count, dim, generator=torch.Generator().manual_seed(seed), dtype=torch.float64
    )


def square(size, dim=2):
    return mesh_of_grid(Grid((size,) * dim, ((0, 1),) * dim))


def linear(x):
    return (x * torch.arange(1, x.shape[-1] + 1, dtype=x.dtype)).sum(-1, keepdim=True) - 0.3


def smooth(x):
    return torch.sin(3 * x[..., :1] + 1) * torch.cos(2 * x[..., -1:])


def delaunay_mesh(count, dim, seed=0):
    coords = random_points(count, dim, seed)
    return Mesh(coords, torch.from_numpy(Delaunay(coords.numpy()).simplices).long())


@pytest.mark.parametrize("dim", [2, 3])
def test_points_are_located_as_by_an_independent_search(dim):
    mesh = delaunay_mesh(60, dim)  # with flat cells along its hull
    points = random_points(3000, dim, seed=1)
    found = located(mesh, points)
    expected = torch.from_numpy(Delaunay(mesh.coords.numpy()).find_simplex(points.numpy()))
    assert torch.equal(found.outside, expected < 0)
    inside = ~found.outside
    again = (found.weights[..., None] * mesh.coords[found.numbers]).sum(1)
    assert torch.allclose(again[inside], points[inside], atol=1e-9)
    assert found.weights.min() >= -1e-9


def test_thin_cells_are_found_among_many_with_nearer_middles():
    x = torch.linspace(0, 1, 3, dtype=torch.float64)
    y = torch.linspace(0, 1, 201, dtype=torch.float64) ** 2
    grid = Grid((3, 201))
    nodes = torch.cartesian_prod(x, y)
    mesh = Mesh(nodes, mesh_of_grid(grid).cells)
    points = random_points(500) * torch.tensor([1.0, 1e-2])
    assert torch.allclose(transfer(linear(nodes), mesh, points, outside="raise"), linear(points))


@pytest.mark.parametrize("dim", [1, 2, 3])
@pytest.mark.parametrize("cells", [True, False], ids=["mesh", "cloud"])
def test_linear_functions_are_transferred_exactly(dim, cells):
    source = square(5 if cells else 8, dim)
    if not cells:
        coords = source.coords
        source = PointCloud(coords + 0.05 * random_points(len(coords), dim))
    points = 0.1 + 0.8 * random_points(100, dim, seed=2)
    moved = transfer(linear(source.coords), source, points, outside="raise")
    assert torch.allclose(moved, linear(points), atol=1e-11)
    smoothly = transfer(linear(source.coords) ** 2, source, points, "smooth")
    assert torch.allclose(smoothly, linear(points) ** 2, atol=1e-9), "quadratic ones by 'smooth'"


@pytest.mark.parametrize("method, order", [("linear", 2), ("smooth", 3), ("nearest", 1)])
@pytest.mark.parametrize("cells", [True, False], ids=["mesh", "cloud"])
def test_transfer_has_its_order(method, order, cells):
    points = 0.05 + 0.9 * random_points(400, seed=3)
    errors = []
    for size in (9, 17, 33, 65):
        source = square(size) if cells else PointCloud(square(size).coords)
        moved = transfer(smooth(source.coords), source, points, method)
        errors.append(float((moved - smooth(points)).square().mean().sqrt()))
    slope = math.log2(errors[0] / errors[-1]) / 3
    assert slope == pytest.approx(order, abs=0.25), errors


def test_transfer_between_random_clouds_is_of_second_order():
    points = 0.1 + 0.8 * random_points(400, seed=4)
    errors = []
    for count in (250, 1000, 4000, 16000):
        source = PointCloud(random_points(count, seed=5))
        moved = transfer(smooth(source.coords), source, points)
        errors.append(float((moved - smooth(points)).square().mean().sqrt()))
    slope = math.log2(errors[0] / errors[-1]) / 3
    assert slope == pytest.approx(2, abs=0.25), errors


@pytest.mark.parametrize("method", ["linear", "smooth", "nearest"])
def test_on_its_own_points_a_function_keeps_its_values(method):
    for source in (delaunay_mesh(80, 2), PointCloud(random_points(80))):
        values = torch.randn(80, 3, generator=torch.Generator().manual_seed(6)).double()
        assert torch.allclose(transfer(values, source, source, method), values, atol=1e-12)


def test_constants_are_kept_whatever_the_neighbours():
    on_a_line = PointCloud(torch.linspace(0, 1, 30, dtype=torch.float64)[:, None] * torch.ones(2))
    on_a_circle = torch.linspace(0, 2 * math.pi, 41, dtype=torch.float64)[:40]
    ring = PointCloud(torch.stack([on_a_circle.cos(), on_a_circle.sin()], dim=1))
    for cloud, points in ((on_a_line, torch.tensor([[0.41, 0.41]])), (ring, 0.99 * ring.coords)):
        for method in ("linear", "smooth"):
            moved = transfer(torch.ones(len(cloud), 1).double(), cloud, points, method)
            assert torch.allclose(moved, torch.ones_like(moved), atol=1e-10)


def test_points_outside_take_the_value_at_the_boundary():
    mesh = square(9)
    points = torch.tensor([[1.2, 0.3], [-0.4, 0.71], [1.5, 2.0], [0.4, 0.5]], dtype=torch.float64)
    moved = transfer(linear(mesh.coords), mesh, points)
    assert torch.allclose(moved, linear(points.clamp(0, 1)), atol=1e-12)
    none = transfer(linear(mesh.coords), mesh, points, outside="nan")[:, 0]
    assert torch.isnan(none).tolist() == [True, True, True, False]
    with pytest.raises(ValueError, match="3 of 4 points lie outside, the first is number 0"):
        transfer(linear(mesh.coords), mesh, points, outside="raise")
    cloud = PointCloud(mesh.coords)
    far = transfer(linear(cloud.coords), cloud, points[:3])
    nearest = (points[:3].clamp(0, 1) * 8).round() / 8
    assert torch.allclose(far, linear(nearest), atol=1e-12)


def test_values_on_a_surface_are_those_of_its_nearest_point():
    flat = square(9)
    lifted = torch.cat([flat.coords, torch.zeros(81, 1, dtype=torch.float64)], dim=1)
    surface = Mesh(lifted, flat.cells)
    points = random_points(50, seed=7)
    above = torch.cat([points, torch.full((50, 1), 0.02).double()], dim=1)
    moved = transfer(linear(flat.coords), surface, above)
    assert torch.allclose(moved, linear(points), atol=1e-12)
    assert located(surface, above).outside.all()


@pytest.mark.parametrize("cells", [True, False], ids=["mesh", "cloud"])
def test_gradients_flow_to_the_values(cells):
    source = square(4) if cells else PointCloud(square(4).coords)
    values = random_points(16, 2, seed=8).requires_grad_()
    points = random_points(7, seed=9)
    assert torch.autograd.gradcheck(lambda v: transfer(v, source, points), values)


def test_the_estimate_of_the_error_is_near_the_error():
    points = 0.1 + 0.8 * random_points(500, seed=10)
    source = delaunay_mesh(600, 2, seed=11)
    error = (transfer(smooth(source.coords), source, points) - smooth(points)).abs()
    estimate = transfer_error(smooth(source.coords), source, points)
    assert float(estimate.mean()) == pytest.approx(float(error.mean()), rel=0.15)
    exact = transfer_error(linear(source.coords), source, points)
    assert float(exact.max()) < 1e-9, "and zero where the transfer is exact"


def pairs_of_domains():
    mesh = delaunay_mesh(150, 2)
    hull = square(12)
    grid = Grid((9, 10), ((0.2, 0.7), (0.3, 0.8)))
    large = Grid((14, 13), ((-0.5, 1.5), (-0.5, 1.5)))
    cloud = PointCloud(0.2 + 0.6 * random_points(60, seed=12))
    stack = Stack((hull, PointCloud(square(11).coords)))
    small = Stack((cloud, refined(mesh_of_grid(grid))))
    return {
        "mesh to grid": (hull, grid),
        "mesh to cloud": (hull, cloud),
        "cloud to mesh": (PointCloud(square(11).coords), mesh_of_grid(grid)),
        "grid to mesh": (large, mesh),
        "grid to stack": (large, small),
        "mesh to stack": (hull, small),
        "stack to grid": (stack, grid),
        "stack to cloud": (stack, cloud),
        "stack to stack": (stack, small),
    }


def over_times(u, domain):
    """The functions (1 + t) u."""
    times = domain.axis("t").points().reshape(-1, *[1] * (u.values.ndim - 1))
    return Field((1 + times) * u.values[:, None], domain)


@pytest.mark.parametrize("name", pairs_of_domains())
@pytest.mark.parametrize("time", [False, True], ids=["space", "space-time"])
def test_linear_functions_are_the_same_on_all_domains(name, time):
    source, target = pairs_of_domains()[name]
    slopes = torch.tensor([1.0, -2.0], dtype=torch.float64)  # of the two functions of the batch

    def sampled(domain):
        x = domain.points()
        x = x if domain.count == 2 else x.expand(2, *x.shape)
        values = linear(x) * slopes.reshape(2, *[1] * (x.ndim - 1))
        mask = getattr(domain, "mask", None)
        return Field(values if mask is None else values * mask[..., None], domain)

    u, expected = sampled(source), sampled(target)
    if time:
        old, new = (Axis(n, 0, 1, name="t") for n in (3, 5))
        over = [
            Grid.of(axis, *space.axes) if isinstance(space, Grid) else Cylinder(axis, space)
            for axis, space in ((old, source), (new, target))
        ]
        u, expected = (over_times(f, d) for f, d in zip((u, expected), over))
    moved = u.at(expected.domain)
    assert moved.domain == expected.domain
    assert torch.allclose(moved.values, expected.values, atol=1e-11)


def test_band_limited_functions_are_evaluated_exactly_at_scattered_points():
    u = band_limited(Grid((16, 16), ((0, 1), (0, 1)), periodic=True), channels=2)
    fine = u.at(Grid((48, 48), periodic=True))
    cloud = PointCloud(fine.domain.points().flatten(0, 1))
    assert torch.allclose(u.at(cloud).values, fine.values.flatten(1, 2), atol=1e-12)
    assert not torch.allclose(u.at(cloud, method="linear").values, u.at(cloud).values, atol=1e-3)


def test_equal_domains_change_nothing():
    u = Field(torch.zeros(2, 81, 1), square(9))
    assert u.at(u.domain) is u


def test_what_cannot_be_evaluated_is_refused():
    mesh = square(5)
    u = Field(torch.zeros(2, 25, 1, dtype=torch.float64), mesh)
    with pytest.raises(ValueError, match=r"functions of \(x y\) cannot .* points \(x y z\)"):
        u.at(PointCloud(random_points(4, 3)))
    with pytest.raises(ValueError, match=r"points \(x \[m\] y \[m\]\)"):
        u.at(PointCloud(random_points(4), units="m"))
    with pytest.raises(ValueError, match="2 functions need as many domains, got 3"):
        u.at(Stack((mesh,) * 3))
    with pytest.raises(ValueError, match="method is one of"):
        u.at(PointCloud(random_points(4)), method="cubic")
    with pytest.raises(ValueError, match="leaves the source"):
        band_limited(Grid((8, 8), ((0, 0.5), (0, 1)))).at(mesh)
    with pytest.raises(ValueError, match="has 25 values, got 24"):
        transfer(torch.zeros(24, 1), mesh, mesh)
