import pytest
import torch

from fredholm.domains import Grid, PointCloud, Stack
from fredholm.fields import Field
from fredholm.models import CORAL
from fredholm.objectives import Own
from fredholm.systems.coral import interpolated, scattered, solved
from fredholm.testing import examine_scattered, smooth, star_meshes

BOX = (("x", -1.5, 1.5, False), ("y", -1.5, 1.5, False))


def build(channels=1, **settings) -> CORAL:
    torch.manual_seed(0)
    sizes = {"code": 8, "hidden_channels": 16, "layers": 2} | settings
    return CORAL(channels, 1, BOX, **sizes)


def test_contract():
    examine_scattered(lambda: build(2), channels=2)


def test_it_keeps_its_claims():
    operator = build().double().eval()
    u = smooth(star_meshes((8, 9)))
    for claim in operator.claims:
        assert claim.defect(operator, u) <= claim.bound


def test_without_weights_dense_points_would_count_more():
    """The counter-test of any density: half of the domain sampled twice as often."""
    operator = build(shapes=False).double().eval()
    coords = torch.rand(200, 2, generator=torch.Generator().manual_seed(0)).double() * 2 - 1
    dense = torch.cat([coords, coords[coords[:, 0] > 0]])
    weights = torch.where(dense[:, 0] > 0, 0.5, 1.0)
    answers = []
    for points, volume in ((coords, None), (dense, weights), (dense, torch.ones(len(dense)))):
        cloud = PointCloud(points, torch.ones(len(points)) if volume is None else volume)
        values = torch.sin(3 * points[None, :, :1])
        answers.append(operator(Field(values, cloud), at=PointCloud(coords)).values)
    right, weighted, counted = answers
    assert torch.allclose(right, weighted, atol=1e-9)
    assert (counted - right).abs().max() > 1e-5


def test_a_shape_alone_is_an_input_and_answers_lie_anywhere():
    stars = star_meshes((4, 5))
    nothing = Field(torch.zeros(2, *stars.shape, 0), stars)
    operator = build(0).eval()
    here = operator(nothing)
    assert (here.values[0, :5] - here.values[1, :5]).abs().max() > 1e-6
    grid = Grid((5, 4), ((-1, 1), (-1, 1)))
    assert operator(nothing, at=grid).values.shape == (2, 5, 4, 1)
    with pytest.raises(ValueError, match="shapes=True"):
        build(0, shapes=False)


def test_training_makes_codes_that_hold_the_functions():
    u = smooth(star_meshes((4, 5, 6, 7)))
    operator = build(code=16, hidden_channels=32)
    adam = torch.optim.Adam(operator.parameters(), lr=3e-3)
    u = u.to(torch.float32)
    for _ in range(40):
        adam.zero_grad()
        sum(operator.terms(u, u, generator=torch.Generator()).values()).backward()
        adam.step()
    operator.eval()
    after, before = operator.left(u)
    assert after.mean() < 0.5 * before.mean()
    assert set(Own()(operator, _pairs(u), generator=torch.Generator())) == {"input", "output"}


def _pairs(u):
    from fredholm.data import Samples
    from fredholm.fields import Variable

    return Samples(u, u, (Variable("u"),), (Variable("v"),))


def test_the_experiments_samples_are_the_functions_at_random_points():
    whole = solved(3, 0)
    few = scattered(whole, 30, 60, 0)
    assert isinstance(few.inputs.domain, Stack)
    assert all(30 <= len(cloud) <= 60 for cloud in few.inputs.domain)
    back = interpolated(few)
    size = whole.targets.values.square().mean()
    assert (back.targets.values - whole.targets.values).square().mean() < 0.05 * size
