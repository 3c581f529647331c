"""The cards of GNO, LNO and MGKN serve grids and shapes alike; their experiments measure."""

import math

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Grid, Scattered, Stack
from fredholm.fields import Signature, Variable
from fredholm.models import GNO, LNO, MGKN
from fredholm.operators import AnyDensity
from fredholm.systems import Task, card, gno, lno, mgkn
from fredholm.systems.learn import Choices, learn
from fredholm.systems.on_points import ball_radius
from fredholm.testing import smooth, star_meshes
from fredholm.training import Budget

U = (Variable("u"),)
SMALL = {"hidden_channels": 6, "kernel_channels": 8}


def shapes(count: int = 8) -> Samples:
    domains = star_meshes((4, 5) * (count // 2))
    u = smooth(domains).to(torch.float32)
    return Samples(u, u.with_values(u.values**2), U, U)


@pytest.mark.parametrize(("key", "kind"), [("gno", GNO), ("lno", LNO), ("mgkn", MGKN)])
def test_shapes_never_seen_are_answered(key, kind):
    surrogate = learn(shapes(), key, budget=Budget(steps=3), choices=Choices(hyper=SMALL))
    assert any(isinstance(part, kind) for part in surrogate.operator.modules())
    finer = Stack(star_meshes((6, 7), seed=5).members)
    answer = surrogate.operator(smooth(finer).to(torch.float32))
    assert answer.domain == finer and torch.isfinite(answer.values).all()
    assert card(key).scattered and card(key).for_use and card(key).published


def test_balls_hold_as_many_points_as_asked():
    grid = Grid((30, 40), ((0.0, 3.0), (0.0, 4.0)))
    radius = ball_radius(grid, 50)
    points = grid.points().flatten(0, 1)
    middle = torch.tensor([1.55, 2.05], dtype=points.dtype)
    held = int(((points - middle).norm(dim=1) <= radius).sum())
    assert abs(held - 50) <= 5
    shape = Scattered(("x", "y"), ("", ""), ((0.0, 3.0), (0.0, 4.0)), size=1200)
    assert ball_radius(shape, 50) == pytest.approx(radius)
    line = Grid((8,), periodic=True)
    assert ball_radius(line, 4) == pytest.approx(0.25)
    assert ball_radius(line, 100) == 0.5, "a larger ball would meet itself"
    with pytest.raises(ValueError, match="at least 2"):
        ball_radius(line, 1)


@pytest.mark.parametrize("key", ["gno", "lno", "mgkn"])
def test_boundary_data_is_read_on_the_boundary_where_there_is_one(key):
    box = (("x", "y"), ("", ""), ((0.0, 1.0), (0.0, 1.0)))
    inputs = (Variable("f"), Variable("g", support="boundary"))
    for parts, channels in ((("wall",), (1,)), ((), ())):
        points = Scattered(*box, parts, "triangle", 99)
        operator = card(key).make(Task(Signature(points, points, inputs, U)), SMALL)
        assert [claim.boundary for claim in operator.claims if isinstance(claim, AnyDensity)] == [
            channels
        ]


def test_levels_have_half_the_points_per_axis():
    operator = learn(
        shapes(), "mgkn", budget=Budget(steps=1), choices=Choices(hyper={"levels": 9, **SMALL})
    ).operator
    (found,) = (part for part in operator.modules() if isinstance(part, MGKN))
    assert found.counts == (22, 5)  # of 91 nodes; the next would have one


def test_gno_experiment_compares_resolutions(monkeypatch):
    _shrink(monkeypatch, gno, _SECONDS={"gno": 0.3, "convolutions": 0.3}, _COARSE=6, _FINE=11)
    outcome = gno.experiment(0, lambda sentence: None)
    errors = outcome.figures["relative_l2"]
    assert set(errors) == {"gno", "convolutions"} and set(errors["gno"]) == {"6", "11"}
    assert outcome.ratio == errors["gno"]["11"] / errors["gno"]["6"]
    worse = outcome.figures["convolutions_ratio"]
    assert outcome.passed == (outcome.ratio <= 1.3 and worse >= 3)


@pytest.mark.parametrize("module", [lno, mgkn], ids=["lno", "mgkn"])
def test_experiments_against_gno_compare_errors(module, monkeypatch):
    size = {"_COARSE": 16, "_FINE": 32} if module is lno else {"_POINTS": 7}
    _shrink(monkeypatch, module, _SECONDS=0.3, **size)
    told: list[str] = []
    outcome = module.experiment(0, told.append)
    errors = outcome.figures["relative_l2"]
    ours, theirs = errors[module.CARD.key], errors["gno"]
    if module is lno:
        assert outcome.figures["across_resolutions"] == ours["32"] / ours["16"]
        ours, theirs = ours["16"], theirs["16"]
    assert outcome.ratio == ours / theirs and math.isfinite(outcome.ratio)
    assert outcome.figures["cost"]["gno"]["steps"] > 0 and len(told) >= 5


def _shrink(monkeypatch, module, **constants) -> None:
    for name, value in {"_TRAINED": 8, "_TESTED": 4, **constants}.items():
        monkeypatch.setattr(module, name, value)


def test_thinned_samples_keep_their_values():
    samples = gno.darcy_samples(2, 11, 0)
    thin = gno.thinned(samples, 6)
    assert torch.equal(thin.inputs.values, samples.inputs.values[:, ::2, ::2])
    assert torch.equal(thin.targets.values, samples.targets.values[:, ::2, ::2])
