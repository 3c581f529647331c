"""Training from a file that is larger than memory."""

import pytest
import torch

from fredholm.data import Samples, StreamedSamples, open_samples, write_netcdf
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable
from fredholm.objectives import Chain
from fredholm.systems.learn import Choices, learn
from fredholm.testing import band_limited
from fredholm.training import Budget

GRID = Grid((16,), periodic=True)
U = (Variable("u"),)


def test_a_stream_is_learned_as_well_as_memory(tmp_path):
    u = band_limited(GRID, n=200).to(torch.float32)
    samples = Samples(u, u.with_values(u.values.roll(1, 1)), U, U)
    path = write_netcdf(samples, tmp_path / "samples.nc")
    stream = open_samples(path, memory_limit=1000)
    assert isinstance(stream, StreamedSamples)
    errors = [
        learn(source, "fno", budget=Budget(steps=100)).evaluate(samples).relative_l2
        for source in (samples, stream)
    ]
    assert errors[1] < 1.5 * errors[0] + 0.01


def trajectories(n: int = 60, steps: int = 2) -> Samples:
    """Waves that move by one point per step of half a second."""
    u = band_limited(GRID, n=n).to(torch.float32)
    frames = torch.stack([u.values.roll(k, 1) for k in range(steps + 1)], dim=1)
    time = Axis(steps + 1, 0.0, 0.5 * steps, name="t")
    return Samples(u, Field(frames, Grid.of(time, *GRID.axes)), U, U)


def test_streamed_trajectories_leave_out_the_given_frame(tmp_path):
    stream = open_samples(write_netcdf(trajectories(), tmp_path / "t.nc"), memory_limit=1000)
    surrogate = learn(stream, "fno", budget=Budget(steps=3))
    assert surrogate.signature.time is not None
    assert surrogate.signature.time.points().tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    "choices", [{"chain": Chain(2)}, {"trajectory": "pairs"}], ids=["chain", "pairs"]
)
def test_streamed_trajectories_are_cut_as_those_in_memory(tmp_path, choices):
    samples = trajectories(n=24, steps=5)
    stream = open_samples(write_netcdf(samples, tmp_path / "t.nc"), memory_limit=1000)
    asked = Choices(**choices, symmetry="none", hyper={"modes": 4, "hidden_channels": 4})
    found = [
        learn(source, "fno", budget=Budget(steps=3), choices=asked) for source in (samples, stream)
    ]
    assert found[0].signature == found[1].signature and found[1].signature.step is not None
    assert found[0].record.settings == found[1].record.settings
    assert len(found[0].expected_growth) == len(found[1].expected_growth)
