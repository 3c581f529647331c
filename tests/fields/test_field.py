import math

import pytest
import torch

from fredholm.calls import describe, rebuild
from fredholm.domains import Axis, Grid
from fredholm.errors import FormatError
from fredholm.fields import (
    Field,
    Given,
    Signature,
    Standardise,
    Variable,
    group,
    inner,
    integral,
    norm,
)
from fredholm.testing import band_limited


def test_norms_approximate_integrals_on_every_grid():
    for grid in (
        Grid((64,), 2.0, periodic=True),
        Grid((31,), 2.0, periodic=True),
        Grid((40,), 2.0, periodic=True, location="cell"),
    ):
        u = Field(torch.sin(torch.pi * grid.points())[None], grid)
        assert float(norm(u)) == pytest.approx(1.0, abs=1e-13)
        assert float(integral(u)) == pytest.approx(0.0, abs=1e-13)
        assert float(norm(u, p=4)) == pytest.approx(0.75**0.25, abs=1e-13)


def test_channels_are_components_of_one_function():
    grid = Grid((16,), periodic=True)
    u = band_limited(grid, channels=1, n=2)
    twice = u.with_values(u.values.repeat(1, 1, 4))
    assert torch.allclose(norm(twice), 2 * norm(u), atol=1e-13)


def test_inner_product_is_that_of_the_norm():
    u = band_limited(Grid((20, 21)), n=4)
    assert torch.allclose(inner(u, u), norm(u) ** 2, atol=1e-13)
    with pytest.raises(ValueError, match="different|inner product"):
        inner(u, u.at(Grid((10, 10))))


def test_field_refuses_values_of_another_shape():
    with pytest.raises(ValueError, match="points"):
        Field(torch.zeros(2, 8, 1), Grid((9,)))


def test_standardise_is_inverted_and_independent_of_the_grid():
    u = band_limited(Grid((16, 16), periodic=True), n=5, channels=2)
    u = u.with_values(3 + 10 * u.values)
    scale = Standardise(2).double().fit(u)
    again = Standardise(2).double().fit(u.at(Grid((40, 40), periodic=True)))
    assert torch.allclose(scale.mean, again.mean, atol=1e-11)
    assert torch.allclose(scale.scale, again.scale, atol=1e-11)
    assert torch.allclose(scale.decode(scale.encode(u)).values, u.values, atol=1e-12)
    encoded = scale.encode(u)
    assert torch.allclose(integral(encoded).mean(0), torch.zeros(2).double(), atol=1e-12)
    assert float(norm(encoded).square().mean()) == pytest.approx(2.0, abs=1e-10)


def test_standardise_leaves_a_constant_channel_alone():
    grid = Grid((8,))
    scale = Standardise(1).fit(Field(torch.full((3, 8, 1), 5.0), grid))
    assert float(scale.scale) == 1.0 and float(scale.mean) == 5.0


@pytest.mark.parametrize(
    "name, dim, count",
    [
        ("square", 2, 8),
        ("square", 3, 48),
        ("square", 1, 2),
        ("reflections", 2, 4),
        ("odd-reflection", 1, 2),
    ],
)
def test_symmetries_form_a_group_and_keep_the_norm(name, dim, count):
    members = group(name, dim)
    assert len(set(members)) == count
    grid = Grid((6,) * dim)
    u = Field(torch.rand(2, *grid.shape, 1, dtype=torch.float64), grid)
    images = [member(u).values for member in members]
    for member in members:
        assert torch.equal(member.inverse(member(u)).values, u.values)
        assert torch.allclose(norm(member(u)), norm(u), atol=1e-13)
        twice = member(members[-1](u)).values
        assert any(torch.equal(twice, image) for image in images), "not closed"


@pytest.mark.parametrize("location", ["node", "cell", "left", "right"])
def test_reflection_acts_on_functions_not_on_arrays(location):
    """For a function with equal values at both ends, (g u)(x) = u(1 - x) at every sample."""
    grid = Grid((12,), location=location)
    u = Field((torch.sin(torch.pi * grid.points()) * grid.points() ** 2)[None], grid)
    mirrored = group("reflections", 1)[1](u)
    x = 1 - grid.points()
    expected = torch.sin(torch.pi * x) * x**2
    assert torch.allclose(mirrored.values[0], expected, atol=1e-12)


def test_symmetry_leaves_time_alone():
    grid = Grid.of(Axis(3, name="t", location="right"), Axis(8, periodic=True))
    u = Field(torch.rand(1, 3, 8, 1), grid)
    image = group("odd-reflection", 1)[1](u)
    assert torch.equal(image.values, -u.values.flip(2).roll(1, 2))


def test_exchange_of_different_axes_is_refused():
    u = band_limited(Grid((6, 8)))
    with pytest.raises(ValueError, match="differ"):
        group("square", 2)[-1](u)
    with pytest.raises(ValueError, match="unknown symmetry 'sqare'"):
        group("sqare", 2)


def test_given_refuses_what_is_not_understood():
    given = Given(params=torch.zeros(1, 1), fields={"forcing": band_limited(Grid((4,)))})
    given.only("params", "forcing")
    with pytest.raises(ValueError, match="'forcing'"):
        given.only("params")


def test_calls_survive_json():
    import json

    signature = Signature(
        Grid((8,), periodic=True, units="m"), Grid((8,)), (Variable("a", "1"),), (Variable("u"),)
    )
    assert rebuild(json.loads(json.dumps(describe(signature)))) == signature
    activation = torch.nn.functional.gelu
    assert rebuild(describe(activation)) is activation


@pytest.mark.parametrize(
    "call",
    [
        {"call": "os:system", "command": "true"},
        {"call": "fredholm.fields:_hidden"},
        {"call": "fredholm.calls:importlib.import_module", "name": "os"},
        {"call": "fredholm.fields.field:Nothing"},
        {"call": "fredholm.domains.grid:Grid", "size": 3},
        {"name": "builtins:eval"},
    ],
)
def test_nothing_but_known_parts_is_called(call):
    with pytest.raises(FormatError):
        rebuild(call)


def test_measure_of_a_box():
    assert Grid((5, 6, 7), ((0, 1), (0, 2), (0, math.pi))).measure == pytest.approx(2 * math.pi)
