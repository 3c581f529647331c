"""What every region promises, whatever its shape."""

import math

import pytest
import torch

from fredholm.calls import describe, rebuild
from fredholm.domains import Ball, Box, Disk, Ellipse, Interval, Polygon, Rectangle

SQUARE = Rectangle((0, 1), (0, 1))
ELL = ((0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2))
SIDES = ("floor", "right", "step", "inner", "roof", "left")
REGIONS = {
    "interval": Interval(-1, 2),
    "rectangle": Rectangle((0, 2), (-1, 1.5)),
    "cuboid": Box(((0, 1), (0, 2), (-1, 1))),
    "cuboid-of-one-part": Box(((0, 1), (0, 2), (-1, 1)), name="walls"),
    "five-dimensional": Box.cube(5, -1, 1),
    "disk": Disk((0.5, -0.2), 0.7),
    "ball": Ball((1, 2, 3), 2),
    "ball-in-six": Ball((0,) * 6, 1.5),
    "ellipse": Ellipse((1, 0), (2, 0.5)),
    "triangle-clockwise": Polygon(((0, 0), (1, 2), (3, 0.5))),
    "ell": Polygon(ELL, name="wall"),
    "ell-of-six-parts": Polygon(ELL, edges=SIDES),
    "ell-of-two-parts": Polygon(ELL, edges=("a", "b", "a", "b", "a", "b")),
    "scale-of-thousands": Polygon(tuple((1e3 * x, 1e3 * y) for x, y in ELL), edges=SIDES),
    "hole": SQUARE - Disk((0.4, 0.5), 0.2, name="hole"),
    "two-holes": SQUARE - (Disk((0.3, 0.5), 0.1, name="a") | Disk((0.7, 0.5), 0.2, name="b")),
    "square-hole": SQUARE - Rectangle((0.3, 0.6), (0.4, 0.7), name="hole"),
    "hole-of-four-parts": Disk((0.5, 0.5), 1) - Rectangle((0.3, 0.6), (0.4, 0.7)),
    "elliptic-hole": SQUARE - Ellipse((0.5, 0.5), (0.3, 0.1)),
    "polygonal-hole": SQUARE - Polygon(((0.2, 0.2), (0.7, 0.3), (0.4, 0.8)), "fin"),
    "notch": SQUARE - Rectangle((0.5, 1), (0.5, 1), name="notch"),
    "bite": SQUARE - Disk((0, 0), 0.5, name="bite"),
    "channel-and-chamber": Rectangle((0, 3), (-0.3, 0.3)) | Disk((1.5, 0), 1),
    "boxes-that-touch": SQUARE | Rectangle((1, 2), (0, 0.5), name="arm"),
    "lens": Disk((0, 0), 1, name="a") & Disk((1, 0), 1, name="b"),
    "half-disk": Disk((0, 0), 1) & Rectangle((-2, 2), (0, 2)),
    "keyhole": (SQUARE - Disk((0.5, 0.5), 0.2, name="a")) | Disk((1, 0.5), 0.15, name="b"),
    "gap": Interval(0, 10) - Interval(4, 5, name="gap"),
    "shell": Ball((0, 0, 0), 1, "outer") - Ball((0, 0, 0), 0.6, "inner"),
    "block-in-a-channel": Box(((0, 2), (0, 1), (0, 1)))
    - Box(((0.5, 0.8), (0.3, 0.6), (0.2, 0.7)), name="block"),
}
SINGLE = [key for key, region in REGIONS.items() if not hasattr(region, "second")]
PARTS = [(key, part) for key, region in REGIONS.items() for part in region.parts]
PART_IDS = ["-".join(pair) for pair in PARTS]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def slopes(function, points):
    points = points.clone().requires_grad_()
    return torch.autograd.grad(function(points).sum(), points)[0]


def away_from_ends(region, part, n=400):
    """Points and normals of a part that are not close to another part or to a corner."""
    points, normals = region.boundary(n, part=part, generator=seeded())
    step = 1e-3 * region.size
    gap = region.signed_distance(points + step * normals)
    smooth = (gap - step).abs() < 1e-6 * region.size
    for other in region.parts:
        if other != part:
            smooth &= region.distance(points, other).abs() > step
    assert smooth.double().mean() > 0.8
    return points[smooth], normals[smooth]


@pytest.mark.parametrize("key, part", PARTS, ids=PART_IDS)
def test_normals_are_unit_vectors_out_of_the_region(key, part):
    region = REGIONS[key]
    points, normals = region.boundary(300, part=part, generator=seeded())
    assert points.shape == normals.shape == (300, region.dim)
    assert points.dtype == normals.dtype == torch.float64
    torch.testing.assert_close(normals.norm(dim=-1), torch.ones(300).double())
    assert float(region.signed_distance(points).abs().max()) < 1e-12 * region.size
    step = 1e-5 * region.size
    assert float((region.signed_distance(points - step * normals) < 0).double().mean()) > 0.99
    points, normals = away_from_ends(region, part)
    torch.testing.assert_close(slopes(region.signed_distance, points + step * normals), normals)


@pytest.mark.parametrize("key, part", PARTS, ids=PART_IDS)
def test_distance_is_zero_with_slope_one_on_its_part_and_positive_elsewhere(key, part):
    region = REGIONS[key]
    points, normals = away_from_ends(region, part)
    assert float(region.distance(points, part).abs().max()) < 1e-12 * region.size
    # Also at points that rounding has put on either side of the boundary.
    slope = slopes(lambda x: region.distance(x, part), points)
    torch.testing.assert_close(slope, -normals, rtol=0, atol=1e-6)
    assert bool((region.distance(region.sample(3000, generator=seeded()), part) > 0).all())
    for other in region.parts:
        if other != part:
            there, _ = away_from_ends(region, other)
            assert bool((region.distance(there, part) > 0).all()), other


