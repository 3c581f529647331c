import pytest
import torch

from fredholm.data import Samples, forecast, one_step, pairs
from fredholm.domains import Axis, Cylinder, PointCloud, Scattered, Stack, over_time
from fredholm.fields import (
    Field,
    Standardise,
    Variable,
    batched,
    cleared,
    inner,
    integral,
    mean_square,
    norm,
)
from fredholm.metrics import relative_l2
from fredholm.testing import smooth, star_meshes

STARS = star_meshes((4, 7, 5))


def alone(u: Field, i: int) -> Field:
    """One function on its own mesh, which no padding has touched."""
    mesh = u.domain.members[i]
    return Field(u.values[i : i + 1, : len(mesh)], mesh)


@pytest.mark.parametrize("quantity", [integral, norm, mean_square, lambda u: norm(u, p=torch.inf)])
def test_padding_does_not_count(quantity):
    u = smooth(STARS, channels=2)
    together = quantity(u)
    for i in range(3):
        assert torch.allclose(together[i], quantity(alone(u, i))[0], rtol=1e-13)


def test_padding_with_values_is_found_by_clearing_it():
    u = smooth(STARS)
    junk = u.with_values(u.values + 5.0)
    assert norm(junk, p=torch.inf).max() > norm(u, p=torch.inf).max()
    assert not cleared(junk).values[~STARS.mask].any()
    assert torch.equal(norm(junk), norm(cleared(junk)))


def test_an_integral_of_one_is_the_area_of_each_shape():
    one = Field(STARS.mask[..., None].double(), STARS)
    areas = torch.stack([mesh.volumes.sum() for mesh in STARS])
    assert torch.allclose(integral(one)[:, 0], areas)
    assert torch.allclose(inner(one, one), areas)


def test_choosing_functions_chooses_their_domains_and_their_padding():
    u = smooth(STARS)
    few = u[[0, 2]]
    assert few.domain.members == (STARS.members[0], STARS.members[2])
    assert few.values.shape[1] == len(STARS.members[2])
    assert torch.equal(batched([u[:1], u[1:]]).values, u.values)
    assert batched([u[:1], u[1:]]).domain == STARS


def test_a_scale_is_the_mean_over_shapes_of_the_mean_over_each():
    u = smooth(STARS)
    scale = Standardise(1).double().fit(u)
    means = [integral(alone(u, i))[0, 0] / STARS.members[i].measure for i in range(3)]
    assert torch.allclose(scale.mean[0], torch.stack(means).mean())
    assert not scale.encode(u).values[~STARS.mask].any()
    assert torch.allclose(scale.decode(scale.encode(u)).values, u.values, atol=1e-12)


def test_relative_errors_are_those_of_the_functions_alone():
    u = smooth(STARS)
    v = u.with_values(u.values * 1.1)
    assert torch.allclose(relative_l2(v, u), torch.full((3,), 0.1, dtype=torch.float64))


def test_numbers_of_functions_and_domains_must_agree():
    with pytest.raises(ValueError, match="2 functions need as many domains, got 3"):
        Field(torch.zeros(2, *STARS.shape, 1), STARS)
    cloud = PointCloud(torch.zeros(4, 3) + torch.arange(4.0)[:, None])
    with pytest.raises(ValueError, match="same coordinates"):
        Stack((STARS.members[0], cloud))


def trajectories() -> Samples:
    time = Axis(4, 0.0, 0.3, name="t")
    u = smooth(STARS)
    frames = torch.stack([u.values * 0.5**k for k in range(4)], dim=1)
    labels = (Variable("u"),)
    return Samples(u, Field(frames, over_time(time, STARS)), labels, labels)


def test_trajectories_on_shapes_are_seen_as_on_grids():
    samples = trajectories()
    later = forecast(samples)
    assert isinstance(later.targets.domain, Cylinder)
    assert later.targets.values.shape[1] == 3
    steps = one_step(samples)
    assert len(steps) == 9
    assert torch.allclose(steps.targets.values, 0.5 * steps.inputs.values)
    assert steps.inputs.domain.members[3] is STARS.members[1]
    assert len(pairs(samples)) == 18


def test_the_signature_tells_the_coordinates_and_not_the_points():
    shape = trajectories().signature
    assert isinstance(shape.input_domain, Scattered)
    assert shape.target_domain.names == ("t", "x", "y")
    assert shape.time is not None and shape.time.size == 4
    assert shape.input_domain.size == STARS.shape[0]
    assert shape.input_domain.parts == ("boundary",)
    assert shape.target_domain.without("t") == shape.input_domain
