"""Training from a file that is larger than memory."""

import torch

from fredholm.data import Samples, StreamedSamples, open_samples, write_netcdf
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable
from fredholm.systems.learn import learn
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


def test_streamed_trajectories_leave_out_the_given_frame(tmp_path):
    u = band_limited(GRID, n=60).to(torch.float32)
    frames = torch.stack([u.values.roll(k, 1) for k in range(3)], dim=1)
    time = Axis(3, 0.0, 1.0, name="t")
    samples = Samples(u, Field(frames, Grid.of(time, *GRID.axes)), U, U)
    stream = open_samples(write_netcdf(samples, tmp_path / "t.nc"), memory_limit=1000)
    surrogate = learn(stream, "fno", budget=Budget(steps=3))
    assert surrogate.signature.time is not None
    assert surrogate.signature.time.points().tolist() == [0.5, 1.0]
