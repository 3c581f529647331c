"""Points, weights, observations and learned numbers of a least-squares system."""

import pytest
import torch

from fredholm.collocation import (
    Collocation,
    Constant,
    GradientNorm,
    NeuralTangent,
    Observations,
    ResidualAttention,
    Sampling,
    Trial,
    build_network,
)
from fredholm.domains import Axis, Grid
from fredholm.equations import coords, dt, eq, exp, field, lap, param
from fredholm.errors import DataError, EquationError, FredholmError
from fredholm.problems import Problem

x, t = coords("x t")
u = field("u")
nu = param("nu", 0.1, positive=True)


def heat(**changes) -> Problem:
    statement = {
        "equations": {"u": eq(dt(u), nu * lap(u))},
        "domain": Grid((17,)),
        "time": Axis(11, 0.0, 1.0, name="t"),
        "initial": {"u": x * (1 - x)},
        "boundary": {"all": u},
    }
    return Problem("heat", "a rod", **{**statement, **changes})


def system(trial_options=None, **options) -> Collocation:
    problem = heat()
    network = build_network(problem, "mlp", width=8, layers=2)
    return Collocation(Trial(problem, network, **(trial_options or {})), **options)


def seen(n: int = 20, **changes) -> Observations:
    points = torch.rand(n, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    given = {"points": points, "observed": {"u": u}, "data": {"u": points.prod(1)}}
    return Observations(**{**given, **changes})


def test_the_loss_is_a_weighted_sum_of_means():
    soft = system({"hard": False}, weighting=Constant({"boundary": 9.0, "u at start": 4.0}))
    raw, scaled = soft.misfits(soft.points), soft.residuals()
    assert {*scaled} == {"u", "u on left", "u on right", "u at start"}
    for name, weight in (("u", 1.0), ("u on left", 9.0), ("u at start", 4.0)):
        mean = weight * raw[name].square().mean()
        assert scaled[name].square().sum().item() == pytest.approx(float(mean), rel=1e-12)


def test_adaptive_points_gather_where_the_residual_is_large():
    """Where u_t has a front of width 0.02, more points lie in it after a refresh."""
    front = heat(equations={"u": eq(dt(u), nu * lap(u) + 100 * exp(-((x - 0.5) ** 2) / 0.0004))})
    network = build_network(front, "mlp", width=8, layers=2)

    def inside(adaptive: bool) -> float:
        sampling = Sampling(interior=1000, adaptive=adaptive)
        found = Collocation(Trial(front, network), sampling)
        found.refresh()
        near = (found.points["interior"].points[:, 0] - 0.5).abs() < 0.04
        return float(near.double().mean())

    assert inside(False) == pytest.approx(0.08, abs=0.02)
    assert inside(True) > 3 * inside(False)


def test_points_are_a_function_of_the_seed():
    one, two = (system(generator=torch.Generator().manual_seed(s)) for s in (1, 1))
    other = system(generator=torch.Generator().manual_seed(2))
    for each in (one, two, other):
        each.refresh()
    points = [each.points["interior"].points for each in (one, two, other)]
    assert torch.equal(points[0], points[1]) and not torch.equal(points[0], points[2])


def test_snapshots_bring_points_and_weights_back():
    first = system({"hard": False}, weighting=GradientNorm())
    first.refresh()
    state = first.state_dict()
    second = system({"hard": False}, weighting=GradientNorm())
    second.load_state_dict(state)
    for name, values in first.residuals().items():
        assert torch.equal(values, second.residuals()[name])


@pytest.mark.parametrize("scheme", [GradientNorm(0.0), NeuralTangent(0.0)], ids=["norm", "ntk"])
def test_balanced_terms_pull_alike(scheme):
    """A term that was made a thousand times larger gets a weight that is smaller in proportion."""
    large = heat(equations={"u": eq(1000 * dt(u), 1000 * nu * lap(u))})
    weights = []
    for problem in (heat(), large):
        network = build_network(problem, "mlp", width=8, layers=2)
        found = Collocation(Trial(problem, network, hard=False), weighting=scheme)
        found.refresh()
        weights.append(found.weighing.term("u") / found.weighing.term("u at start"))
    power = 1e6 if isinstance(scheme, GradientNorm | NeuralTangent) else 1.0
    assert weights[0] / weights[1] == pytest.approx(power, rel=0.5)


def test_attention_weighs_points_by_the_residuals_they_had():
    found = system(sampling=Sampling(interior=100, adaptive=False), weighting=ResidualAttention())
    raw = found.misfits(found.points)["u"]
    points = found.points["interior"].points
    for _ in range(50):
        found.weighing.update({"u": raw}, {"u": points}, found.parameters)
    weights = found.weighing.of_points("u", points)
    worst, best = raw.abs().argmax(), raw.abs().argmin()
    assert weights[worst] > weights[best]


def test_observations_enter_as_a_term_in_units_of_their_error():
    found = system(observations={"data": seen(scale=0.5)})
    values = found.trial(seen().points.double())[:, 0]
    expected = ((values - seen().data["u"]) / 0.5).square().mean()
    assert float(found.residuals()["data"].square().sum().detach()) == pytest.approx(
        float(expected.detach())
    )


def test_learned_numbers_have_gradients_and_stay_positive():
    found = system({"learn": ["nu"]})
    assert found.trial.learned == {"nu": pytest.approx(0.1)}
    loss = found.residuals()["u"].square().sum()
    loss.backward()
    raw = found.trial.numbers["nu"].raw
    assert raw.grad is not None and float(raw.grad.abs()) > 0
    with torch.no_grad():
        raw.sub_(50.0)
    assert found.trial.learned["nu"] > 0


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: system({"learn": ["mu"]}), "no parameter 'mu' to learn: known: nu"),
        (lambda: system(observations={"d": seen(points=torch.full((20, 2), 1.5))}), "outside the"),
        (lambda: seen(data={"u": torch.full((20,), torch.nan)}), "20 of 20 observations .* finite"),
        (lambda: seen(data={"u": torch.ones(3)}), r"one number per point \(20,\), got \(3,\)"),
        (lambda: seen(data={"w": torch.ones(20)}), "observed are u, values are given for w"),
        (lambda: system(observations={"d": seen(points=torch.rand(20, 3))}), "columns x, t"),
        (lambda: Sampling(interior=0), "positive numbers of points"),
        (lambda: build_network(heat(), "mpl"), "did you mean 'mlp'"),
        (lambda: build_network(heat(), "mlp", widht=3), "did you mean 'width'"),
        (lambda: build_network(heat(), "mlp", width=0), "cannot be built so"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(make, message):
    with pytest.raises((DataError, EquationError, FredholmError, ValueError), match=message) as e:
        make()
    assert "\n" not in str(e.value)
