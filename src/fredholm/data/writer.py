"""Files of samples that grow chunk by chunk, so that a broken run can go on."""

import errno
import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from fredholm.calls import describe
from fredholm.data.layout import layout_of
from fredholm.data.samples import Samples
from fredholm.errors import DataError


class Writer(ABC):
    """A file of samples that grows chunk by chunk and survives interruption.

    Made as `FILE.partial`; it gets its own name once the last sample is in. What is partial and of
    the same call is continued: `done` says where.

    Args:
        path: The file to make.
        template: At least one sample of the kind that will come, with its labels and origin.
        total: Number of samples of the finished file.
        overwrite: Replace a finished file, and a partial one of another call.

    Raises:
        DataError: The file exists, belongs to another call, or cannot be written.
        ValueError: The file would hold no sample.
    """

    done: int
    """Number of samples that are written."""

    def __init__(
        self, path: str | Path, template: Samples, total: int, *, overwrite: bool = False
    ) -> None:
        if total < 1:
            raise ValueError(f"a file of samples holds at least one, got total={total}")
        self.path = Path(path)
        self.partial = self.path.with_name(self.path.name + ".partial")
        self.total = total
        self.layout = layout_of(template)
        self._kind = _kind(template)
        call = call_hash(template, total)
        refuse_existing(self.path, overwrite)
        with writing(self.path):
            self._accept_partial(call, overwrite)
            if not self.partial.exists():
                self._create(template, call)
            self.done = self._open()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: Any) -> None:
        self.close()
        if failure[0] is not None and self.done == 0 and self.partial.exists():
            self._remove()  # what holds nothing would only be in the way of another call

    def append(self, samples: Samples) -> None:
        """Writes the next samples; what has returned is safe from a kill of this process.

        Raises:
            ValueError: More samples than the file was made for, or of another kind.
            DataError: The disk is full or gone; the samples before these are kept.
        """
        start, stop = self.done, self.done + len(samples)
        if stop > self.total or _kind(samples) != self._kind:
            raise ValueError(f"{self.path} takes {self.total} samples like its template")
        if start == stop:
            return
        with writing(self.path):
            self._write(samples, start)
        self.done = stop

    def close(self) -> None:
        """Ends the writing; a file that is complete gets its own name."""
        with writing(self.path):
            self._close()
            if self.done == self.total and self.partial.exists():
                self._finish()

    def _accept_partial(self, call: str, overwrite: bool) -> None:
        """Keeps what is partial and of the same call, refuses or removes any other."""
        if not self.partial.exists() or self._stored_call() == call:
            return
        if not overwrite:
            raise DataError(
                f"{self.partial} was begun with other settings; "
                "repeat those to finish it, or delete it, or add --overwrite (overwrite=True)"
            )
        self._remove()

    @abstractmethod
    def _stored_call(self) -> str:
        """What call the partial file belongs to; empty if it is damaged."""

    @abstractmethod
    def _remove(self) -> None:
        """Removes the partial file."""

    @abstractmethod
    def _create(self, template: Samples, call: str) -> None:
        """Makes the partial file of a call, without samples."""

    @abstractmethod
    def _open(self) -> int:
        """Opens the partial file for writing; how many samples it holds."""

    @abstractmethod
    def _write(self, samples: Samples, start: int) -> None:
        """Writes samples, the first of which has this number."""

    @abstractmethod
    def _close(self) -> None:
        """Closes the partial file; again does no harm."""

    @abstractmethod
    def _finish(self) -> None:
        """Makes the file of the partial one."""


def _kind(samples: Samples) -> tuple[Any, ...]:
    """What the samples of one file have in common: names, units, axes and kinds of numbers."""
    dtypes = (samples.inputs.values.dtype, samples.targets.values.dtype)
    return replace(layout_of(samples), attributes={}), *dtypes


def call_hash(template: Samples, total: int) -> str:
    """SHA-256 of what determines the samples of a file: provenance, labels, grids and number."""
    layout = layout_of(template)
    axes = {name: describe(axis) for name, axis in layout.axes.items()}
    columns = [*layout.inputs, *layout.targets, *layout.params]
    listed = [[column.key, *column.dims, *column.attributes.values()] for column in columns]
    dtypes = [str(template.inputs.values.dtype), str(template.targets.values.dtype)]
    text = json.dumps([total, axes, listed, dtypes, dict(layout.attributes)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Stops before a finished file would be replaced.

    Raises:
        DataError: It exists and that was not allowed.
    """
    if path.exists() and not overwrite:
        raise DataError(f"{path} exists; choose another name or add --overwrite (overwrite=True)")


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
