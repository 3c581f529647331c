"""Views of trajectories: steps, windows, pairs of times."""

from dataclasses import replace

import pytest
import torch

from fredholm.data import (
    LEAD_TIME,
    Samples,
    as_trained,
    continuations,
    forecast,
    one_step,
    pairs,
    windows,
)
from fredholm.domains import Axis, Grid
from fredholm.errors import DataError
from fredholm.fields import Field, Variable

SPACE = Grid((3,), periodic=True)
STEPS = 4


def trajectories(params: bool = False) -> Samples:
    """Frame k of trajectory i has the value 10 i + k everywhere; frames are 0.5 s apart."""
    values = 10.0 * torch.arange(2)[:, None] + torch.arange(STEPS + 1)
    values = values[..., None, None].expand(2, STEPS + 1, 3, 1)
    time = Axis(STEPS + 1, 1.0, 3.0, name="t", units="s")
    u = (Variable("u", "m"),)
    return Samples(
        Field(values[:, 0], SPACE),
        Field(values, Grid.of(time, *SPACE.axes)),
        (Variable("u0", "m"),),
        u,
        params=torch.tensor([[7.0], [8.0]]) if params else None,
        param_variables=(Variable("nu"),) if params else (),
    )


def first(u: Field) -> list[float]:
    return u.values.flatten(1)[:, 0].tolist()


def test_single_steps_lead_from_each_frame_to_the_next() -> None:
    steps = one_step(trajectories(params=True))
    assert first(steps.inputs) == [0, 1, 2, 3, 10, 11, 12, 13]
    assert first(steps.targets) == [1, 2, 3, 4, 11, 12, 13, 14]
    assert steps.signature.step == Axis(1, 0.0, 0.5, location="right", name="t", units="s")
    assert steps.signature.state_to_state
    assert steps.params is not None
    assert steps.params[:, 0].tolist() == [7.0] * 4 + [8.0] * 4


def test_windows_hold_the_frames_that_follow() -> None:
    found = windows(trajectories(), 3)
    assert first(found.inputs) == [0, 1, 10, 11]
    assert found.targets.values[:, :, 0, 0].tolist() == [
        [1, 2, 3], [2, 3, 4], [11, 12, 13], [12, 13, 14],
    ]  # fmt: skip
    assert found.targets.grid.axis("t").points().tolist() == [0.5, 1.0, 1.5]
    assert first(windows(trajectories(), 2, stride=2).inputs) == [0, 2, 10, 12]
    with pytest.raises(DataError, match="windows of 5 steps do not fit trajectories of 4"):
        windows(trajectories(), 5)


def test_pairs_are_all_ordered_pairs_of_times_with_their_lead() -> None:
    found = pairs(trajectories(params=True))
    assert len(found) == 2 * STEPS * (STEPS + 1) // 2
    assert found.params is not None
    assert [v.name for v in found.param_variables] == ["nu", LEAD_TIME]
    ahead = (found.targets.values - found.inputs.values).flatten(1)[:, 0]
    assert torch.equal(found.params[:, 1], 0.5 * ahead)
    assert found.params[:, 0].tolist() == [7.0] * 10 + [8.0] * 10
    assert (
        as_trained(trajectories(), pairs(trajectories()).signature).param_variables[0].units == "s"
    )


def test_continuations_lead_from_some_frames_to_those_that_follow() -> None:
    found = continuations(trajectories(params=True), 2, 2)
    assert found.inputs.values[:, :, 0, 0].tolist() == [[0, 1], [1, 2], [10, 11], [11, 12]]
    assert found.targets.values[:, :, 0, 0].tolist() == [[2, 3], [3, 4], [12, 13], [13, 14]]
    assert found.inputs.grid.axis("t").points().tolist() == [0.0, 0.5]
    assert found.targets.grid.axis("t").points().tolist() == [1.0, 1.5]
    assert found.params is not None and found.params[:, 0].tolist() == [7.0, 7.0, 8.0, 8.0]
    assert found.signature.state_to_state and found.step is None
    rest = continuations(trajectories(), 2)
    assert len(rest) == 2 and rest.targets.grid.axis("t").size == 3
    seen = as_trained(trajectories(), continuations(trajectories(), 2, 1).signature)
    assert seen.inputs.values[:2, :, 0, 0].tolist() == [[0, 1], [1, 2]]
    assert as_trained(rest, rest.signature) is rest
    for known, asked in ((1, 2), (3, 3), (2, 0), (5, None)):
        with pytest.raises(DataError, match="do not fit trajectories of 5 frames"):
            continuations(trajectories(), known, asked)


def test_a_step_is_judged_by_the_forecast_that_it_makes() -> None:
    seen = as_trained(trajectories(), one_step(trajectories()).signature)
    assert seen.targets.grid == forecast(trajectories()).targets.grid


def test_samples_that_are_no_trajectories_are_refused() -> None:
    samples = trajectories()
    other = replace(samples, inputs=samples.inputs.with_values(samples.inputs.values + 1))
    for view in (one_step, pairs):
        with pytest.raises(DataError, match="begin with the input"):
            view(other)


def test_a_first_frame_that_a_solver_has_filtered_is_still_the_input() -> None:
    samples = trajectories()
    slightly = replace(samples, inputs=samples.inputs.with_values(samples.inputs.values + 1e-3))
    assert forecast(slightly).targets.grid.axis("t").size == STEPS
    later = replace(samples, inputs=samples.inputs.with_values(samples.inputs.values - 1))
    assert forecast(later) is later, "targets that begin one interval after the input lose nothing"
