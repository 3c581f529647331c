import math

import pytest
import torch

from fredholm.calls import rebuild
from fredholm.domains import Grid, Polygon
from fredholm.domains.meshes.meshing import mesh_region
from fredholm.equations import coefficient, coords, d, dot, eq, field, grad, lap, normal
from fredholm.errors import EquationError
from fredholm.problems import Problem, ShapePrior
from fredholm.problems.priors import GaussianField, SquaredExponential, TwoPhase
from fredholm.problems.shapes import (
    Airfoils,
    AroundBody,
    CutCorners,
    LShapes,
    PlateWithHole,
    SquareWithHoles,
    StarShapes,
    UShapes,
)

BODY = StarShapes(0.15, 0.3, vertices=24, centre=(0.0, 0.0), name="body")
FAMILIES = [
    StarShapes(),
    PlateWithHole(vertices=24),
    SquareWithHoles(),
    LShapes(),
    UShapes(),
    CutCorners(),
    AroundBody(BODY),
    AroundBody(Airfoils(vertices=24), ((-2.0, 3.0), (-1.5, 1.5)), (0.0, 0.0)),
]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def names(family: ShapePrior) -> str:
    return type(getattr(family, "body", family)).__name__


@pytest.mark.parametrize("family", FAMILIES, ids=names)
def test_draws_are_regions_with_the_parts_and_within_the_bounds_that_are_stated(family):
    generator = seeded()
    for _ in range(3):
        region = family.sample(generator=generator)
        assert region.parts == family.parts
        for (low, high), (least, most) in zip(region.bounds, family.bounds, strict=True):
            assert least <= low < high <= most
    assert rebuild(family.describe()) == family


@pytest.mark.parametrize("family", FAMILIES, ids=names)
def test_equal_generators_draw_equal_regions_and_others_do_not(family):
    first, again, other = (family.sample(generator=seeded(s)) for s in (0, 0, 1))
    assert first == again
    assert first != other


def test_stars_keep_between_their_radii_and_vary_as_much_as_stated():
    family = StarShapes(radius=0.4, amplitude=0.3, vertices=16)
    generator = seeded()
    draws = [family.sample(generator=generator) for _ in range(200)]
    radii = torch.tensor([[math.dist(v, (0.5, 0.5)) for v in r.vertices] for r in draws])
    assert 0.4 * 0.7 < float(radii.min()) < float(radii.max()) < 0.4 * 1.3
    # g is standard normal at every angle, and E tanh² g = 0.3943.
    assert float(radii.std()) == pytest.approx(0.4 * 0.3 * 0.3943**0.5, rel=0.05)
    # Without the mode k = 1 the first moment of the radius about the centre vanishes for small A.
    assert float(radii.mean()) == pytest.approx(0.4, rel=0.02)


def test_holes_have_the_radii_of_the_elasticity_cell():
    generator = seeded()
    draws = [PlateWithHole().sample(generator=generator).second for _ in range(5)]
    radii = torch.tensor([[math.dist(v, (0.5, 0.5)) for v in hole.vertices] for hole in draws])
    assert 0.2 < float(radii.min()) < 0.26 and 0.34 < float(radii.max()) < 0.4


def test_cut_corners_cut_as_many_corners_as_asked_and_all_of_them_alike():
    generator = seeded()
    corners = {(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)}
    counts, kept = [0] * 5, dict.fromkeys(corners, 0)
    for _ in range(400):
        region = CutCorners().sample(generator=generator)
        left = corners & set(region.vertices)
        counts[4 - len(left)] += 1
        for corner in left:
            kept[corner] += 1
        # A rectangle has sides of at least 0.1, and none that is cut leaves a side below 0.2.
        assert region.measure <= 1 - 0.01 * (4 - len(left))
    assert min(counts) > 50 and min(kept.values()) > 150
    assert len(CutCorners(4, 4).sample(generator=generator).vertices) == 12


