"""A second operator corrects the first, and learns from what the first leaves alone."""

from dataclasses import replace

import pytest
import torch

from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Given, Standardise, Variable
from fredholm.models import FNO, ResNet
from fredholm.objectives import Own
from fredholm.operators import Boosted, Increment, Normalised, OnGrid, ScaledParams, TimeChannels
from fredholm.operators.operator import Operator
from fredholm.testing import band_limited

LINE = Grid((16,), periodic=True)
SOURCE = torch.Generator()


def net(channels: int) -> Operator:
    return ResNet(channels, 1, 1, hidden_channels=4, blocks=1)


def pair(scale: float = 0.0) -> Boosted:
    torch.manual_seed(0)
    return Boosted(net(1), net(2), scale).double()


def test_the_answer_is_the_first_plus_the_scaled_second():
    u = band_limited(LINE)
    boosted = pair(0.3)
    first = boosted.first(u)
    shown = u.with_values(torch.cat([u.values, first.values], dim=-1))
    expected = first.values + 0.3 * boosted.second(shown).values
    assert torch.allclose(boosted(u).values, expected, rtol=0, atol=1e-7)
    assert torch.equal(pair(0.0)(u).values, first.values), "with scale zero the first is alone"


def test_the_loss_reaches_the_second_alone():
    u = band_limited(LINE)
    boosted = pair(0.3)
    sum(boosted.terms(u, u, generator=SOURCE).values()).backward()
    assert all(p.grad is None for p in boosted.first.parameters())
    assert all(p.grad is not None for p in boosted.second.parameters())


def test_the_loss_is_that_of_the_whole_answer_relative_to_the_error():
    """‖second - r/σ‖/‖r/σ‖ = ‖answer - target‖/‖first - target‖."""
    u = band_limited(LINE, n=1)
    target = u.with_values(2 * u.values)
    boosted = pair(0.3)
    gap, left = (part - target.values for part in (boosted(u).values, boosted.first(u).values))
    found = boosted.terms(u, target, generator=SOURCE)["correction"].detach()
    assert float(found) == pytest.approx(
        float(gap.detach().norm() / left.detach().norm()), rel=1e-6
    )


@pytest.mark.parametrize(
    "wrap, unit",
    [
        (lambda operator: operator, 1.0),
        (lambda operator: OnGrid(operator, LINE), 1.0),
        (lambda operator: Increment(operator, 0.5), 2.0),
        (lambda operator: Normalised(operator, _double(), _double()), 0.5),
    ],
    ids=["bare", "on grid", "increment", "normalised"],
)
def test_errors_are_measured_in_inner_units(wrap, unit):
    u = band_limited(LINE)
    target = u.with_values(u.values.roll(1, 1))
    operator = wrap(pair()).double()
    outside = (operator(u).values - target.values).square().mean().detach()
    inside = operator.terms(u, target, generator=SOURCE)["error"]
    assert float(inside) == pytest.approx(float(outside) * unit**2, rel=1e-6)


def _double() -> Standardise:
    scale = Standardise(1)
    scale.scale.fill_(2.0)
    return scale


def test_trajectories_are_handed_inwards_as_channels():
    time = Axis(3, 0.0, 1.0, location="right", name="t")
    torch.manual_seed(0)
    operator = TimeChannels(Boosted(FNO(1, 6, (3,)), FNO(7, 6, (3,))), time).double()
    u = band_limited(LINE)
    error = operator.terms(u, operator(u), generator=SOURCE)["error"]
    assert float(error.detach()) < 1e-20, "its own answer is no error, frame for frame"


def test_windows_are_cut_to_their_first_step():
    u = band_limited(LINE)
    step = Axis(1, 0.0, 0.1, location="right", name="t")
    time = replace(step, size=2, stop=0.2)
    frames = Field(torch.stack([u.values, 9 * u.values], 1), Grid.of(time, *LINE.axes))
    label = (Variable("u"),)
    windows = Samples(u, frames, label, label, step=step)
    single = Samples(u, u, label, label)
    found, expected = (Own()(pair(), part, generator=SOURCE) for part in (windows, single))
    assert found == expected


def test_what_cannot_be_boosted_is_refused():
    with pytest.raises(ValueError, match="not negative"):
        Boosted(net(1), net(2), -1.0)
    elsewhere = Boosted(_Coarse(), net(2), 0.1).double()
    with pytest.raises(ValueError, match="on the grid of the question"):
        elsewhere(band_limited(LINE))


class _Coarse(Operator):
    def forward(self, u, given=None, *, at=None):
        return u.at(u.grid.resized(8))


class _Told(Operator):
    def forward(self, u, given=None, *, at=None):
        return u.with_values(u.values * given.params[:, :, None])


def test_parameters_arrive_standardised():
    scale = Standardise(1)
    scale.mean.fill_(2.0)
    scale.scale.fill_(4.0)
    operator = ScaledParams(_Told(), scale)
    u = band_limited(LINE, n=2)
    answer = operator(u, Given(params=torch.tensor([[2.0], [6.0]]).double()))
    assert torch.equal(answer.values, torch.stack([0 * u.values[0], u.values[1]]))
    with pytest.raises(ValueError, match="needs 1 parameters"):
        operator(u)
