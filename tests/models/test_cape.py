"""CAPE: the parameters steer the guess, and the guess can be trained alone."""

import copy

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Grid
from fredholm.fields import Field, Given, Variable
from fredholm.metrics import relative_l2
from fredholm.models import CAPE, ResNet
from fredholm.objectives import Own, RelativeL2, Stages
from fredholm.operators import ShiftEquivariant
from fredholm.testing import band_limited
from fredholm.training import AdamW, Budget, fit

LINE = Grid((16,), periodic=True)
LABEL = (Variable("u"),)


def cape(params: int = 1, **sizes: int) -> CAPE:
    torch.manual_seed(0)
    base = ResNet(2, 1, 1, hidden_channels=4, blocks=1)
    return CAPE(base, 1, 1, params, 1, **{"hidden_channels": 8, "blocks": 2, "modes": 5} | sizes)


def shifted(n: int = 16) -> Samples:
    """Each function goes two points one way, and the other way: the parameter says which."""
    u = band_limited(LINE, n=n).to(torch.float32).values
    u = u - u.mean(1, keepdim=True)
    targets = Field(torch.cat([u.roll(2, 1), u.roll(-2, 1)]), LINE)
    way = torch.ones(n, 1)
    return Samples(Field(u.repeat(2, 1, 1), LINE), targets, LABEL, LABEL, torch.cat([way, -way]))


def test_the_guess_follows_the_parameter():
    """Who does not know the way misses one of the two targets by half their distance or more."""
    samples, operator = shifted(), cape()
    fit(operator, samples, objective=Own(), budget=Budget(steps=50), optimiser=AdamW(lr=2e-2))
    one, other = samples.targets[:16], samples.targets[16:]
    least = float((relative_l2(one, other) / 2).mean())
    with torch.no_grad():
        found = operator.guess(samples.inputs, samples.given)
    assert float(relative_l2(found, samples.targets).mean()) < 0.7 * least


def test_each_function_has_its_own_gates():
    operator, u = cape().double(), band_limited(LINE, n=2)
    params = torch.tensor([[1.0], [-1.0]]).double()
    together = operator(u, Given(params=params)).values
    alone = [operator(u[i : i + 1], Given(params=params[i : i + 1])).values for i in range(2)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-12)
    swapped = operator(u, Given(params=params.flip(0))).values
    assert (together - swapped).abs().max() > 1e-3


def test_it_commutes_with_shifts_as_its_base_does():
    operator = cape(0).double()
    assert operator.claims == (ShiftEquivariant(),)
    assert ShiftEquivariant().defect(operator, band_limited(LINE)) < 1e-12


def test_the_base_rests_while_the_guess_is_trained():
    operator, samples = cape(), shifted()
    before = copy.deepcopy(operator)
    warm = Stages(Own(), RelativeL2() + 0.1 * Own(), 1.0)
    fit(operator, samples, objective=warm, budget=Budget(steps=4))
    pairs = zip(before.base.parameters(), operator.base.parameters())
    assert all(torch.equal(one, other) for one, other in pairs)
    pairs = zip(before.blocks.parameters(), operator.blocks.parameters())
    assert not any(torch.equal(one, other) for one, other in pairs)
    cold = Stages(Own(), RelativeL2() + 0.1 * Own(), 0.5)
    fit(operator, samples, objective=cold, budget=Budget(steps=4))
    pairs = zip(before.base.parameters(), operator.base.parameters())
    assert not all(torch.equal(one, other) for one, other in pairs)


def test_stages_change_at_the_fraction():
    stages = Stages(RelativeL2(), 2.0 * RelativeL2(), 0.25)
    operator, samples = cape(), shifted(4)
    with torch.no_grad():
        found = [
            float(stages(operator, samples, generator=torch.Generator(), progress=p)["relative_l2"])
            for p in (0.0, 0.24, 0.25, 1.0)
        ]
    assert found == pytest.approx([found[0], found[0], 2 * found[0], 2 * found[0]])
    with pytest.raises(ValueError, match="a fraction of the training"):
        Stages(RelativeL2(), RelativeL2(), 1.5)


def test_wrong_questions_are_refused():
    u = band_limited(LINE).to(torch.float32)
    with pytest.raises(ValueError, match="needs 1 parameters for each of 3"):
        cape()(u)
    with pytest.raises(ValueError, match="needs 1 parameters"):
        cape()(u, Given(params=torch.ones(3, 2)))
    with pytest.raises(ValueError, match="does not use the condition 'params'"):
        cape(0)(u, Given(params=torch.ones(3, 1)))
    with pytest.raises(ValueError, match="works on 1 axes"):
        cape(0)(band_limited(Grid((8, 8), periodic=True)).to(torch.float32))
    with pytest.raises(ValueError, match="not negative"):
        cape(-1)
    with pytest.raises(ValueError, match="blocks"):
        cape(blocks=0)
