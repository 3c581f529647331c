"""Files that others publish; what is known of them was measured before, not read from here."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fredholm.data import describe, read, write_netcdf
from fredholm.domains import Axis, Grid
from fredholm.errors import DataError


def test_darcy(shared_data: Path) -> None:
    folder = shared_data / "neuraloperator"
    coarse, fine = read(folder / "darcy_test_16.pt"), read(folder / "darcy_test_32.pt")
    assert coarse.inputs.grid == Grid((16, 16), location="left") == coarse.targets.grid
    # The points at i/16 are every second of the points at i/32.
    assert torch.equal(coarse.targets.values, fine.targets.values[:, ::2, ::2])
    assert torch.equal(fine.targets.at(coarse.targets.grid).values, coarse.targets.values)
    assert "boundary" in describe(coarse) and "unit interval assumed" in describe(coarse)


def test_burgers_trajectories(shared_data: Path) -> None:
    samples = read(shared_data / "neuraloperator" / "burgers_train_16.pt", samples=100)
    assert samples.targets.grid == Grid.of(Axis(17, name="t"), Axis(16, periodic=True))
    assert torch.equal(samples.targets.values[:, 0], samples.inputs.values)
    assert (
        samples.inputs.values.dtype == torch.float64
        and samples.origin["parameters"]["visc"] == 0.01
    )


@pytest.mark.parametrize(
    ("name", "options", "space", "time"),
    [
        ("AC", {}, Axis(512, -1, 1, True), Axis(201, name="t")),
        ("burgers_shock", {}, Axis(256, -1, 1), Axis(100, 0, 0.99, name="t")),
        # u vanishes at both ends, which fits a wall as well as an odd periodic function.
        ("KS", {}, Axis(513, -1, 1), Axis(201, name="t")),
        ("KS", {"periodic": True}, Axis(512, -1, 1, True), Axis(201, name="t")),
    ],
)
def test_single_trajectories(
    shared_data: Path, name: str, options: dict, space: Axis, time: Axis
) -> None:
    samples = read(shared_data / "pinns" / f"{name}.mat", **options)
    assert len(samples) == 1
    assert samples.targets.grid == Grid.of(time, space)
    assert torch.equal(samples.targets.values[:, 0], samples.inputs.values)
    x = samples.inputs.grid.points()[..., 0]
    initial = x**2 * torch.cos(torch.pi * x) if name == "AC" else -torch.sin(torch.pi * x)
    assert torch.allclose(samples.inputs.values[0, :, 0], initial, atol=1e-12)


def test_reanalysis(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "eraint_uvz.nc"
    with pytest.raises(DataError, match="cannot tell input from target"):
        read(path)
    with pytest.raises(DataError, match="'level' is not equidistant"):
        read(path, input="z", target="u")
    samples = read(path, input="z", target=("u", "v"), sample=("month", "level"), samples=2)
    latitude, longitude = samples.inputs.grid.axes
    assert (latitude.start, latitude.stop, latitude.periodic) == (-90, 90, False)
    assert longitude == Axis(480, -180, 180, True, name="longitude", units="degrees_east")
    # Stored from north to south: geopotential in January is lowest over the winter pole.
    z = samples.inputs.values[0, ..., 0].mean(1)
    assert z[-1] < z[0] < z[len(z) // 2]
    again = read(write_netcdf(samples, tmp_path / "a.nc"))
    assert torch.equal(again.targets.values, samples.targets.values)
    assert again.targets.grid == samples.targets.grid
    assert again.origin["source"] == str(path)
    assert np.isfinite(again.targets.values.numpy()).all()
