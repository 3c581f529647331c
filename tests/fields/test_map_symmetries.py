import math

import pytest
import torch

from fredholm.calculus import derivative
from fredholm.calls import describe, rebuild
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, MapSymmetry, NamedSymmetry, Symmetry, group, members
from fredholm.fields.map_symmetries import acting_on, is_trivial

BOX = Grid((12, 12), 2 * math.pi, periodic=True)


def waves(grid: Grid, channels: int = 1) -> Field:
    """Functions that a dozen points per axis resolve."""
    phases = torch.rand(2, 5, channels, 4, generator=torch.Generator().manual_seed(0)).double()
    x = grid.points()[None, ..., None, None, :]
    k = torch.tensor([[1, 0, 2], [0, 1, 1], [2, 1, 0], [1, -2, 1], [2, 2, -1]])[:, None, : grid.dim]
    phase = 2 * math.pi * phases[:, *[None] * grid.dim, :, :, 0]
    return Field(torch.sin((k * x).sum(-1) + phase).sum(-2), grid)


def gradient(f: Field) -> Field:
    slopes = [derivative(f, axis.name, method="spectral").values for axis in f.grid.axes]
    return f.with_values(torch.cat(slopes, dim=-1))


def curl(v: Field) -> Field:
    x, y = (axis.name for axis in v.grid.axes)
    first, second = (v.with_values(v.values[..., i : i + 1]) for i in range(2))
    slopes = derivative(second, x, method="spectral"), derivative(first, y, method="spectral")
    return v.with_values(slopes[0].values - slopes[1].values)


@pytest.mark.parametrize("dim", [1, 2, 3])
def test_the_gradient_of_a_mirrored_scalar_is_the_mirrored_vector(dim):
    """∇(g f) = g ∇f for every member, where g turns components as it turns points."""
    f = waves(Grid((12,) * dim, 2 * math.pi, periodic=True))
    for member in members("square:scalar/vector", dim):
        gap = gradient(member.inputs(f)).values - member.targets(gradient(f)).values
        assert float(gap.abs().max()) < 1e-12


def test_the_curl_of_a_mirrored_vector_is_a_pseudoscalar():
    v = waves(BOX, 2)
    wrong = 0
    for member in members("square:vector/pseudoscalar", 2):
        found = curl(member.inputs(v)).values
        assert float((found - member.targets(curl(v)).values).abs().max()) < 1e-12
        plain = Symmetry(member.inputs.order, member.inputs.flips)
        wrong += float((found - plain(curl(v)).values).abs().max()) > 0.1
    assert wrong == 4, "as a scalar it would be wrong under each of the four reflections"


@pytest.mark.parametrize("name, dim", [("square:vector", 2), ("square:scalar,vector", 3)])
def test_members_with_channels_form_a_group(name, dim):
    found = [member.inputs for member in members(name, dim)]
    grid = Grid((3,) * dim)
    u = Field(torch.rand(1, *grid.shape, len(found[1].signs)).double(), grid)
    images = {tuple(g(u).values.flatten().tolist()) for g in found}
    assert len(images) == len(found) and torch.equal(found[0](u).values, u.values)
    for g in found:
        assert torch.equal(g.inverse(g(u)).values, u.values)
        assert tuple(found[-2](g(u)).values.flatten().tolist()) in images, "not closed"


@pytest.mark.parametrize("n", [7, 8])
@pytest.mark.parametrize("location", ["node", "cell", "right"])
def test_a_reflection_of_a_periodic_axis_finds_every_point_again(location, n):
    """(g u)(x) = u(L - x) for u = sin, which has no symmetry but that about other points."""
    axis = Axis(n, 0.0, 2 * math.pi, periodic=True, location=location)
    grid = Grid.of(axis)
    u = Field(torch.sin(grid.points() + 0.3)[None], grid)
    mirrored = group("reflections", 1)[1](u).values[0]
    assert torch.allclose(mirrored, torch.sin(0.3 - grid.points()), atol=1e-12)
    sources = group("reflections", 1)[1](Field(torch.arange(n)[None, :, None], grid)).values
    last = {"node": n, "cell": n - 1, "right": n - 2}[location]
    assert [int(i) for i in sources.flatten()] == [(last - i) % n for i in range(n)]


def test_the_end_that_is_not_stored_is_the_one_row_that_is_not_mirrored():
    """A function that differs at both ends is mirrored at all points but the first."""
    grid = Grid.of(Axis(10, location="left"))
    u = Field(torch.exp(grid.points())[None], grid)
    gap = group("reflections", 1)[1](u).values[0] - torch.exp(1 - grid.points())
    assert float(gap[1:].abs().max()) < 1e-12 < 1 < float(gap[0].abs())


def test_time_and_other_channels_stay():
    grid = Grid.of(Axis(3, name="t"), *BOX.axes)
    u = Field(torch.rand(1, *grid.shape, 3), grid)
    [symmetry] = [g.inputs for g in members("reflections:vector,scalar", 2) if g.inputs.flips[0]][
        :1
    ]
    frames = [symmetry(Field(u.values[:, i], BOX)).values for i in range(3)]
    assert torch.equal(symmetry(u).values, torch.stack(frames, dim=1))
    assert torch.equal(symmetry(u).values[..., 2], u.values[..., 2].flip(2).roll(1, 2))


def test_what_does_not_fit_is_refused():
    u = waves(BOX, 3)
    with pytest.raises(ValueError, match="2 channels cannot act on functions with 3"):
        members("square:vector", 2)[1].inputs(u)
    with pytest.raises(ValueError, match="unknown kind 'vektor'.*'vector'"):
        members("square:vektor", 2)
    with pytest.raises(ValueError, match="unknown symmetry 'sqare'"):
        members("sqare:vector", 2)
    with pytest.raises(ValueError, match="different ways"):
        MapSymmetry(*group("reflections", 1))
    with pytest.raises(ValueError, match="sources order"):
        Symmetry((0,), (True,), (1, 1), (0, 0))
    with pytest.raises(ValueError, match="already"):
        acting_on(Symmetry((0,), (True,), (1, -1)), ["scalar", "scalar"])
    exchange = group("square", 2)[-1]
    assert exchange.fits(BOX) and not exchange.fits(Grid((6, 8))) and not exchange.fits(Grid((6,)))
    assert is_trivial("none") and is_trivial(members("none", 2)) and not is_trivial("square")


def test_a_symmetry_by_names_finds_the_channels():
    symmetry = NamedSymmetry(
        ("x", "y"), (1, 0), (True, False), {"u": ("v", -1), "v": ("u", 1), "p": ("p", 1)}
    )
    assert str(symmetry) == "(x, y) -> (-y, x), (u, v) -> (-v, u)"
    assert NamedSymmetry.from_json(symmetry.to_json()) == symmetry
    assert symmetry.on(["p", "v", "u"]) == Symmetry((1, 0), (True, False), (1, 1, -1), (0, 2, 1))
    assert symmetry.on(["u", "v", "u", "v"]).sources == (1, 0, 3, 2)  # a history
    with pytest.raises(KeyError, match="mixes u"):
        symmetry.on(["u", "p"])
    turned = symmetry.on(["u", "v"])
    [same] = [m.inputs for m in members("square:vector", 2) if m.inputs == turned]
    stored = describe((MapSymmetry(same, same),))
    assert rebuild(stored) == (MapSymmetry(turned, turned),)
