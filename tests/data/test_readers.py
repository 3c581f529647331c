from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray
from miniatures import MAKERS, M, N, T, plane, waves, zarr_store

from fredholm.data import describe, detect, read
from fredholm.domains import Axis, Grid
from fredholm.errors import DataError

Make = Callable[[str], Path]
KINDS = {
    "own": "fredholm NetCDF",
    "pt": "PyTorch dictionary",
    "mat": "MATLAB file",
    "mat73": "MATLAB 7.3 file",
    "npz": "NumPy archive",
    "pdebench": "PDEBench HDF5",
    "the": "The Well HDF5",
    "netcdf3": "NetCDF",
    "netcdf4": "NetCDF",
}
LABELLED = {"input": "start", "target": "state"}
PERIODIC = Axis(M, periodic=True)


@pytest.mark.parametrize("name", MAKERS)
def test_told_from_content(make: Make, name: str) -> None:
    path = make(name)
    assert detect(path) == KINDS[name.split("_")[0]]
    samples = read(path, **(LABELLED if name.startswith("netcdf") else {}))
    assert samples.origin["file"] == str(path) and str(path) in describe(samples)
    assert samples.origin["assumed"] or name == "own"


def test_neuraloperator_darcy(make: Make) -> None:
    samples = read(make("pt_darcy"))
    u = torch.from_numpy(plane(N)[:, :-1, :-1])
    assert torch.equal(samples.targets.values[..., 0], u.float())
    assert torch.equal(samples.inputs.values[..., 0], (u > 0.1).float())
    assert samples.inputs.grid == Grid((M - 1, M - 1), location="left") == samples.targets.grid


def test_neuraloperator_trajectories(make: Make) -> None:
    samples = read(make("pt_burgers"))
    y = waves((N, T, M))
    assert samples.targets.grid == Grid.of(Axis(T, name="t"), PERIODIC)
    assert samples.inputs.grid == Grid.of(PERIODIC)
    assert np.array_equal(samples.targets.values[..., 0].numpy(), y)
    assert np.array_equal(samples.inputs.values[..., 0].numpy(), y[:, 0])
    assert samples.origin["parameters"] == {"visc": pytest.approx(0.01)}


def test_fno_matlab(make: Make) -> None:
    burgers, darcy = read(make("mat_burgers")), read(make("mat_darcy"))
    assert burgers.inputs.grid == Grid.of(PERIODIC) == burgers.targets.grid
    assert [v.name for v in (*burgers.input_variables, *burgers.target_variables)] == ["a", "u"]
    assert darcy.targets.grid == Grid((M, M))
    assert set(darcy.inputs.values.unique().tolist()) == {4.0, 12.0}
    assert any("Kcoeff" in line for line in darcy.origin["assumed"])


def test_fno_matlab_73_has_its_axes_turned_back(make: Make) -> None:
    samples = read(make("mat73_ns"))
    assert samples.inputs.values.shape == (N, M, M, 1)
    # Times 1 ... T are stored and the input belongs to time 0: frames lie on right ends.
    assert samples.targets.grid.axes[0] == Axis(T, 0.0, T, location="right", name="t")
    assert samples.targets.grid.periodic is False and samples.inputs.grid.periodic
    expected = samples.inputs.values[:, None] * torch.arange(2.0, T + 2).reshape(1, T, 1, 1, 1)
    assert torch.allclose(samples.targets.values, expected, rtol=1e-6)


def test_one_trajectory(make: Make) -> None:
    samples = read(make("mat_trajectory"))
    u = waves((T, M))
    assert len(samples) == 1 and samples.targets.grid == Grid.of(Axis(T, name="t"), PERIODIC)
    assert np.array_equal(samples.targets.values[0, ..., 0].numpy(), u)
    assert np.array_equal(samples.inputs.values[0, :, 0].numpy(), u[0])


def test_npz_with_channels_and_parameters(make: Make) -> None:
    samples = read(make("npz"))
    assert torch.equal(
        samples.targets.values, torch.cat([-samples.inputs.values, 2 * samples.inputs.values], -1)
    )
    assert samples.params is not None and samples.params.flatten().tolist() == list(range(N))
    assert samples.param_variables[0].name == "mu"


