"""Weights that follow time: what they are, when they move on, and what they say of late times."""

from dataclasses import replace

import pytest
import torch

from fredholm import problems
from fredholm.collocation import (
    Causal,
    Collocation,
    Constant,
    Sampling,
    Setup,
    Trial,
    build_network,
    solve_by_network,
)
from fredholm.collocation.causal import CausalWeighing, causal_weights
from fredholm.domains import Axis, Grid
from fredholm.equations import coords, dt, eq, field, lap
from fredholm.errors import EquationError
from fredholm.problems import Problem
from fredholm.training import Adam, Budget

x, u = coords("x")[0], field("u")
TIMES = (torch.arange(400, dtype=torch.float64) + 0.5) / 400
POINTS = torch.stack([torch.zeros(400, dtype=torch.float64), 2 * TIMES], dim=1)


def heat(**changes) -> Problem:
    statement = {
        "equations": {"u": eq(dt(u), 0.1 * lap(u))},
        "domain": Grid((17,)),
        "time": Axis(11, 0.0, 2.0, name="t"),
        "initial": {"u": x * (1 - x)},
        "boundary": {"all": u},
    }
    return Problem("heat", "a rod", **{**statement, **changes})


def told(residual: torch.Tensor, start: float = 0.0, **options) -> CausalWeighing:
    """The scheme after it has seen these residuals, in the order of time, once."""
    weighing = Causal(**{"slices": 4, "tolerances": (1.0,), **options}).start(heat())
    tell(weighing, residual, start)
    return weighing


def tell(weighing: CausalWeighing, residual: torch.Tensor, start: float = 0.0) -> None:
    at_start = torch.full((3,), start, dtype=torch.float64)
    seen = {"u": residual, "u at start": at_start, "u on left": torch.ones(400)}
    weighing.update(seen, {"u": POINTS, "u at start": POINTS[:3], "u on left": POINTS}, [])


def test_a_slice_is_weighed_by_the_slices_before_it():
    """Mean squares 1, 4, 9, 16: the exponents are 0, 1, 5, 14, and with L₀ = 0.25 all grow by it.

    A sum that includes the slice itself has exponents 1, 5, 14, 30.
    """
    residual = torch.arange(1, 5, dtype=torch.float64).repeat_interleave(100)
    expected = torch.exp(-torch.tensor([0.0, 1.0, 5.0, 14.0], dtype=torch.float64))
    own_included = torch.exp(-torch.tensor([1.0, 5.0, 14.0, 30.0], dtype=torch.float64))
    weights = told(residual).weights
    assert torch.allclose(weights, expected, rtol=1e-12)
    assert not torch.allclose(weights, own_included, rtol=0.5)
    late = told(residual, 0.5).weights
    assert torch.allclose(late, expected * torch.exp(torch.tensor(-0.25)).double(), rtol=1e-6)


