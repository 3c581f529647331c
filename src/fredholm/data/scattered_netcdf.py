"""Samples on clouds and meshes in NetCDF-4 files, whole or chunk by chunk.

How many points the samples will have is not known before they are there. So each chunk is a small
file of its own, complete and readable, in the folder `FILE.partial`; once the last sample is in,
they become one file. A process that is killed at any moment leaves whole chunks.
"""

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

from fredholm.data.labelled import netcdf_bytes
from fredholm.data.samples import Samples
from fredholm.data.scattered_samples import dataset_of, samples_of
from fredholm.data.source import Source, joined, reading
from fredholm.data.writer import Writer
from fredholm.domains import Unstructured

KIND = "fredholm NetCDF of meshes"
_CALL = "call"
_CHUNK = re.compile(r"(\d+)-(\d+)\.nc")


class ScatteredWriter(Writer):
    """A file of samples on clouds or meshes that grows chunk by chunk and survives interruption.

    All samples are held in memory when the file is finished.
    """

    def _stored_call(self) -> str:
        call = self.partial / _CALL
        return call.read_text() if call.exists() else ""

    def _remove(self) -> None:
        shutil.rmtree(self.partial)

    def _create(self, template: Samples, call: str) -> None:
        """Makes the folder under a third name, so that it says from the start whose it is."""
        draft = self.partial.with_name(self.partial.name + ".new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        (draft / _CALL).write_text(call)
        os.replace(draft, self.partial)

    def _open(self) -> int:
        return sum(stop - start for start, stop in chunks(self.partial))

    def _write(self, samples: Samples, start: int) -> None:
        name = f"{start:08d}-{start + len(samples):08d}.nc"
        _put(self.partial / name, netcdf_bytes(dataset_of(samples)))

    def _close(self) -> None:
        """Nothing is open between chunks."""

    def _finish(self) -> None:
        """Puts the chunks together."""
        _put(self.path, netcdf_bytes(dataset_of(read_chunks(self.partial))))
        shutil.rmtree(self.partial)


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


def _put(path: Path, content: bytes) -> None:
    draft = path.with_name(path.name + ".new")
    try:
        draft.write_bytes(content)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
