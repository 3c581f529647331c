import dataclasses
import errno
import hashlib
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest
import torch
import xarray

from fredholm.data import Samples, SampleWriter, detect, read, write_netcdf
from fredholm.domains import Grid
from fredholm.errors import DataError, FormatError
from fredholm.fields import Field, Variable

ARRAYS = ("inputs", "targets", "params", "error")


def assert_equal(found: Samples, expected: Samples) -> None:
    for name in ARRAYS:
        a, b = getattr(found, name), getattr(expected, name)
        a, b = (side if isinstance(side, torch.Tensor) else side.values for side in (a, b))
        assert a.dtype == b.dtype and torch.equal(a, b), name
    for name in ("input_variables", "target_variables", "param_variables"):
        assert getattr(found, name) == getattr(expected, name), name
    assert found.inputs.domain == expected.inputs.domain
    assert found.targets.domain == expected.targets.domain


def test_everything_comes_back_exactly(example: Samples, tmp_path: Path) -> None:
    path = write_netcdf(example, tmp_path / "a.nc")
    found = read(path)
    assert_equal(found, example)
    assert {**found.origin, **example.origin} == found.origin
    assert found.origin["file"] == str(path)


def test_a_slice_is_the_slice(example: Samples, tmp_path: Path) -> None:
    path = write_netcdf(example, tmp_path / "a.nc")
    assert_equal(read(path, samples=slice(4, None, -2)), example[[4, 2, 0]])
    assert_equal(read(path, samples=2), example[:2])


@pytest.mark.parametrize("engine", [None, "h5netcdf", "netcdf4"])
def test_xarray_shows_it(example: Samples, tmp_path: Path, engine: str | None) -> None:
    path = write_netcdf(example, tmp_path / "a.nc")
    with xarray.open_dataset(path, engine=engine) as dataset:
        # The target called x would hide the coordinate x, the input u the target u.
        assert set(dataset.data_vars) == {"u_input", "a", "u", "x_target", "nu", "error"}
        assert dataset["u"].dims == ("sample", "t", "x", "y")
        assert dataset["u"].attrs["units"] == "m/s" and dataset["x"].attrs["units"] == "m"
        assert (dataset["y"].values == example.inputs.grid.axis("y").points().numpy()).all()
        assert (dataset["u"].values == example.targets.values[..., 0].numpy()).all()
        assert dataset.attrs["problem"] == "none" and dataset.attrs["seed"] == 0


def samples_of(n: int) -> Samples:
    grid = Grid((8,), periodic=True)
    values = torch.randn(n, 8, 1, generator=torch.Generator().manual_seed(0))
    label = (Variable("u"),)
    return Samples(Field(values, grid), Field(values**2, grid), label, label)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_chunks_make_the_same_bytes_as_one_piece(example: Samples, tmp_path: Path) -> None:
    whole = write_netcdf(example, tmp_path / "a.nc")
    path = tmp_path / "b.nc"
    for chunk in (slice(0, 1), slice(1, 4), slice(4, 6)):
        with SampleWriter(path, example[:1], len(example)) as writer:
            assert writer.done == chunk.start
            writer.append(example[chunk])
    assert digest(path) == digest(whole)
    assert not path.with_name("b.nc.partial").exists()


@contextmanager
def in_child(work: Callable[[Callable[[str], None]], None]) -> Iterator[tuple[int, TextIO]]:
    """Runs `work(say)` in a process of its own; what it says can be read line by line."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(lambda text: os.write(theirs, f"{text}\n".encode()) and None)
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as said:
        yield child, said
        os.waitpid(child, 0)


def test_a_kill_at_any_time_loses_nothing_that_was_written(tmp_path: Path) -> None:
    path, everything = tmp_path / "a.nc", samples_of(400)
    whole = write_netcdf(everything, tmp_path / "whole.nc")

    def work(say: Callable[[str], None]) -> None:
        with SampleWriter(path, everything[:1], 400) as writer:
            for start in range(writer.done, 400):
                writer.append(everything[start : start + 1])
                say(str(start))

    reached = -1
    for lines in (1, 7, 60, 111):
        with in_child(work) as (child, said):
            first = int(said.readline())
            assert first > reached
            reached = [first, *(int(said.readline()) for _ in range(lines))][-1]
            os.kill(child, signal.SIGKILL)
        with pytest.raises(DataError, match="unfinished"):
            read(path.with_name("a.nc.partial"))
    with in_child(work) as (_, said):
        assert int(said.readline()) > reached >= 180
        said.read()
    assert digest(path) == digest(whole)


def test_nothing_finished_is_overwritten_unasked(example: Samples, tmp_path: Path) -> None:
    path = write_netcdf(example, tmp_path / "a.nc")
    before = digest(path)
    with pytest.raises(DataError, match="exists"):
        write_netcdf(example[:2], path)
    assert digest(path) == before
    write_netcdf(example[:2], path, overwrite=True)
    assert len(read(path)) == 2


def test_a_partial_file_of_another_call_is_refused(example: Samples, tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    with SampleWriter(path, example[:1], 6) as writer:
        writer.append(example[:3])
    other = dataclasses.replace(example, origin={**example.origin, "seed": 1})
    with pytest.raises(DataError, match="other settings"):
        SampleWriter(path, other[:1], 6)
    with SampleWriter(path, other[:1], 6, overwrite=True) as writer:
        assert writer.done == 0


def test_a_full_disk_is_one_sentence_and_keeps_what_is_there(
    example: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.nc"
    writer = SampleWriter(path, example[:1], 6)
    writer.append(example[:2])

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(DataError, match="disk is full"):
        patch.setattr(type(writer._file), "flush", full)
        writer.append(example[2:])
    writer.close()
    with SampleWriter(path, example[:1], 6) as writer:
        assert writer.done == 2
        writer.append(example[2:])
    assert_equal(read(path), example)


def test_a_place_that_cannot_be_written(example: Samples, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match="cannot write") as caught:
        write_netcdf(example, tmp_path / "file" / "a.nc")
    assert "\n" not in str(caught.value)


def test_a_later_layout_is_refused(example: Samples, tmp_path: Path) -> None:
    import h5py

    path = write_netcdf(example, tmp_path / "a.nc")
    with h5py.File(path, "r+") as file:
        file.attrs["fredholm_layout"] = 99
    with pytest.raises(FormatError, match="update"):
        read(path)


def test_two_writers_do_not_meet(example: Samples, tmp_path: Path) -> None:
    ours, theirs = os.pipe()

    def second(say: Callable[[str], None]) -> None:
        os.read(ours, 1)  # until the first has opened the file
        try:
            SampleWriter(tmp_path / "a.nc", example[:1], 6)
        except DataError as error:
            say(str(error))

    with in_child(second) as (_, said), SampleWriter(tmp_path / "a.nc", example[:1], 6):
        os.write(theirs, b"!")
        assert "another process" in said.readline()


def test_detected_by_content(example: Samples, tmp_path: Path) -> None:
    path = write_netcdf(example, tmp_path / "misleading.pt")
    assert detect(path) == "fredholm NetCDF"