def test_weights_do_not_see_their_own_time_or_later_ones():
    losses = torch.rand(6, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    losses.requires_grad_()
    weights = causal_weights(torch.zeros(1, dtype=torch.float64), losses, 1.0)
    for i, weight in enumerate(weights[1:], start=1):
        (slope,) = torch.autograd.grad(weight, losses, retain_graph=True)
        assert (slope[:i] < 0).all() and (slope[i:] == 0).all()


def test_points_get_the_weight_of_their_slice_in_any_order():
    residual = torch.arange(1, 5, dtype=torch.float64).repeat_interleave(100)
    weighing = told(residual)
    order = torch.randperm(400, generator=torch.Generator().manual_seed(1))
    mixed = weighing.of_points("u", POINTS[order])
    assert mixed is not None
    assert torch.equal(mixed, weighing.weights.repeat_interleave(100)[order])
    shuffled = Causal(slices=4, tolerances=(1.0,)).start(heat())
    shuffled.update({"u": residual[order]}, {"u": POINTS[order]}, [])
    assert torch.allclose(shuffled.weights, weighing.weights, rtol=1e-12)
    assert weighing.of_points("u on left", POINTS) is None, "only the equations follow time"


def test_the_tolerance_rises_when_all_weights_are_large_and_only_then():
    weighing = Causal(slices=4, tolerances=(1.0, 10.0, 100.0)).start(heat())
    large, small = torch.ones(400).double(), torch.full((400,), 1e-3).double()
    tell(weighing, large)
    assert weighing.tolerance == 1.0 and weighing.smallest == pytest.approx(torch.e**-3)
    for expected in (10.0, 100.0, 100.0):
        tell(weighing, small)
        assert weighing.tolerance == expected
    assert weighing.smallest == pytest.approx(1.0, abs=1e-3)
    tell(weighing, large)
    assert weighing.tolerance == 100.0, "it never falls"


def test_a_warning_says_from_which_time_on_nothing_was_trained():
    steps = torch.tensor([0.0, 3.0, 0.0, 0.0]).double().repeat_interleave(100)
    assert "not come further than t = 1:" in told(steps).warning
    assert told(0 * steps).warning == ""


def system(weighting, **options) -> Collocation:
    problem = heat()
    network = build_network(problem, "mlp", width=8, layers=2)
    sampling = Sampling(interior=200, adaptive=False)
    return Collocation(
        Trial(problem, network, hard=False), sampling, weighting=weighting, **options
    )


def test_the_loss_is_that_of_the_formula():
    """Weights of terms are in the loss and in the exponent; the first step has its weights."""
    weights = Constant({"start": 50.0, "u": 2.0})
    found = system(Causal(slices=5, tolerances=(0.5,), terms=weights))
    raw, at = found.misfits(found.points), found.points["interior"].points
    start = 50 * raw["u at start"].square().mean()
    means = [
        2 * raw["u"][(at[:, 1] >= 0.4 * i) & (at[:, 1] < 0.4 * (i + 1))].square().mean()
        for i in range(5)
    ]
    sums = start + torch.tensor([0.0, *means[:-1]]).double().cumsum(0)
    by_hand = torch.exp(-0.5 * sums)[(at[:, 1] / 0.4).long()]
    assert found.residuals()["u"].square().sum().item() == pytest.approx(
        float((2 * by_hand * raw["u"].square()).mean()), rel=1e-6
    )
    plain = system(weights).residuals()
    boundary = found.residuals()["u on left"]
    assert torch.equal(boundary, plain["u on left"]) and not torch.equal(
        found.residuals()["u"], plain["u"]
    )


def test_snapshots_bring_tolerance_and_weights_back():
    weighing = told(torch.full((400,), 0.02).double(), tolerances=(1.0, 10.0))
    other = told(torch.ones(400).double(), tolerances=(1.0, 10.0))
    assert (weighing.tolerance, other.tolerance) == (10.0, 1.0)
    other.load_state_dict(weighing.state_dict())
    assert other.tolerance == 10.0 and torch.equal(other.weights, weighing.weights)


def test_the_verdict_repeats_the_warning():
    """Four steps at a tolerance of 1000 train no late time; a tolerance of 1e-9 weighs nothing."""
    problem = replace(
        problems.build("allen_cahn_fronts"), domain=Grid((32,), (-1, 1), periodic=True)
    )
    for tolerance, warned in ((1e3, True), (1e-9, False)):
        setup = Setup(
            optimiser=Adam(),
            hyper={"width": 8, "layers": 1},
            sampling=Sampling(interior=64, adaptive=False),
            weighting=Causal(slices=4, tolerances=(tolerance,)),
        )
        found = solve_by_network(problem, setup, budget=Budget(steps=4), against=False)
        assert any("causal training has not come" in n for n in found.verdict.notes) == warned


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Causal(tolerances=()), "positive tolerances"),
        (lambda: Causal(tolerances=(1.0, -1.0)), "positive tolerances"),
        (lambda: Causal(slices=0), "slices of time"),
        (lambda: Causal(enough=1.0), "between 0 and 1"),
        (lambda: Causal().start(problems.build("poisson")), "'poisson' does not have"),
    ],
    ids=["none", "negative", "slices", "enough", "steady"],
)
def test_bad_input_is_refused_in_one_sentence(make, message):
    with pytest.raises((EquationError, ValueError), match=message) as caught:
        make()
    assert "\n" not in str(caught.value)
