"""Refiner: exact where its network is, noise of the right size, answers that can be repeated."""

from dataclasses import replace

import pytest
import torch

from fredholm.domains import Grid
from fredholm.fields import Given, Standardise
from fredholm.models import ConditionalUNet, ConvNet, Refiner
from fredholm.objectives import Own
from fredholm.operators import Increment, Normalised, Operator, ParamsAsChannels, rollout
from fredholm.testing import band_limited

LINE = Grid((64,), periodic=True)
SIZES = [6.3e-4, 7.4e-3, 0.0858, 1.0]
"""Deviations of the noise as published, for three steps and a variance of 4e-7."""


class Oracle(Operator):
    """Knows that the answer is twice the input: splits a noisy answer without error."""

    def __init__(self, factor: float = 2.0):
        super().__init__()
        self.factor = factor
        self.seen = []

    def forward(self, u, given=None, *, at=None):
        given.only("params")
        level = given.params[:, 0] * 3
        kept = [1 - 4e-7 ** (1 - k / 3) for k in range(4)]
        signal = torch.tensor(kept, dtype=torch.float64).cumprod(0)[level.round().long()]
        signal = signal[:, None, None]
        y, noisy = self.factor * u.values[..., :1], u.values[..., 1:]
        noise = (noisy - signal.sqrt() * y) / (1 - signal).sqrt()
        self.seen.append((int(level[0]), noisy - signal.sqrt() * y))
        return u.with_values(signal.sqrt() * noise - (1 - signal).sqrt() * y)


def test_with_an_exact_network_the_answer_is_exact():
    u = band_limited(LINE)
    assert torch.allclose(Refiner(Oracle(), 1)(u).values, 2 * u.values, atol=1e-9)
    assert not torch.allclose(Refiner(Oracle(2.1), 1)(u).values, 2 * u.values, atol=1e-2)


def test_the_noise_shrinks_as_published():
    oracle = Oracle()
    Refiner(oracle, 1)(band_limited(LINE, n=200))
    assert [level for level, _ in oracle.seen] == [3, 2, 1, 0]
    found = [float(noise.std()) for _, noise in reversed(oracle.seen)]
    assert found == pytest.approx(SIZES, rel=0.03)


def test_the_loss_is_that_of_the_velocity():
    u = band_limited(LINE, n=400)
    y = u.with_values(2 * u.values)
    loss = Refiner(Oracle(), 1).terms(u, y, generator=torch.Generator().manual_seed(0))
    assert loss["denoising"] < 1e-12
    # A network that answers zero is left with v itself: ᾱ of noise and 1 - ᾱ of the answer.
    silent = Refiner(Zero(), 1).terms(u, y, generator=torch.Generator().manual_seed(0))
    signal = torch.tensor(Refiner(Zero(), 1).signal)
    expected = (signal + (1 - signal) * y.values.square().mean()).mean()
    assert float(silent["denoising"]) == pytest.approx(float(expected), rel=0.1)


class Zero(Operator):
    """Answers with nothing, so that an answer is the last noise and nothing else."""

    def forward(self, u, given=None, *, at=None):
        return u.with_values(torch.zeros_like(u.values[..., :1]))


def test_answers_repeat_and_members_differ():
    u = band_limited(LINE, n=4)
    refiner = Refiner(Zero(), 1)
    first = refiner(u).values
    assert torch.equal(first, refiner(u).values)
    nearly = u.with_values(u.values * (1 + 1e-9))
    assert torch.equal(first, refiner(nearly).values), "the noise followed a rounding error"
    others = [refiner(u, Given(member=m)).values for m in range(1, 5)]
    drawn = torch.stack([first, *others]).flatten(2).transpose(0, 1)  # function, member, point
    correlation = torch.corrcoef(drawn.flatten(0, 1)) - torch.eye(20)
    assert correlation.abs().max() < 0.6, "two members, or two functions, met the same noise"
    states = rollout(Increment(refiner, 0.1), u, 3).values
    steps = states.diff(dim=1).flatten(2)
    assert torch.corrcoef(steps[0]).sub(torch.eye(2)).abs().max() < 0.6


def test_the_member_passes_slices_wrappers_and_operators_that_need_none():
    u = band_limited(LINE)
    given = Given(params=torch.ones(3, 1), member=2)[1:].to(torch.float64)
    assert given.member == 2
    ConvNet(1, 1, 1).double()(u, Given(member=2))
    wrapped = ParamsAsChannels(Refiner(Zero(), 1), Standardise(1))
    first, second = (wrapped(u[1:], replace(given, member=m)).values for m in (0, 2))
    assert not torch.equal(first, second)


def test_a_negative_zero_is_a_zero():
    u = band_limited(LINE, n=1)
    u.values[:, 0] = 0.0
    other = u.with_values(torch.where(u.values == 0, -0.0, u.values))
    assert torch.equal(Refiner(Zero(), 1)(u).values, Refiner(Zero(), 1)(other).values)


def test_wrappers_hand_the_loss_inwards_in_units_of_the_change():
    """u -> 1.5 u, seen through a scale of 3 and changes of 0.25: the network's answer is 2 u/3."""
    u = band_limited(LINE)
    scale = Standardise(1)
    scale.scale.fill_(3.0)
    operator = Normalised(Increment(Refiner(Oracle(), 1), 0.25), scale, scale)
    target = u.with_values(1.5 * u.values)
    source = torch.Generator().manual_seed(0)
    assert operator.terms(u, target, generator=source)["denoising"] < 1e-12
    assert torch.allclose(operator(u).values, target.values, atol=1e-8)
    wrong = u.with_values(1.4 * u.values)
    assert operator.terms(u, wrong, generator=source)["denoising"] > 1e-4


def test_an_operator_without_a_loss_says_so():
    u = band_limited(LINE)
    with pytest.raises(ValueError, match="ConvNet has no loss of its own"):
        Increment(ConvNet(1, 1, 1)).terms(u, u, generator=torch.Generator())
    assert isinstance(Own(), Own)


def test_conditions_steer_the_network():
    torch.manual_seed(0)
    net = ConditionalUNet(1, 1, 1, conditions=2, hidden_channels=8, levels=2).double()
    u = band_limited(LINE)
    one, two = (
        net(u, Given(params=torch.tensor([[0.5, x]]).double().expand(3, 2))).values
        for x in (0.1, 0.101)
    )
    assert (one - two).abs().max() > 1e-4 * one.abs().max()
    with pytest.raises(ValueError, match=r"told 2 numbers per function.*got \(3, 1\)"):
        net(u, Given(params=torch.ones(3, 1)))
    with pytest.raises(ValueError, match="does not use the condition 'params'"):
        ConditionalUNet(1, 1, 1)(u, Given(params=torch.ones(3, 1)))


def test_convolutions_wrap_around():
    """Shifts by whole cells of the coarsest level commute with the network, on a ring."""
    torch.manual_seed(0)
    net = ConditionalUNet(1, 1, 1, hidden_channels=8, levels=2).double()
    u = band_limited(LINE)
    shifted = u.with_values(u.values.roll(4, 1))
    assert torch.allclose(net(shifted).values, net(u).values.roll(4, 1), atol=1e-12)


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"smallest": 1.0}, {"channels": 0}])
def test_what_cannot_be_built_is_refused(wrong):
    with pytest.raises(ValueError):
        Refiner(Zero(), **{"channels": 1, **wrong})
