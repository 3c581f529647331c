"""Training on trajectories that the solver makes meanwhile."""

import pytest
import torch

from fredholm import problems
from fredholm.data import SimulatedSamples
from fredholm.errors import FredholmError
from fredholm.fields import Field, Variable
from fredholm.models import FNO
from fredholm.objectives import Chain
from fredholm.operators import Increment
from fredholm.systems.learn import learn
from fredholm.training import AdamW, Budget, fit

PROBLEM = problems.build("burgers", nu=0.05, horizon=1.0, frames=11)
GRID = PROBLEM.grid(32)
STEP = PROBLEM.stepper(0.1, substeps=4, resolution=32)


def draw(n: int, /, *, generator: torch.Generator) -> Field:
    return PROBLEM.sample(n, GRID, generator=generator)


def simulated(**changes: int) -> SimulatedSamples:
    settings = {"count": 24, "horizon": 4, **changes}
    return SimulatedSamples(STEP, draw, (Variable("u"),), 0.1, **settings)


def epoch(seed: int, **changes: int) -> torch.Tensor:
    source = torch.Generator().manual_seed(seed)
    parts = list(simulated(**changes).batches(10, generator=source))
    assert [len(part) for part in parts] == [10, 10, 4]
    return torch.cat([part.inputs.values for part in parts])


def test_every_epoch_is_new_and_can_be_made_again() -> None:
    assert torch.equal(epoch(1), epoch(1))
    assert not torch.equal(epoch(1), epoch(2))


def test_targets_are_what_the_stepper_makes_of_the_inputs() -> None:
    pairs = simulated().head(8)
    assert torch.allclose(STEP(pairs.inputs).values, pairs.targets.values, atol=1e-12)
    assert pairs.signature.step is not None and pairs.signature.step.spacing == pytest.approx(0.1)
    cut = simulated(length=3).head(8)
    assert cut.targets.values.shape == (8, 3, 32, 1)
    third = STEP(STEP(STEP(cut.inputs)))
    assert torch.allclose(third.values, cut.targets.values[:, 2], atol=1e-10)


def test_a_step_is_trained_on_the_fly_and_beats_standing_still() -> None:
    torch.manual_seed(0)
    step = Increment(FNO(1, 1, (8,), hidden_channels=12, layers=2, coordinates=False), 0.2)
    samples = simulated(length=2)
    record = fit(
        step, samples, objective=Chain(2), budget=Budget(steps=50), optimiser=AdamW(lr=3e-3)
    )
    assert record.settings["samples"] == 24
    test = simulated().head(20).to(torch.float32)
    with torch.no_grad():
        gap = (step(test.inputs).values - test.targets.values).norm()
    assert float(gap) < 0.9 * float((test.inputs.values - test.targets.values).norm())


def test_windows_must_fit() -> None:
    with pytest.raises(ValueError, match="windows of 5 steps need trajectories"):
        simulated(length=5)


def test_chains_and_learn_say_what_they_need() -> None:
    step = Increment(FNO(1, 1, (8,), hidden_channels=2, layers=1, coordinates=False), 0.2)
    with pytest.raises(ValueError, match="chain of 3 steps .* got 2: .* with length=3"):
        fit(step, simulated(length=2), objective=Chain(3), budget=Budget(steps=1))
    with pytest.raises(FredholmError, match="got SimulatedSamples: .* with fredholm.training.fit"):
        learn(simulated())  # type: ignore[arg-type]
