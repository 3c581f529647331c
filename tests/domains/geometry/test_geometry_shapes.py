"""Shapes, samples and refusals of regions, one by one."""

import math

import pytest
import torch

from fredholm.domains import (
    Ball,
    Box,
    Disk,
    Ellipse,
    Grid,
    Interval,
    Polygon,
    Rectangle,
    Region,
    joined,
)
from fredholm.domains.geometry import fill_cube

SQUARE = Rectangle((0, 1), (0, 1))
ELL = Polygon(((0, 0), (2, 0), (2, 1), (1, 1), (1, 2), (0, 2)), edges=tuple("abcdef"))
METHODS = ["sobol", "uniform", "latin", "halton"]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def chi_square(values, cells):
    """Pearson's statistic of numbers in (0, 1) that ought to be uniform."""
    counts = torch.histc(values, cells, 0, 1)
    expected = len(values) / cells
    return float(((counts - expected) ** 2 / expected).sum())


def seems_uniform(values, cells=50):
    """Within five standard deviations of what independent uniform numbers show."""
    return chi_square(values, cells) < cells - 1 + 5 * math.sqrt(2 * (cells - 1))


@pytest.mark.parametrize(
    "region, measure, boundary",
    [
        (Interval(-1, 2), 3, 2),
        (Box(((0, 1), (0, 2), (0, 3))), 6, 22),
        (Disk((5, 5), 2), 4 * math.pi, 4 * math.pi),
        (Ball((0, 0, 0), 2), 32 / 3 * math.pi, 16 * math.pi),
        (Ball((1.0,), 2), 4, 2),
        (Ball((0,) * 4, 1), math.pi**2 / 2, 2 * math.pi**2),
        (Ellipse((0, 0), (2, 1)), 2 * math.pi, 9.688448220547675),
        (ELL, 3, 8),
        (SQUARE - Disk((0.5, 0.5), 0.25, name="hole"), 1 - math.pi / 16, 4 + math.pi / 2),
    ],
    ids=["interval", "cuboid", "disk", "ball", "ball-1d", "ball-4d", "ellipse", "ell", "hole"],
)
def test_measures(region, measure, boundary):
    assert region.measure == pytest.approx(measure, rel=1e-12)
    assert sum(map(region.measure_of, region.parts)) == pytest.approx(boundary, rel=1e-12)


