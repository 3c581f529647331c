"""Training in two stages: the first is frozen, the second repairs what it cannot do."""

import copy

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Grid
from fredholm.fields import Standardise, Variable
from fredholm.models import FNO
from fredholm.objectives import RelativeL2
from fredholm.operators import Boosted, Increment, Normalised, Operator
from fredholm.testing import band_limited
from fredholm.training import AdamW, Budget, Checkpoints, errors, fit, fit_boosted

LINE = Grid((32,), periodic=True)
LABEL = (Variable("u"),)
FAST = AdamW(lr=1e-2)


def squares(n: int = 32) -> Samples:
    """u -> u + u²/2: twice the wavenumbers of the input."""
    u = band_limited(LINE, n=n, waves=4).to(torch.float32)
    return Samples(u, u.with_values(u.values + 0.5 * u.values**2), LABEL, LABEL)


def fno(channels: int, modes: int) -> FNO:
    return FNO(channels, 1, (modes,), hidden_channels=8, layers=2, coordinates=False)


def operator(modes: int = 2) -> Operator:
    torch.manual_seed(0)
    scale = Standardise(1).fit(squares().inputs)
    return Normalised(Increment(Boosted(fno(1, modes), fno(2, 9)), 0.5), scale, scale)


def test_the_second_repairs_what_the_first_cannot_do():
    """The first sees two wavenumbers: its error stays, whatever it is trained."""
    samples, found = squares(), operator()
    record = fit_boosted(found, samples, budget=Budget(steps=100), optimiser=FAST)
    boosted = found.operator.operator
    with torch.no_grad():
        after = errors(found, samples).mean()
        scale = float(boosted.scale)
        boosted.scale.zero_()
        before = errors(found, samples).mean()
        inner = (found(samples.inputs).values - samples.targets.values) / found.decode.scale / 0.5
    assert after < 0.6 * before
    assert scale == pytest.approx(float(inner.square().mean().sqrt()), rel=1e-4)
    assert record.steps == 100 and [m.step for m in record.history][-1] == 100
    steps = [m.step for m in record.history]
    assert steps == sorted(steps) and record.settings["stages"] == ["RelativeL2()", "Own()"]


def test_the_first_stage_is_plain_training_and_then_frozen():
    samples = squares()
    found, alone = operator(), copy.deepcopy(operator())
    fit_boosted(found, samples, budget=Budget(steps=20), optimiser=FAST)
    fit(alone, samples, objective=RelativeL2(), budget=Budget(steps=10), optimiser=FAST)
    for one, other in zip(
        found.operator.operator.first.parameters(), alone.operator.operator.first.parameters()
    ):
        assert torch.equal(one, other)
    changed = zip(
        found.operator.operator.second.parameters(), alone.operator.operator.second.parameters()
    )
    assert not all(torch.equal(one, other) for one, other in changed)


def test_the_watch_sees_one_run():
    seen: list[tuple[int, float]] = []
    fit_boosted(
        operator(),
        squares(),
        budget=Budget(epochs=3),
        batch=8,
        watch=lambda moment, spent: seen.append((moment.step, round(spent, 3))),
    )
    assert seen == sorted(seen) and seen[-1] == (12, 1.0)


def test_a_finished_first_stage_is_not_repeated(tmp_path):
    samples = squares()
    budget = Budget(steps=8)
    whole = operator()
    fit_boosted(whole, samples, budget=budget, checkpoints=Checkpoints(tmp_path))
    again = operator()
    record = fit_boosted(
        again, samples, budget=budget, checkpoints=Checkpoints(tmp_path, resume=True)
    )
    assert record.steps == 8
    for one, other in zip(whole.state_dict().values(), again.state_dict().values()):
        assert torch.equal(one, other)


def test_what_cannot_be_trained_in_two_stages_is_refused():
    with pytest.raises(ValueError, match="with one Boosted, got 0"):
        fit_boosted(fno(1, 3), squares())
    with pytest.raises(ValueError, match="at least two steps"):
        fit_boosted(operator(), squares(), budget=Budget(steps=1))
