"""Samples written to NetCDF-4 files, whole or chunk by chunk, so that a broken run can go on.

Space for all samples is laid out when the file is created; afterwards only numbers change, never
the structure. A process that is killed at any moment therefore leaves a readable file, in which the
coordinate `sample` counts what is there: it is written after the samples it speaks of.
"""

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from jaxtyping import Shaped
from torch import Tensor

from fredholm.calls import describe
from fredholm.data.layout import Column, Layout, axis_attributes, layout_of
from fredholm.data.samples import Samples
from fredholm.domains import Grid
from fredholm.errors import DataError

if TYPE_CHECKING:
    from fredholm.data.scattered_netcdf import ScatteredWriter

_MISSING = -1
_METADATA = 2**18
"""Bytes for everything but the samples: more than measured, and little on any disk."""


def write_netcdf(samples: Samples, path: str | Path, *, overwrite: bool = False) -> Path:
    """Writes samples to a NetCDF-4 file that xarray, ParaView, MATLAB and Julia open.

    Raises:
        DataError: The file exists and may not be overwritten, or it cannot be written.
    """
    with sample_writer(path, samples[:1], len(samples), overwrite=overwrite) as writer:
        writer.append(samples[writer.done :])
    return writer.path


def sample_writer(
    path: str | Path, template: Samples, total: int, *, overwrite: bool = False
) -> "SampleWriter | ScatteredWriter":
    """What writes samples like the template chunk by chunk, on grids or on scattered points."""
    from fredholm.data.scattered_netcdf import ScatteredWriter

    on_grid = isinstance(template.targets.domain, Grid)
    writer = SampleWriter if on_grid else ScatteredWriter
    return writer(path, template, total, overwrite=overwrite)


class SampleWriter:
    """A file of samples that grows chunk by chunk and survives interruption.

    Written as `FILE.partial` and renamed once the last sample is in. A partial file of the same
    call is continued: `done` says where.

    Args:
        path: The file to make.
        template: At least one sample of the kind that will come, with its labels and origin.
        total: Number of samples of the finished file.
        overwrite: Replace a finished file, and a partial one of another call.

    Raises:
        DataError: The file exists, belongs to another call, or cannot be written.
    """

    def __init__(
        self, path: str | Path, template: Samples, total: int, *, overwrite: bool = False
    ) -> None:
        self.path = Path(path)
        self.partial = self.path.with_name(self.path.name + ".partial")
        self.total = total
        self.layout = layout_of(template)
        self._call = call_hash(template, total)
        if total < 1:
            raise ValueError(f"a file of samples holds at least one, got total={total}")
        refuse_existing(self.path, overwrite)
        with writing(self.path):
            if self.partial.exists():
                self._accept_partial(overwrite)
            if not self.partial.exists():
                self._create(template)
            self._file = _open_to_write(self.partial)
            self.done = _count(self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: Any) -> None:
        self.close()

    def append(self, samples: Samples) -> None:
        """Writes the next samples; what has returned is safe from a kill of this process.

        Raises:
            ValueError: More samples than the file was made for, or of another kind.
            DataError: The disk is full or gone; the samples before these are kept.
        """
        start, stop = self.done, self.done + len(samples)
        same_kind = replace(layout_of(samples), attributes=self.layout.attributes) == self.layout
        if stop > self.total or not same_kind:
            raise ValueError(f"{self.path} takes {self.total} samples like its template")
        if start == stop:
            return
        with writing(self.path):
            for column, values in _values(self.layout, samples):
                self._file[column.key][start:stop] = values.cpu().numpy()
            self._file.flush()  # the samples first, then the claim that they are there
            self._file["sample"][start:stop] = np.arange(start, stop)
            self._file.flush()
        self.done = stop

    def close(self) -> None:
        """Closes the file, under its own name if it is complete."""
        if self._file:
            with writing(self.path):
                self._file.close()
                if self.done == self.total:
                    os.replace(self.partial, self.path)

    def _accept_partial(self, overwrite: bool) -> None:
        """Keeps a partial file of the same call, refuses or removes any other."""
        if _stored_call(self.partial) == self._call:
            return
        if not overwrite:
            raise DataError(
                f"{self.partial} was begun with other settings; "
                "repeat those to finish it, or delete it, or allow overwriting"
            )
        self.partial.unlink()

    def _create(self, template: Samples) -> None:
        """Makes the skeleton under a third name, so that a partial file is always whole."""
        draft = self.partial.with_name(self.partial.name + ".new")
        draft.unlink(missing_ok=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            reserve(draft, _size(self.layout, template, self.total))
            _skeleton(draft, self.layout, template, self.total, self._call)
            reserve(draft, draft.stat().st_size)
            os.replace(draft, self.partial)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise


def reserve(path: Path, size: int) -> None:
    """Takes that much space on the disk, where the system can promise it.

    HDF5 crashes the process when a write fails. So the disk is asked before HDF5 is.

    Raises:
        OSError: There is not so much.
    """
    if not hasattr(os, "posix_fallocate"):
        return
    with path.open("ab") as file:
        try:
            os.posix_fallocate(file.fileno(), 0, size)
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):  # not on this file system
                raise