def test_measures_of_combinations_have_the_stated_accuracy():
    lens = Disk((0, 0), 1, name="a") & Disk((1, 0), 1, name="b")
    area = 2 * math.pi / 3 - math.sqrt(3) / 2
    assert lens.measure == pytest.approx(area, rel=3e-3)
    assert lens.measure_of("a") == pytest.approx(2 * math.pi / 3, rel=3e-3)
    union = Disk((0, 0), 1, name="a") | Disk((1, 0), 1, name="b")
    assert union.measure == pytest.approx(2 * math.pi - area, rel=3e-3)
    assert union.measure_of("b") == pytest.approx(4 * math.pi / 3, rel=3e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("radius", [1.0, 3.0])
@pytest.mark.parametrize("dim", [2, 3, 7])
def test_balls_are_filled_uniformly(dim, radius, method):
    """(|x|/r)^d is uniform, and so is every direction."""
    ball = Ball((1.0,) * dim, radius)
    offsets = ball.sample(4000, generator=seeded(), method=method) - 1
    assert seems_uniform((offsets.norm(dim=-1) / radius) ** dim)
    angles = torch.atan2(offsets[:, 1], offsets[:, 0]) / (2 * math.pi) + 0.5
    assert seems_uniform(angles)


def test_the_statistic_rejects_points_that_crowd():
    radii = torch.rand(4000, dtype=torch.float64, generator=seeded())
    assert not seems_uniform(radii**2)  # the disk filled by uniform radii


@pytest.mark.parametrize("method", METHODS)
def test_boundaries_are_filled_uniformly(method):
    points, _ = Disk((0, 0), 2).boundary(4000, part="disk", generator=seeded(), method=method)
    assert seems_uniform(torch.atan2(points[:, 1], points[:, 0]) / (2 * math.pi) + 0.5)
    points, _ = Ball((0, 0, 0), 1).boundary(4000, part="ball", generator=seeded(), method=method)
    assert seems_uniform((points[:, 2] + 1) / 2)  # Archimedes
    walls = Box(((0, 1), (0, 2), (0, 3)), name="walls")
    _, normals = walls.boundary(6600, part="walls", generator=seeded(), method=method)
    shares = [float((normals[:, i].abs() == 1).double().mean()) for i in range(3)]
    assert shares == pytest.approx([12 / 22, 6 / 22, 4 / 22], abs=0.03)
    outline = Polygon(((0, 0), (3, 0), (3, 1), (0, 1)), "outline")
    points, _ = outline.boundary(4000, part="outline", generator=seeded(), method=method)
    assert float((points[:, 1] == 0).double().mean()) == pytest.approx(3 / 8, abs=0.03)
    assert seems_uniform(points[points[:, 1] == 0, 0] / 3)


def test_ellipses_are_sampled_by_length_and_not_by_angle():
    ellipse = Ellipse((0, 0), (4, 1))
    points, _ = ellipse.boundary(20000, part="ellipse", generator=seeded())
    angle = torch.linspace(0, math.pi / 2, 20001, dtype=torch.float64)
    speed = torch.hypot(4 * angle.sin(), angle.cos())
    within = float(
        torch.trapezoid(speed[:10001], angle[:10001]) * 4 / ellipse.measure_of("ellipse")
    )
    angles = torch.atan2(points[:, 1].abs(), points[:, 0].abs() / 4)
    assert float((angles < math.pi / 4).double().mean()) == pytest.approx(within, abs=2e-3)
    assert abs(within - 0.5) > 0.1


def test_rejected_points_fill_what_is_left_uniformly():
    ring = Disk((0, 0), 2, name="outer") - Disk((0, 0), 1, name="inner")
    square = (ring.sample(5000, generator=seeded()) ** 2).sum(-1)
    assert seems_uniform((square - 1) / 3)
    cut = SQUARE - Disk((0, 0), 0.5, name="bite")
    points, _ = cut.boundary(2000, part="bottom", generator=seeded())
    assert seems_uniform(2 * points[:, 0] - 1)


def test_sobol_points_integrate_better_than_independent_ones():
    disk = Disk((0, 0), 1)

    def error(method):
        runs = [disk.sample(2048, generator=seeded(i), method=method) for i in range(8)]
        return max(abs(float((x**2).sum(-1).mean()) - 0.5) for x in runs)

    assert error("sobol") < error("uniform") / 3


def test_latin_hypercubes_have_one_point_in_each_slice():
    cube = fill_cube(64, 3, generator=seeded(), method="latin")
    slices = (64 * cube).floor().long().sort(dim=0).values
    assert torch.equal(slices, torch.arange(64)[:, None].expand(64, 3))


def test_many_dimensions_cost_memory_in_proportion():
    dim = 100_000
    ball = Ball((0.0,) * dim, 1)
    points = ball.sample(5, generator=seeded())
    # Nearly all of the volume lies under the surface.
    assert bool((points.norm(dim=-1) > 0.999).all()) and bool(ball.inside(points).all())
    box = Box.cube(20_000)
    on, normals = box.boundary(5, part="x7000+", generator=seeded())
    assert bool((on[:, 7000] == 1).all()) and float(normals.sum()) == 5
    assert bool((box.distance(on, "x7000+") == 0).all())
    shell = Ball((0.0,) * 50, 2.0) - Ball((0.0,) * 50, 1.95, "inner")
    assert bool(shell.inside(shell.sample(50, generator=seeded())).all())


def test_a_side_of_a_box_is_its_plane_and_that_of_a_polygon_is_cut():
    on_line = torch.tensor([[0.5, 1.0], [1.5, 1.0]]).double()  # the edge is the second half of it
    within, upon = ELL.distance(on_line, "c").tolist()
    assert ELL.inside(on_line).tolist() == [True, False]
    assert 0.2 < within < 1 and upon == 0
    x = SQUARE.sample(50, generator=seeded())
    assert torch.equal(SQUARE.distance(x, "left"), x[:, 0])
    assert torch.equal(SQUARE.distance(x, "top"), 1 - x[:, 1])


def test_distances_join_to_one_that_vanishes_on_all_parts():
    x = SQUARE.sample(200, generator=seeded())
    first = SQUARE.joint_distance(x, ("left", "bottom"))
    torch.testing.assert_close(first, 1 / (1 / x[:, 0] + 1 / x[:, 1]))
    second = SQUARE.joint_distance(x, ("left", "bottom"), order=2)
    torch.testing.assert_close(second, (x[:, 0] ** -2 + x[:, 1] ** -2) ** -0.5)
    assert SQUARE.joint_distance(torch.zeros(1, 2).double(), ("left", "bottom")) == 0
    tiny = torch.tensor([[1e-200, 1.0, 3.0]]).double()
    torch.testing.assert_close(joined(tiny, 2), tiny[:, 0])


def test_parts_of_which_nothing_is_left_are_dropped():
    cut = SQUARE - Rectangle((0.5, 1), (0, 1), name="half")
    assert cut.parts == ("left", "bottom", "top", "half")
    with pytest.raises(ValueError, match="no part 'right'"):
        cut.boundary(10, part="right", generator=seeded())
    touching = SQUARE | Rectangle((1, 2), (0, 1), name="next")
    assert touching.parts == ("left", "bottom", "top", "next")
    assert touching.measure_of("next") == pytest.approx(3, rel=3e-3)


def test_the_box_of_a_grid_has_its_extent_and_sides():
    box = Region.of_grid(Grid((4, 5), ((0, 1), (-1, 2)), location="cell"))
    assert box == Rectangle((0, 1), (-1, 2))
    assert box.parts == ("left", "right", "bottom", "top")
    assert Interval(0, 1).parts == ("left", "right")
    assert Box.cube(3).parts[4:] == ("back", "front")
    assert Box.cube(4).parts[:3] == ("x0-", "x0+", "x1-")


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Interval(1, 1), "start < stop"),
        (lambda: Box(()), "no axis"),
        (lambda: Box(((0, math.inf),)), "start < stop"),
        (lambda: Box.cube(2, name="a|b"), r"without '\|'"),
        (lambda: Disk((0, 0), 0), "radius of a ball is positive"),
        (lambda: Disk((0, 0), -1), "radius of a ball is positive"),
        (lambda: Disk((0, 0, 0), 1), "two coordinates"),
        (lambda: Ball((), 1), "finite coordinates"),
        (lambda: Ball((0, 0), 1, "all"), "other than 'all'"),
        (lambda: Ellipse((0, 0), (1, 0)), "half-axes"),
        (lambda: Ellipse((0, 0), (1, 1, 1)), "two finite numbers"),
        (lambda: Polygon(((0, 0), (1, 1))), "at least three"),
        (lambda: Polygon(((0, 0), (1, 1), (1, 0), (0, 1))), "edges 0 and 2 .* cross or touch"),
        (lambda: Polygon(((0, 0), (2, 0), (1, 0), (1, 1))), "cross or touch"),
        (lambda: Polygon(((0, 0), (1, 0), (2, 0))), "cross or touch"),
        (lambda: Polygon(((0, 0), (1, 0), (1, 0), (0, 1))), "twice in a row"),
        (lambda: Polygon(((0, 0), (1, 0), (0, 1)), edges=("a", "b")), "3 edges, got 2 names"),
        (lambda: SQUARE - Disk((3, 3), 0.5), "parts disk adds no part"),
        (lambda: SQUARE - Disk((0.5, 0.5), 5), "empty"),
        (lambda: SQUARE | Disk((0.5, 0.5), 0.1), "parts disk adds no part"),
        (lambda: SQUARE & Disk((3, 3), 0.5), "intersection of the regions is empty"),
        (lambda: SQUARE & Disk((1.3, 1.3), 0.4), "intersection of the regions is empty"),
        (lambda: SQUARE & Disk((0.5, 0.5), 5), "parts disk adds no part"),
        (lambda: SQUARE - Rectangle((0.2, 0.4), (0.2, 0.4)), "both regions have a part 'left'"),
        (lambda: SQUARE | Rectangle((0.5, 2), (0, 0.5), name="arm"), "'arm' runs along"),
        (lambda: SQUARE & Rectangle((0, 0.5), (-1, 2), name="strip"), "'strip' runs along"),
        (lambda: SQUARE - Ball((0, 0, 0), 1), "one dimension, got 2 and 3"),
    ],
)
def test_shapes_that_make_no_sense_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "ask, message",
    [
        (lambda: SQUARE.distance(torch.zeros(3, 2), "lfet"), "no part 'lfet': did you mean 'left'"),
        (lambda: SQUARE.distance(torch.zeros(3, 3), "left"), r"2 coordinates, got shape \(3, 3\)"),
        (lambda: Disk((0, 0), 1).inside(torch.zeros(3)), "2 coordinates"),
        (lambda: (SQUARE - Disk((0, 0), 0.5)).inside(torch.zeros(3)), "2 coordinates"),
        (lambda: SQUARE.joint_distance(torch.zeros(3, 2), ()), "at least one part"),
        (lambda: joined(torch.ones(3, 2), 0), "positive order"),
        (lambda: SQUARE.sample(0, generator=seeded()), "at least one point"),
        (lambda: SQUARE.sample(5, generator=seeded(), method="grid"), "method is one of"),
        (lambda: fill_cube(5, 40, generator=seeded(), method="halton"), "up to 32 dimensions"),
        (lambda: Disk((0, 0), 1).measure_of("left"), "no part 'left'"),
    ],
)
def test_questions_that_make_no_sense_are_refused(ask, message):
    with pytest.raises(ValueError, match=message):
        ask()