@pytest.mark.parametrize("name", ["pdebench_1d", "pdebench_1d_stray"])
def test_pdebench_one_dimension(make: Make, name: str) -> None:
    samples = read(make(name))
    u = waves((N, T, M)).astype(np.float32)
    assert samples.targets.grid.axes[1] == Axis(M, periodic=True, location="cell")
    # T + 1 times for T frames: the last one is dropped, and the step stays 2 / T.
    assert samples.targets.grid.axes[0].spacing == pytest.approx(2 / T, rel=1e-6)
    assert np.array_equal(samples.targets.values[..., 0].numpy(), u)
    assert samples.origin["parameters"] == {"beta": 0.4}


def test_pdebench_darcy(make: Make) -> None:
    samples = read(make("pdebench_darcy"))
    assert samples.targets.grid == Grid((M, M), location="cell") == samples.inputs.grid
    assert set(samples.inputs.values.unique().tolist()) == {1.0, float(np.float32(0.1))}


def test_pdebench_fluid(make: Make) -> None:
    samples = read(make("pdebench_cfd"), samples=slice(1, 4))
    assert [v.name for v in samples.target_variables] == ["density", "pressure", "Vx", "Vy"]
    for channel in range(4):
        stored = waves((N, T, M, M), seed=channel).astype(np.float32)[1:4]
        assert np.array_equal(samples.targets.values[..., channel].numpy(), stored)
        assert np.array_equal(samples.inputs.values[..., channel].numpy(), stored[:, 0])


def test_pdebench_groups_are_turned_to_x_before_y(make: Make) -> None:
    samples = read(make("pdebench_grouped"))
    assert samples.targets.grid.names == ("t", "x", "y")
    assert samples.targets.grid.shape == (T, M, M - 4)
    stored = waves((T, M - 4, M), seed=2)
    assert np.array_equal(samples.targets.values[2, ..., 0].numpy(), stored.swapaxes(1, 2))
    assert samples.targets.grid.axis("x").start == -1 and samples.targets.grid.axis("x").periodic


def test_pdebench_navier_stokes(make: Make) -> None:
    samples = read(make("pdebench_ns"))
    names = ["velocity_x", "velocity_y", "particles", "force_x", "force_y"]
    assert [v.name for v in samples.input_variables] == names
    assert torch.equal(samples.inputs.values[..., :3], samples.targets.values[:, 0])
    assert samples.targets.grid.axis("t").stop == 5


def test_the_well(make: Make) -> None:
    samples = read(make("the_well"))
    names = [v.name for v in samples.target_variables]
    assert names[:3] == ["pressure", "velocity_x", "velocity_y"]
    assert names[3:] == ["stress_xx", "stress_xy", "stress_yx", "stress_yy"]
    stress = waves((N, T, M, M, 2, 2), seed=2).astype(np.float32)
    assert np.array_equal(samples.targets.values[..., 4].numpy(), stress[..., 0, 1])
    x, y = samples.inputs.grid.axes
    assert x == PERIODIC and y == Axis(M, name="y")
    height = samples.inputs.values[..., -1]
    assert samples.input_variables[-1].name == "height"
    assert torch.equal(height, height[:1, :, :1].expand_as(height))
    assert samples.params is not None and samples.params.flatten().tolist() == list(range(N))
    assert samples.origin["parameters"] == {"Re": 100.0}


@pytest.mark.parametrize("name", ["netcdf3", "netcdf4", "zarr"])
def test_named_dimensions(make: Make, tmp_path: Path, name: str) -> None:
    path = tmp_path / "store"
    zarr_store(path) if name == "zarr" else path
    samples = read(path if name == "zarr" else make(name), **LABELLED)
    assert samples.targets.grid == Grid.of(
        Axis(T, 0.0, 2.0, name="t"), Axis(M, periodic=True, units="m")
    )
    assert np.array_equal(samples.targets.values[..., 0].numpy(), waves((N, T, M)))
    assert str(samples.target_variables[0]) == "state [K]"
    frames = read(samples.origin["file"], target="state")
    assert torch.equal(frames.inputs.values, samples.inputs.values)


