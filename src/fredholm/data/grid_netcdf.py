"""Samples on grids in NetCDF-4 files, whole or chunk by chunk.

Space for all samples is laid out when the file is created; afterwards only numbers change, never
the structure. A process that is killed at any moment therefore leaves a readable file, in which the
coordinate `sample` counts what is there: it is written after the samples it speaks of.
"""

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped
from torch import Tensor

from fredholm.data.layout import Column, Layout, axis_attributes
from fredholm.data.samples import Samples
from fredholm.data.writer import Writer

_MISSING = -1
_METADATA = 2**18
"""Bytes for everything but the samples: more than measured, and little on any disk."""


class SampleWriter(Writer):
    """A file of samples on grids that grows chunk by chunk and survives interruption."""

    def _stored_call(self) -> str:
        import h5py

        try:
            with h5py.File(self.partial, "r") as file:
                return str(file.attrs.get("call_sha256", ""))
        except BlockingIOError:  # another process is writing it
            raise
        except OSError:  # damaged, so that no call can go on with it
            return ""

    def _remove(self) -> None:
        self.partial.unlink()

    def _create(self, template: Samples, call: str) -> None:
        """Makes the skeleton under a third name, so that a partial file is always whole."""
        draft = self.partial.with_name(self.partial.name + ".new")
        draft.unlink(missing_ok=True)
        draft.parent.mkdir(parents=True, exist_ok=True)
        try:
            reserve(draft, _size(self.layout, template, self.total))
            _skeleton(draft, self.layout, template, self.total, call)
            reserve(draft, draft.stat().st_size)
            os.replace(draft, self.partial)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise

    def _open(self) -> int:
        import h5py

        self._file: Any = h5py.File(self.partial, "r+")
        return _count(self._file)

    def _write(self, samples: Samples, start: int) -> None:
        stop = start + len(samples)
        for column, values in _values(self.layout, samples):
            self._file[column.key][start:stop] = values.cpu().numpy()
        self._file.flush()  # the samples first, then the claim that they are there
        self._file["sample"][start:stop] = np.arange(start, stop)
        self._file.flush()

    def _close(self) -> None:
        self._file.close()

    def _finish(self) -> None:
        os.replace(self.partial, self.path)


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


def _count(file: Mapping[str, Any]) -> int:
    """Number of leading samples that are there."""
    present = np.asarray(file["sample"]) == np.arange(len(file["sample"]))
    return len(present) if present.all() else int(present.argmin())
