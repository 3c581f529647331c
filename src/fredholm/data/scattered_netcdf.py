"""Samples on clouds and meshes in NetCDF-4 files, whole or chunk by chunk.

How many points the samples will have is not known before they are there. So each chunk is a small
file of its own, complete and readable, in the folder `FILE.partial`; once the last sample is in,
they become one file. A process that is killed at any moment leaves whole chunks.
"""

import hashlib
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from fredholm.data.labelled import netcdf_bytes
from fredholm.data.layout import layout_of
from fredholm.data.netcdf import refuse_existing, writing
from fredholm.data.samples import Samples
from fredholm.data.scattered_samples import dataset_of, samples_of
from fredholm.data.source import Source, joined, reading
from fredholm.domains import Unstructured
from fredholm.errors import DataError

KIND = "fredholm NetCDF of meshes"
_CHUNK = re.compile(r"(\d+)-(\d+)\.nc")


class ScatteredWriter:
    """A file of samples on clouds or meshes that grows chunk by chunk and survives interruption.

    The same as `fredholm.data.SampleWriter`, which writes samples on grids. All samples are held in
    memory when the file is finished.

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
        if total < 1:
            raise ValueError(f"a file of samples holds at least one, got total={total}")
        self.path = Path(path)
        self.partial = self.path.with_name(self.path.name + ".partial")
        self.total = total
        self._labels = _labels(template)
        self._call = _call_hash(template, total)
        refuse_existing(self.path, overwrite)
        with writing(self.path):
            self.partial.mkdir(parents=True, exist_ok=True)
            self._accept_partial(overwrite)
            self.done = sum(stop - start for start, stop in chunks(self.partial))

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
        if stop > self.total or _labels(samples) != self._labels:
            raise ValueError(f"{self.path} takes {self.total} samples like its template")
        if start == stop:
            return
        content = netcdf_bytes(dataset_of(samples))
        with writing(self.path):
            _write(self.partial / f"{start:08d}-{stop:08d}.nc", content)
        self.done = stop

    def close(self) -> None:
        """Puts the chunks together under the file's own name if all are there."""
        if self.done < self.total or not self.partial.exists():
            return
        content = netcdf_bytes(dataset_of(read_chunks(self.partial)))
        with writing(self.path):
            _write(self.path, content)
            shutil.rmtree(self.partial)

    def _accept_partial(self, overwrite: bool) -> None:
        """Keeps the chunks of the same call, refuses or removes those of any other."""
        call = self.partial / "call"
        stored = call.read_text() if call.exists() else None
        if stored not in (None, self._call) and not overwrite:
            raise DataError(
                f"{self.partial} was begun with other settings; "
                "repeat those to finish it, or delete it, or allow overwriting"
            )
        if stored != self._call:
            shutil.rmtree(self.partial)
            self.partial.mkdir()
            _write(call, self._call.encode())


def open_scattered(path: Path) -> Source:
    """Samples on clouds or meshes exactly as they were written, in memory.

    Raises:
        DataError: Damaged.
    """
    samples = _read(path, {})
    stored = dict(samples.origin)
    kept = {"source": stored["file"], "source_format": stored["format"]} if "file" in stored else {}
    origin = {**kept, "assumed": [], **stored, "file": str(path), "format": KIND}
    return Source.of(replace(samples, origin=origin))


def read_chunks(folder: Path) -> Samples:
    """The samples of an unfinished file; equal meshes are one object."""
    known: dict[str, Unstructured] = {}
    files = [folder / f"{start:08d}-{stop:08d}.nc" for start, stop in chunks(folder)]
    return joined([_read(file, known) for file in files])


def chunks(folder: Path) -> list[tuple[int, int]]:
    """First number, and the one behind the last, of the chunks that follow each other from zero."""
    matches = [_CHUNK.fullmatch(file.name) for file in folder.iterdir()]
    found = sorted((int(match[1]), int(match[2])) for match in matches if match)
    done = 0
    for number, (start, stop) in enumerate(found):
        if start != done:
            return found[:number]
        done = stop
    return found


def _read(path: Path, known: dict[str, Unstructured]) -> Samples:
    import xarray

    with (
        reading(path, KIND),
        xarray.open_dataset(
            path, engine="h5netcdf", decode_times=False, mask_and_scale=False
        ) as dataset,
    ):
        return samples_of(dataset.load(), known)


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _labels(samples: Samples) -> list[Any]:
    """What samples of one file have in common: names, units, times and kinds of numbers."""
    layout = layout_of(samples)
    columns = [*layout.inputs, *layout.targets, *layout.params]
    listed = [[column.key, *column.dims, *column.attributes.values()] for column in columns]
    axes = {name: str(axis) for name, axis in layout.axes.items()}
    dtypes = [str(samples.inputs.values.dtype), str(samples.targets.values.dtype)]
    return [listed, axes, dtypes, samples.error is not None]


def _call_hash(template: Samples, total: int) -> str:
    """SHA-256 of what determines the samples: provenance, labels and number."""
    content = [total, _labels(template), dict(layout_of(template).attributes)]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
