"""The cards of SpecBoost and CAPE serve every kind of samples; their experiments measure."""

from dataclasses import replace

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable
from fredholm.objectives import Chain, Own, RelativeL2, Stages
from fredholm.operators import Boosted
from fredholm.systems import Recipe, cape, specboost
from fredholm.systems.learn import Choices, learn
from fredholm.testing import band_limited
from fredholm.training import Budget

LINE = Grid((16,), periodic=True)
U = (Variable("u"),)


def moving(n: int = 24) -> Samples:
    """Trajectories of four frames that shift at two speeds, told as a parameter."""
    u = band_limited(LINE, n=n).to(torch.float32)
    far = torch.arange(n) % 2 + 1
    rows = [torch.stack([v.roll(k * int(s), 0) for k in range(4)]) for v, s in zip(u.values, far)]
    targets = Field(torch.stack(rows), Grid.of(Axis(4, 0.0, 3.0, name="t"), *LINE.axes))
    return Samples(u, targets, U, U, far[:, None].float(), (Variable("c"),))


@pytest.mark.parametrize("trajectory", ["direct", "step"])
@pytest.mark.parametrize("key", ["specboost", "cape"])
def test_trajectories_with_parameters_are_learned(key, trajectory):
    choices = Choices(trajectory=trajectory, symmetry="reflections")
    surrogate = learn(moving(), key, budget=Budget(steps=4), choices=choices)
    assert surrogate.record.steps == 4
    assert torch.isfinite(surrogate.evaluate(moving()).errors).all()


def test_a_chain_keeps_the_warm_up_of_cape():
    """While the guess is trained alone, the base keeps its weights; without the stage it moves."""
    alone = Stages(Own(), RelativeL2() + 7e-5 * Own(), 1.0)
    choices = Choices(trajectory="step", symmetry="none", chain=Chain(2), recipe=Recipe(batch=8))
    kept = replace(choices, recipe=Recipe(objective=alone, batch=8))
    start, warmed, moved = (
        learn(moving(), "cape", budget=Budget(steps=steps), choices=chosen).operator
        for steps, chosen in ((1, kept), (3, kept), (3, choices))
    )
    base = [name for name, _ in start.named_parameters() if ".base." in name]
    weights = [dict(operator.named_parameters()) for operator in (start, warmed, moved)]
    assert base and all(torch.equal(weights[0][name], weights[1][name]) for name in base)
    assert not any(torch.equal(weights[0][name], weights[2][name]) for name in base[:1])


def test_specboost_uses_both_of_its_networks():
    u = band_limited(LINE, n=24).to(torch.float32)
    samples = Samples(u, u.with_values(u.values**2), U, U)
    surrogate = learn(samples, "specboost", budget=Budget(steps=4))
    (boosted,) = (part for part in surrogate.operator.modules() if isinstance(part, Boosted))
    assert float(boosted.scale) > 1e-3
    assert surrogate.record.settings["stages"][-1] == "Own()"


def test_specboost_experiment_compares_bands(monkeypatch):
    for name, value in {"_STEPS": 6, "_TRAINED": 6, "_TESTED": 3}.items():
        monkeypatch.setattr(specboost, name, value)
    told: list[str] = []
    outcome = specboost.experiment(0, told.append)
    figures = outcome.figures
    errors, bands = figures["relative_l2"], figures["error_by_band"]
    assert len(told) == 3 and set(errors) == {"boosted", "fno", "wide fno"}
    assert outcome.ratio == errors["boosted"] / errors["fno"]
    assert figures["high_band_ratio"] == bands["boosted"]["high"] / bands["fno"]["high"]
    assert figures["cost"]["boosted"]["parameters"] < figures["cost"]["wide fno"]["parameters"]
    assert outcome.passed == (outcome.ratio <= 0.75 and figures["high_band_ratio"] <= 0.7)


def test_cape_experiment_asks_at_speeds_that_were_not_trained(monkeypatch):
    small = {"_STEPS": 3, "_TRAINED": 3, "_TESTED": 2, "_POINTS": 32, "_FRAMES": 4}
    for name, value in small.items():
        monkeypatch.setattr(cape, name, value)
    outcome = cape.experiment(0, lambda sentence: None)
    figures = outcome.figures
    assert not set(cape._SPEEDS) & set(cape._UNSEEN)
    assert max(cape._UNSEEN) < max(cape._SPEEDS) and min(cape._UNSEEN) > min(cape._SPEEDS)
    unseen = figures["at_unseen_speeds"]
    by_speed = figures["relative_l2"]["cape"]
    assert unseen["cape"] == pytest.approx(sum(by_speed[str(c)] for c in cape._UNSEEN) / 4)
    assert outcome.ratio == unseen["cape"] / unseen["none"]
    assert figures["ratio_to_channel"] == unseen["cape"] / unseen["channel"]


def test_advected_waves_move_at_their_speed():
    """At speed 2 an interval of 0.05 moves a wave by a tenth of its period."""
    samples = cape._advected((2.0,), 2, 0)
    ten = samples.targets.values[:, 10]
    assert torch.allclose(ten, samples.inputs.values, atol=1e-5), "ten tenths are a whole period"
    assert (samples.targets.values[:, 5] - samples.inputs.values).abs().max() > 0.1
