"""The experiment at the paper's size, made small enough to run."""

import torch

from fredholm.systems import card
from fredholm.systems.flow import Size, flows, forecast_flow

TINY = Size(train=2, test=1, points=12, finest=24, epochs=1, history=2)


def test_frames_of_a_flow_are_split_into_given_and_asked():
    samples = flows(TINY, seed=0, device="cpu")
    assert samples.inputs.values.shape == (3, 12, 12, 2)
    assert samples.targets.values.shape == (3, 2, 12, 12, 1)
    assert samples.targets.grid.axis("t").points().tolist() == [3.0, 4.0]
    step = samples.targets.values[:, 0] - samples.inputs.values[..., 1:]
    before = samples.inputs.values[..., 1:] - samples.inputs.values[..., :1]
    assert float(step.norm()) < 1.5 * float(before.norm()), "frames follow each other in time"


def test_the_experiment_runs_and_is_measured_against_the_published_error():
    told: list[str] = []
    outcome = forecast_flow(0, told.append, TINY)
    assert outcome.ratio == outcome.figures["relative_l2"] / 0.1556
    assert 0 < outcome.figures["relative_l2"] < 2 and not torch.isnan(torch.tensor(outcome.ratio))
    assert any("training" in sentence for sentence in told)
    assert card("fno").sizes["paper"] is forecast_flow