@pytest.mark.parametrize("key, part", PARTS, ids=PART_IDS)
def test_distance_has_second_derivatives(key, part):
    region = REGIONS[key]
    points = region.sample(200, generator=seeded()).requires_grad_()
    first = torch.autograd.grad(region.distance(points, part).sum(), points, create_graph=True)[0]
    weights = torch.randn(region.dim, dtype=torch.float64, generator=seeded())
    along = first @ weights
    if not along.requires_grad:
        return  # the distance from a plane is linear
    second = torch.autograd.grad(along.sum(), points)[0]
    assert bool(torch.isfinite(second).all())
    step = 1e-6 * region.size
    shift = torch.randn(points.shape, dtype=torch.float64, generator=seeded()) * step
    ahead = slopes(lambda x: region.distance(x, part), points.detach() + shift) @ weights
    behind = slopes(lambda x: region.distance(x, part), points.detach() - shift) @ weights
    change, expected = (ahead - behind) / 2, (second * shift).sum(-1)
    # The median, as curvatures grow without bound at corners.
    bound = 1e-4 * float(expected.abs().median()) + 1e-12
    assert float((change - expected).abs().median()) < bound


@pytest.mark.parametrize("key", REGIONS)
def test_divergence_theorem_links_measures_normals_and_samples(key):
    """∮ x·n dS = d |Ω| and ∮ n dS = 0, from the boundary's samples and the stated measures."""
    region = REGIONS[key]
    flux, total = 0.0, torch.zeros(region.dim).double()
    for part in region.parts:
        points, normals = region.boundary(4096, part=part, generator=seeded())
        flux += float((points * normals).sum(-1).mean()) * region.measure_of(part)
        total += normals.mean(0) * region.measure_of(part)
    surface = sum(map(region.measure_of, region.parts))
    assert flux == pytest.approx(region.dim * region.measure, rel=5e-3)
    assert float(total.norm()) < 5e-3 * surface


@pytest.mark.parametrize("key", REGIONS)
def test_level_tells_inside_from_outside_smoothly(key):
    region = REGIONS[key]
    low, high = torch.tensor(region.bounds).double().T
    cube = torch.rand(2000, region.dim, dtype=torch.float64, generator=seeded())
    around = low + (high - low) * (1.4 * cube - 0.2)
    assert torch.equal(region.level(around) > 0, region.inside(around))
    for part in region.parts:
        points, normals = away_from_ends(region, part)
        assert float(region.level(points).abs().max()) < 1e-9 * region.size
        inner = points - 1e-6 * region.size * normals
        torch.testing.assert_close(slopes(region.level, inner), -normals, rtol=0, atol=1e-2)


@pytest.mark.parametrize("key", SINGLE)
def test_signed_distance_of_single_shapes_is_exact(key):
    """Against the nearest of many points of the boundary, which is never nearer."""
    region = REGIONS[key]
    boundary = torch.cat(
        [region.boundary(4000, part=part, generator=seeded()).points for part in region.parts]
    )
    low, high = torch.tensor(region.bounds).double().T
    cube = torch.rand(100, region.dim, dtype=torch.float64, generator=seeded())
    points = low + (high - low) * (1.4 * cube - 0.2)
    nearest = torch.cdist(points, boundary).amin(-1)
    distance = region.signed_distance(points).abs()
    assert bool((distance <= nearest + 1e-12 * region.size).all())
    if region.dim <= 2:
        assert bool((nearest - distance < 5e-3 * region.size).all())
    # |∇d| = 1 almost everywhere.
    length = slopes(region.signed_distance, points).norm(dim=-1)
    torch.testing.assert_close(length, torch.ones_like(length))


@pytest.mark.parametrize("key", REGIONS)
def test_combined_signed_distance_never_exceeds_the_true_one(key):
    region = REGIONS[key]
    points = region.sample(100, generator=seeded())
    boundary = torch.cat(
        [region.boundary(2000, part=part, generator=seeded()).points for part in region.parts]
    )
    nearest = torch.cdist(points, boundary).amin(-1)
    assert bool((region.signed_distance(points).abs() <= nearest + 1e-12 * region.size).all())


@pytest.mark.parametrize("key", REGIONS)
def test_functions_follow_shape_and_dtype_of_the_points(key):
    region = REGIONS[key]
    points = region.sample(24, generator=seeded())
    single = points.float().reshape(4, 6, region.dim)
    functions = [region.signed_distance, region.level]
    functions += [lambda x, part=part: region.distance(x, part) for part in region.parts]
    for function in functions:
        value = function(single)
        assert value.shape == (4, 6) and value.dtype == torch.float32
        expected = function(points).reshape(4, 6)
        torch.testing.assert_close(value.double(), expected, rtol=1e-3, atol=1e-5 * region.size)


@pytest.mark.parametrize("key", REGIONS)
def test_regions_are_values_that_can_be_stored(key):
    region = REGIONS[key]
    assert rebuild(describe(region)) == region
    assert math.isclose(rebuild(describe(region)).measure, region.measure)


@pytest.mark.parametrize("key", REGIONS)
@pytest.mark.parametrize("method", ["sobol", "uniform", "latin", "halton"])
def test_samples_lie_inside_and_depend_on_the_generator_alone(key, method):
    region = REGIONS[key]
    points = region.sample(200, generator=seeded(3), method=method)
    assert points.shape == (200, region.dim) and points.dtype == torch.float64
    assert bool(region.inside(points).all())
    assert torch.equal(points, region.sample(200, generator=seeded(3), method=method))
    assert not torch.equal(points, region.sample(200, generator=seeded(4), method=method))