def _size(layout: Layout, template: Samples, total: int) -> int:
    """Bytes of a file of so many samples, at least."""
    numbers = sum(values[:1].nbytes for _, values in _values(layout, template))
    return total * numbers + _METADATA


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Stops before a finished file would be replaced.

    Raises:
        DataError: It exists and that was not allowed.
    """
    if path.exists() and not overwrite:
        raise DataError(f"{path} exists; choose another name or allow overwriting it")


def call_hash(template: Samples, total: int) -> str:
    """SHA-256 of what determines the samples of a file: provenance, labels, grids and number."""
    layout = layout_of(template)
    axes = {name: describe(axis) for name, axis in layout.axes.items()}
    columns = [*layout.inputs, *layout.targets, *layout.params]
    listed = [[column.key, *column.dims, *column.attributes.values()] for column in columns]
    dtypes = [str(template.inputs.values.dtype), str(template.targets.values.dtype)]
    text = json.dumps([total, axes, listed, dtypes, dict(layout.attributes)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _values(layout: Layout, samples: Samples) -> Iterator[tuple[Column, Shaped[Tensor, "n ..."]]]:
    for columns, values in (
        (layout.inputs, samples.inputs.values),
        (layout.targets, samples.targets.values),
        (layout.params, samples.params),
    ):
        for number, column in enumerate(columns):
            assert values is not None
            yield column, values[..., number]
    if layout.error is not None:
        assert samples.error is not None
        yield layout.error, samples.error


def _skeleton(path: Path, layout: Layout, template: Samples, total: int, call: str) -> None:
    import h5netcdf

    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"sample": total} | {key: axis.size for key, axis in layout.axes.items()}
        file.attrs.update(layout.attributes)
        file.attrs["call_sha256"] = call
        index = np.full(total, _MISSING, dtype=np.int64)
        file.create_variable("sample", ("sample",), data=index).attrs["long_name"] = "sample number"
        for key, axis in layout.axes.items():
            variable = file.create_variable(key, (key,), data=axis.points().numpy())
            variable.attrs.update(axis_attributes(key, axis))
        for column, values in _values(layout, template):
            dtype = values.cpu().numpy().dtype
            variable = file.create_variable(column.key, column.dims, dtype, dcpl=_allocated())
            variable.attrs.update(column.attributes)


def _allocated() -> Any:
    """Dataset properties: space is taken at creation, so that writing changes numbers only."""
    import h5py

    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
    properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
    return properties


def _open_to_write(path: Path) -> Any:
    import h5py

    return h5py.File(path, "r+")


def _stored_call(path: Path) -> str:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return str(file.attrs.get("call_sha256", ""))
    except BlockingIOError:  # another process is writing it
        raise
    except OSError:  # damaged, so that no call can go on with it
        return ""


def _count(file: Mapping[str, Any]) -> int:
    """Number of leading samples that are there."""
    present = np.asarray(file["sample"]) == np.arange(len(file["sample"]))
    return len(present) if present.all() else int(present.argmin())


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what the operating system refuses into one sentence.

    Raises:
        DataError: Naming the file, the reason and what is left.
    """
    try:
        yield
    except DataError:
        raise
    except OSError as error:
        raise DataError(f"cannot write {path}: {_reason(error)}") from error


def _reason(error: OSError) -> str:
    text = str(error).lower()
    if error.errno == errno.ENOSPC or "no space left" in text or "errno = 28" in text:
        return "the disk is full; free some space and repeat the call, it continues where it is"
    if isinstance(error, BlockingIOError) or "unable to lock" in text:
        return "another process is writing it"
    if isinstance(error, PermissionError) or "permission denied" in text:
        return f"{error.strerror or 'permission denied'}; choose a folder that you may write to"
    return str(error.strerror or error).splitlines()[0]