def test_holes_keep_their_distance():
    family, generator = SquareWithHoles(holes=3, least=0.05, most=0.1, gap=0.05), seeded()
    for _ in range(5):
        holes, region = [], family.sample(generator=generator)
        while hasattr(region, "second"):
            holes, region = [*holes, region.second], region.first
        gaps = [
            math.dist(a.centre, b.centre) - a.radius - b.radius
            for i, a in enumerate(holes)
            for b in holes[:i]
        ]
        assert len(holes) == 3 and min(gaps) > 0.05


def test_a_profile_has_the_thickness_of_its_four_digits():
    exact = Airfoils(camber=(0.0, 0.0), thickness=(0.12, 0.12), attack=(0.0, 0.0), vertices=400)
    profile = exact.sample(generator=seeded())
    y = [y for _, y in profile.vertices]
    assert max(y) == pytest.approx(0.06, abs=2e-4) and min(y) == pytest.approx(-0.06, abs=2e-4)
    area = 10 * (0.2969 * 2 / 3 - 0.1260 / 2 - 0.3516 / 3 + 0.2843 / 4 - 0.1036 / 5)  # of t = 1
    assert profile.measure == pytest.approx(area * 0.12, rel=1e-3)
    lifted = Airfoils((0, 0), (0.4, 0.4), (0.12, 0.12), (10.0, 10.0)).sample(generator=seeded())
    nose = min(lifted.vertices)
    assert nose[1] == pytest.approx(0.5 * math.sin(math.radians(10)), abs=1e-2)


@pytest.mark.parametrize(
    "make, said",
    [
        (lambda: StarShapes(amplitude=1.0), "amplitude"),
        (lambda: PlateWithHole(least=0.3, most=0.6), "0 < least < most < 1/2"),
        (lambda: SquareWithHoles(holes=12), "need not fit"),
        (lambda: UShapes(width=(0.2, 0.9)), "does not fit"),
        (lambda: CutCorners(fewest=3, most=2), "0 to 4 corners"),
        (lambda: AroundBody(StarShapes(0.5, centre=(0.0, 0.0))), "beyond the channel"),
    ],
    ids=["star", "plate", "holes", "u", "corners", "channel"],
)
def test_impossible_families_are_refused_in_a_sentence(make, said):
    with pytest.raises(ValueError, match=said):
        make()


def problem(**changes) -> Problem:
    u, f, g = field("u"), coefficient("f"), coefficient("g")
    stated = {
        "key": "test",
        "title": "Poisson on shapes",
        "equations": {"u": eq(-lap(u), f)},
        "domain": Grid((33, 33)),
        "shapes": LShapes(),
        "boundary": {"all": eq(u, g)},
        "varies": {"f": SquaredExponential(0.3), "g": SquaredExponential(0.4)},
    }
    return Problem(**(stated | changes))


def test_boundary_data_is_labelled_and_zero_inside():
    inputs = problem().sample(2, size=0.2, generator=seeded())
    f, g = problem().input_variables
    assert (f.support, g.support) == ("", "boundary")
    for i, mesh in enumerate(inputs.domain):
        values = inputs.values[i, : len(mesh)]
        assert bool((values[~mesh.on_boundary, 1] == 0).all())
        assert bool((values[mesh.on_boundary, 1] != 0).all())
        assert bool((values[:, 0] != 0).all())


def test_data_on_one_part_is_zero_on_the_others():
    u, q = field("u"), coefficient("q")
    held = problem(
        equations={"u": eq(-lap(u), 1.0)},
        shapes=PlateWithHole(vertices=16),
        boundary={"left|right|bottom|top": u, "hole": eq(dot(normal(), grad(u)), q)},
        varies={"q": SquaredExponential(0.3)},
    )
    assert held.boundary_data == {"q": ("hole",)}
    inputs = held.sample(1, size=0.2, generator=seeded())
    (mesh,) = inputs.domain
    supported = inputs.values[0, :, 0].nonzero()[:, 0]
    assert torch.equal(supported, mesh.on("hole"))


