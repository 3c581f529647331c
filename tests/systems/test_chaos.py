"""The cards that are shown by long rollouts of chaos: what their experiments measure."""

from dataclasses import replace

import pytest
import torch

from fredholm import problems
from fredholm.data import forecast, one_step
from fredholm.domains import Axis, Grid
from fredholm.fields import NOTHING, Field
from fredholm.metrics import relative_l2
from fredholm.models import FNO
from fredholm.objectives import MeanSquare
from fredholm.operators import Function, Operator
from fredholm.systems import pderefiner, stabno
from fredholm.systems.card import Recipe
from fredholm.systems.chaos import INTERVAL, learned_step, trajectories
from fredholm.training import AdamW

LINE = Grid((32,), periodic=True)


@pytest.fixture(scope="module")
def samples():
    return trajectories(2, 4, 0)


def test_trajectories_solve_the_equation(samples):
    problem = problems.build("kuramoto_sivashinsky", horizon=4 * INTERVAL, frames=5)
    expected = problem.solve(samples.inputs.to(torch.float64), tol=1e-6).field
    assert relative_l2(samples.targets, expected).max() < 1e-3
    assert torch.equal(samples.targets.values[:, 0], samples.inputs.values)


def test_a_step_is_learned_as_a_change_or_as_a_state(samples):
    steps = one_step(samples)
    recipe = Recipe(AdamW(lr=1e-2, weight_decay=0.0), MeanSquare(), 8)
    for changes, updates in ((True, 40), (False, 2)):
        operator, record = learned_step(
            lambda: FNO(1, 1, (24,), hidden_channels=8, layers=2, coordinates=False),
            steps,
            recipe,
            updates=updates,
            seed=0,
            changes=changes,
        )
        assert ("Increment" in repr(operator)) == changes and record.steps == updates
        found = relative_l2(operator(steps.inputs), steps.targets).mean()
        persistence = relative_l2(steps.inputs, steps.targets).mean()
        assert (found < 0.8 * persistence) == changes


def test_endurance_counts_the_steps_of_right_energy(monkeypatch):
    """Ten per cent more at each step: 1.21³ < 2 < 1.21⁴. Both waves grow alike."""
    monkeypatch.setattr(stabno, "_STEPS", 20)
    x = LINE.points()[None]
    wave = Field(torch.cos(2 * torch.pi * x) + 0.01 * torch.cos(24 * torch.pi * x), LINE)
    time = Axis(5, 0.0, 5.0, location="right", name="t")
    truth = Field(wave.values[:, None].expand(1, 5, 32, 1), Grid.of(time, *LINE.axes))
    found = stabno._endurance(Function(lambda u: u.with_values(1.1 * u.values)), wave, truth)
    assert found["steps_of_right_energy"] == 3 and found["share_that_lasts"] == 0
    assert found["growth_of_fine_waves_per_step"] == pytest.approx(1.1)
    assert found["fine_waves_over_truth"] == pytest.approx(1.1**20)
    steady = stabno._endurance(Function(lambda u: u), wave, truth)
    assert steady["steps_of_right_energy"] == 20 and steady["share_that_lasts"] == 1
    lost = stabno._endurance(Function(lambda u: u.with_values(u.values * torch.nan)), wave, truth)
    assert lost["steps_of_right_energy"] == 0


class _Drifting(Operator):
    """Adds a hundredth of the member's number at each step."""

    def forward(self, u, given=NOTHING, *, at=None):
        return u.with_values(u.values + 0.01 * given.member)


def test_the_spread_is_compared_with_the_error_of_the_mean():
    """Members 0 to 5 part as their numbers: deviation √3.5, and the mean is wrong by 2.5."""
    phase = torch.tensor([0.0, 1.0])[:, None, None]
    wave = Field(torch.cos(2 * torch.pi * LINE.points() + phase), LINE)
    time = Axis(6, 0.0, 6.0, location="right", name="t")
    truth = Field(wave.values[:, None].expand(2, 6, 32, 1), Grid.of(time, *LINE.axes))
    size = replace(pderefiner._SIZES["small"], members=6)
    found = pderefiner._ensemble(_Drifting(), wave, truth, size)
    assert found["spread_over_error"] == pytest.approx(3.5**0.5 / 2.5, rel=1e-4)
    assert found["correlation_time_of_mean"] == 6.0, "an offset does not change a correlation"


def test_the_experiments_measure_what_they_say(monkeypatch):
    tiny = pderefiner._Size(2, 4, 64, 4, 1, 3, 4, 1e-3, 2, 12, 2)
    monkeypatch.setitem(pderefiner._SIZES, "small", tiny)
    for name, value in {"_TRAJECTORIES": 2, "_FRAMES": 12, "_UPDATES": 3, "_TESTS": 2}.items():
        monkeypatch.setattr(stabno, name, value)
    monkeypatch.setattr(stabno, "_STEPS", 10)
    told: list[str] = []
    outcome = pderefiner.experiment(0, told.append)
    figures = outcome.figures
    assert outcome.ratio == pytest.approx(
        figures["mse"]["correlation_time"] / figures["refiner"]["correlation_time"]
    )
    assert not outcome.passed or figures["high_band_ratio"] <= 0.7
    assert figures["mse, twice as wide"]["parameters"] > 3.5 * figures["mse"]["parameters"]
    outcome = stabno.experiment(0, told.append)
    counts = {name: outcome.figures[name]["parameters"] for name in ("stabno", "fno")}
    assert counts["fno"] == pytest.approx(counts["stabno"], rel=0.1)
    assert len(told) == 16
    assert forecast(trajectories(1, 2, 0)).signature.time is not None