def test_a_region_too_thin_to_be_found_says_so():
    thin = Polygon(((0, 0), (1, 1), (1, 1.00001)))
    with pytest.raises(ValueError, match="the region seems to be empty"):
        thin.sample(10, generator=seeded())


def test_clockwise_and_anticlockwise_polygons_are_the_same_region():
    forward = Polygon(((0, 0), (2, 0), (1, 3)))
    backward = Polygon(((0, 0), (1, 3), (2, 0)))
    x = forward.sample(100, generator=seeded())
    torch.testing.assert_close(forward.level(x), backward.level(x))
    torch.testing.assert_close(forward.distance(x, "polygon"), backward.distance(x, "polygon"))
    assert forward.measure == backward.measure == 3


def test_nearest_points_of_an_ellipse_are_on_it_and_straight_across():
    """Also on the axes, where they are limits, and at a centre of curvature, a multiple root."""
    ellipse = Ellipse((0, 0), (2, 0.5))
    on_axis = [[0, 0], [1, 0], [1.9, 0], [0, 0.2], [3, 0], [0, -2]]
    expected = [-0.5, -0.5 * math.sqrt(1 - 4 / 15), -0.1, -0.3, 1, 1.5]
    distances = ellipse.signed_distance(torch.tensor(on_axis, dtype=torch.float64))
    assert distances.tolist() == pytest.approx(expected, abs=1e-12)
    curvature = torch.tensor([1.875, 0], dtype=torch.float64)
    assert float(ellipse.signed_distance(curvature)) == pytest.approx(-0.125, abs=1e-6)