def test_what_is_stated_wins(make: Make) -> None:
    path = make("mat_burgers")
    samples = read(path, extent=(-1, 1), periodic=False, location="cell", samples=2)
    assert samples.inputs.grid == Grid((M,), [(-1, 1)], location="cell") and len(samples) == 2
    samples = read(make("pt_burgers"), extent={"t": (0, 5)}, periodic={"x": True})
    assert samples.targets.grid == Grid.of(Axis(T, 0, 5, name="t"), PERIODIC)
    with pytest.raises(ValueError, match="axes"):
        read(path, extent={"z": (0, 1)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, r"cannot tell input from target among start \(case, x\)"),
        ({}, r"\(--input a --target u\)"),
        ({"target": "stat"}, "did you mean 'state'"),
        ({"target": "state", "sample": "cas"}, "did you mean 'case'"),
        ({"target": "mask"}, "needs a time axis"),
        ({"input": "mask", "target": "state", "sample": ("case", "time")}, None),
    ],
)
def test_what_cannot_be_told_is_asked(make: Make, options: dict, message: str | None) -> None:
    path = make("netcdf4")
    if message is None:
        assert len(read(path, **options)) == N * T
        return
    with pytest.raises(DataError, match=message):
        read(path, **options)


@pytest.mark.parametrize("time", ["time", "level"])
def test_a_single_function_of_time_is_a_trajectory(tmp_path: Path, time: str) -> None:
    values = np.random.default_rng(0).normal(size=(3, 5, 8))
    xarray.Dataset({"heat": (("case", time, "x"), values)}).to_netcdf(tmp_path / "one.nc")
    if time == "level":
        with pytest.raises(DataError, match="cannot tell input from target"):
            read(tmp_path / "one.nc")
        return
    samples = read(tmp_path / "one.nc")
    assert samples.targets.grid.names == ("t", "x")
    assert np.array_equal(samples.inputs.values[..., 0], values[:, 0])


def test_samples_are_shown_in_a_paragraph(make: Make) -> None:
    samples = read(make("netcdf4"), target="state", sample="case")
    assert repr(samples) == describe(samples) and "tensor" not in repr(samples)


def _archive(path: Path, **arrays: np.ndarray) -> Path:
    with path.open("wb") as file:
        np.savez(file, **arrays)
    return path


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.ones((4, 9)), "y": np.ones((5, 9))}, "number of samples"),
        ({"x": np.ones((4, 9)), "y": np.ones((4, 7, 5))}, "same grid"),
        ({"p": np.ones((4, 9)), "q": np.ones((4, 9))}, "cannot tell input"),
        ({"a": np.ones((4, 9)), "u": np.ones((4, 9)), "x": np.arange(9.0) ** 2}, "not equidistant"),
        ({"a": np.ones((4, 9)), "u": np.ones((4, 9)), "x": np.full(9, np.nan)}, "NaN"),
        ({"a": np.ones((4, 9)), "u": np.ones((4, 9)), "x": np.ones(9)}, "not equidistant"),
        ({"u": np.ones((4, 9))}, "one trajectory"),
        ({"name": np.array(["text"])}, "no arrays"),
        ({"x": np.ones((0, 9)), "y": np.ones((0, 9))}, "no samples|same grid"),
    ],
)
def test_unusable_arrays_are_one_sentence(tmp_path: Path, arrays: dict, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read(_archive(tmp_path / "a.npz", **arrays))
    assert "\n" not in str(caught.value)


def test_what_is_no_file_of_samples(tmp_path: Path) -> None:
    empty, text, folder = tmp_path / "empty", tmp_path / "text.nc", tmp_path / "folder"
    empty.touch()
    text.write_text("a,b\n1,2\n")
    folder.mkdir()
    for path, message in (
        (tmp_path / "none", "does not exist"),
        (empty, "is empty"),
        (text, "none of the formats"),
        (folder, "folder"),
    ):
        with pytest.raises(DataError, match=message):
            read(path)


def test_code_in_a_torch_file_is_not_run(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "harm",))

    torch.save({"x": Harm()}, tmp_path / "a.pt")
    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path / "a.pt")
    assert not (tmp_path / "harm").exists()


def test_a_file_cut_anywhere_is_one_sentence(any_file: Path, tmp_path: Path) -> None:
    """A cut file is refused as data; only a cut that leaves all numbers in place may be read."""
    whole = any_file.read_bytes()
    options = LABELLED if any_file.read_bytes()[:3] == b"CDF" else {}
    rng = np.random.default_rng(0)
    cut = tmp_path / "cut"
    refused = 0
    for size in sorted({0, 1, 8, 600, len(whole) - 1, *rng.integers(1, len(whole), 10).tolist()}):
        cut.write_bytes(whole[:size])
        try:
            read(cut, **options)
        except DataError as error:
            refused += 1
            assert "\n" not in str(error) and str(cut) in str(error)
    assert refused >= 10
    assert any_file.read_bytes() == whole
