"""Repeated steps: any step, the same trajectories."""

import pytest
import torch

from fredholm.domains import Domain, Grid
from fredholm.errors import DivergedError
from fredholm.fields import NOTHING, Field, Given
from fredholm.models import ConvNet
from fredholm.operators import Increment, Operator, Rate, repeat, rollout, states

GRID = Grid((8,), periodic=True)


def fields(count: int = 3) -> Field:
    source = torch.Generator().manual_seed(0)
    return Field(torch.rand(count, 8, 1, generator=source, dtype=torch.float64), GRID)


def halve(u: Field) -> Field:
    return u.with_values(u.values / 2)


def test_frames_are_the_states_after_each_step() -> None:
    u = fields()
    trajectory = rollout(halve, u, 4, interval=0.25, units="s")
    assert trajectory.grid.axis("t").points().tolist() == [0.25, 0.5, 0.75, 1.0]
    assert trajectory.grid.axis("t").units == "s"
    for number in range(4):
        assert torch.equal(trajectory.values[:, number], u.values / 2 ** (number + 1))


def test_repeated_steps_are_every_nth_frame_of_single_ones() -> None:
    u = fields()
    thinned = rollout(halve, u, 6, every=3, interval=0.5)
    coarse = rollout(repeat(halve, 3), u, 2, interval=1.5)
    assert torch.equal(thinned.values, coarse.values)
    assert thinned.grid == coarse.grid


def test_operators_are_steps_and_states_come_one_at_a_time() -> None:
    step = Increment(ConvNet(1, 1, 1, hidden_channels=4, layers=2).double())
    u = fields()
    first, second = states(step, u, 2)
    assert torch.equal(second.values, step(first).values)
    assert torch.equal(rollout(step, u, 2).values[:, 1], second.values)


def test_divergence_names_its_step_and_can_be_kept() -> None:
    def explode(u: Field) -> Field:
        return u.with_values(u.values**2 * 1e100)

    u = Field(torch.tensor([0.0, 1.0]).double().reshape(2, 1, 1).expand(2, 8, 1), GRID)
    with pytest.raises(DivergedError, match=r"step 3 of 5, in 1 of 2 functions .* number 1"):
        rollout(explode, u, 5)
    kept = rollout(explode, u, 5, keep_diverged=True).values
    assert bool(torch.isfinite(kept[0]).all())
    assert torch.isfinite(kept[1]).flatten(1).all(1).tolist() == [True, True, False, False, False]


def test_a_step_must_keep_its_kind() -> None:
    u = fields()
    with pytest.raises(ValueError, match="1 went in, 3 and 2 came out"):
        rollout(lambda v: v.with_values(v.values.repeat(1, 1, 2)), u, 1)
    with pytest.raises(ValueError, match="returns a Field, this one returned Tensor"):
        rollout(lambda v: v.values, u, 1)
    with pytest.raises(ValueError, match="does not use the condition 'params'"):
        rollout(halve, u, 1, Given(params=torch.ones(3, 1)))
    with pytest.raises(ValueError, match="begins with functions.*got Tensor"):
        rollout(halve, u.values, 1)
    with pytest.raises(ValueError, match="multiple of 2"):
        rollout(halve, u, 3, every=2)


class Twice(Operator):
    """2 u, whatever the parameters."""

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        return u.with_values(2 * u.values)


def test_rate_is_nothing_at_no_lead_time_and_linear_in_it() -> None:
    step = Rate(Twice(), column=0, scale=3.0)
    u = fields()
    for time in (0.0, 0.5):
        image = step(u, Given(params=torch.full((3, 1), time)))
        assert torch.allclose(image.values, u.values * (1 + 3.0 * time * 2))
    with pytest.raises(ValueError, match="needs the lead time"):
        step(u)


class _Asked(Twice):
    """Tells what it is trained on."""

    def terms(self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator):
        return {"asked": target.values}


def test_a_loss_of_its_own_is_asked_about_the_rate() -> None:
    u, source = fields(), torch.Generator()
    given = Given(params=torch.full((3, 1), 0.5))
    step = Rate(_Asked(), column=0, scale=3.0)
    later = u.with_values(u.values + 6.0)
    asked = step.terms(u, later, given, generator=source)["asked"]
    assert torch.allclose(asked, torch.full_like(asked, 4.0))