def test_a_draw_is_the_same_shape_and_function_for_every_size():
    coarse, fine = (problem().sample(2, size=h, generator=seeded()) for h in (0.1, 0.05))
    for i, (a, b) in enumerate(zip(coarse.domain, fine.domain, strict=True)):
        assert len(b) > 2 * len(a)
        assert a.measure == pytest.approx(b.measure, abs=1e-12)
        gaps, nearest = torch.cdist(a.coords, b.coords).min(1)
        common = gaps < 1e-12  # corners at least
        assert int(common.sum()) >= 6
        same = fine.values[i, nearest[common]] - coarse.values[i, : len(a)][common]
        assert float(same.abs().max()) < 1e-12


def test_draws_do_not_depend_on_how_many_are_drawn_before_them():
    generator = seeded()
    apart = [problem().sample(1, size=0.3, generator=generator).values for _ in range(2)]
    together = problem().sample(2, size=0.3, generator=seeded())
    for i, alone in enumerate(apart):
        assert torch.equal(together[i].values, alone)


def test_functions_of_functions_keep_their_values_between_the_points_of_the_template():
    u, a = field("u"), coefficient("a", positive=True)
    g = GaussianField(2.0, 3.0, boundary="neumann", constant=False)
    phases = problem(
        equations={"u": eq(-lap(u) * a, 1.0)},
        boundary={"all": u},
        varies={"a": TwoPhase(g, 3.0, 12.0)},
    )
    values = phases.sample(1, size=0.05, generator=seeded()).values
    assert sorted(set(values.flatten().tolist())) == [3.0, 12.0]


def test_meshes_have_the_names_and_units_of_the_template():
    (r, s), u = coords("r s"), field("u")
    named = problem(
        domain=Grid((9, 9), names=("r", "s"), units="m"),
        equations={"u": eq(-d(u, r, 2) - d(u, s, 2), coefficient("f"))},
    )
    (mesh,) = named.sample(1, size=0.3, generator=seeded()).domain
    assert mesh.names == ("r", "s") and mesh.units == ("m", "m")


def test_only_the_shape_may_vary():
    u = field("u")
    shapes_alone = problem(equations={"u": eq(-lap(u), 1.0)}, boundary={"all": u}, varies={})
    inputs = shapes_alone.sample(2, size=0.3, generator=seeded())
    assert inputs.values.shape == (2, *inputs.domain.shape, 0)
    assert shapes_alone.input_variables == ()


def test_what_does_not_belong_to_shapes_is_refused():
    with pytest.raises(ValueError, match="give a size, not a grid"):
        problem().sample(1, Grid((9, 9)), generator=seeded())
    with pytest.raises(ValueError, match="give a grid, not a size"):
        problem(shapes=None).sample(1, size=0.1, generator=seeded())
    with pytest.raises(EquationError, match="not both"):
        problem(region=Polygon(((0, 0), (1, 0), (0, 1)), "boundary"))
    with pytest.raises(EquationError, match="beyond the domain"):
        problem(domain=Grid((33, 33), (0.0, 0.5)))
    with pytest.raises(EquationError, match="unknown boundary part 'hole'"):
        problem(boundary={"all": field("u"), "hole": field("u")})
    grid = problem(shapes=None).sample(1, Grid((9, 9)), generator=seeded())
    with pytest.raises(ValueError, match="live on meshes"):
        problem().check_inputs(grid)


def test_provenance_gives_the_family_back():
    assert rebuild(problem().origin(tol=1e-3)["shapes"]) == LShapes()
    assert "shapes" not in problem(shapes=None).origin(tol=1e-3)


def test_meshes_of_one_region_fill_it():
    region = StarShapes(vertices=12).sample(generator=seeded())
    assert mesh_region(region, 0.2).measure == pytest.approx(region.measure, rel=1e-12)
