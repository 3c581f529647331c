"""Samples that stay in their file until they are asked for."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np

from fredholm.data.samples import Samples
from fredholm.domains import Domain
from fredholm.errors import DataError, FredholmError
from fredholm.fields import Variable, batched

Fetch = Callable[[int, int], np.ndarray]
"""Reads the samples start ... stop-1 of one array."""


@dataclass(frozen=True, eq=False)
class Source:
    """What a reader found in a file: everything but the numbers, and how to get those.

    Args:
        numbers: Sample numbers in the file, in the order of this source.
        input_domain, target_domain: Where the two functions are sampled.
        input_variables, target_variables, param_variables: Labels of the channels.
        origin: File, format and what the reader assumed; or the provenance of generated samples.
        load: Reads the samples start ... stop-1 of the file.
    """

    numbers: np.ndarray
    input_domain: Domain
    target_domain: Domain
    input_variables: tuple[Variable, ...]
    target_variables: tuple[Variable, ...]
    load: Callable[[int, int], Samples]
    param_variables: tuple[Variable, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, samples: Samples) -> Self:
        """Samples that are in memory already."""
        return cls(
            numbers=np.arange(len(samples)),
            input_domain=samples.inputs.domain,
            target_domain=samples.targets.domain,
            input_variables=samples.input_variables,
            target_variables=samples.target_variables,
            load=lambda start, stop: samples[start:stop],
            param_variables=samples.param_variables,
            origin=samples.origin,
        )

    def __len__(self) -> int:
        return len(self.numbers)

    def restricted(self, index: slice | np.ndarray) -> Self:
        """Some of the samples, still in the file.

        Raises:
            DataError: Nothing is left.
        """
        numbers = self.numbers[index]
        if not len(numbers):
            raise DataError(f"no sample is left of {len(self)}: the choice {index} is empty")
        return replace(self, numbers=numbers)

    def read(self) -> Samples:
        """All samples in memory, in the order of the source."""
        order = np.argsort(self.numbers, kind="stable")
        parts = [self.load(start, stop) for start, stop in runs(self.numbers[order])]
        samples = parts[0] if len(parts) == 1 else joined(parts)
        if (order == np.arange(len(order))).all():
            return samples
        return samples[np.argsort(order).tolist()]

    def bytes(self) -> int:
        """Memory that all samples would take."""
        one = self.restricted(slice(0, 1)).read()
        held = one.inputs.values.nbytes + one.targets.values.nbytes
        return held * len(self)


def runs(numbers: np.ndarray) -> list[tuple[int, int]]:
    """Sorted numbers as pieces start ... stop-1 without gaps; a repeated number starts a piece."""
    breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
    pieces = np.split(numbers, breaks)
    return [(int(piece[0]), int(piece[-1]) + 1) for piece in pieces]


def joined(parts: list[Samples]) -> Samples:
    """Samples of the same kind, one after the other."""
    import torch

    first = parts[0]
    inputs, targets, params, error = (
        None if getattr(first, name) is None else [getattr(part, name) for part in parts]
        for name in ("inputs", "targets", "params", "error")
    )
    assert inputs is not None and targets is not None
    return replace(
        first,
        inputs=batched(inputs),
        targets=batched(targets),
        params=None if params is None else torch.cat(params),
        error=None if error is None else torch.cat(error),
    )


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Turns whatever a file library says about a damaged file into one sentence.

    Libraries for binary formats raise nearly every class of exception when bytes are missing. Only
    their calls and look-ups in what they return belong under this.

    Raises:
        DataError: Naming the file and the format.
    """
    try:
        yield
    except (FredholmError, MemoryError):
        raise
    except Exception as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0][:160]
        raise DataError(
            f"{path} cannot be read as {kind}; it is damaged or incomplete, "
            f"copy or make it again ({said})"
        ) from error


@contextmanager
def hdf5_file(path: Path, kind: str) -> Iterator[Any]:
    """An HDF5 file opened for reading, and for no longer than needed.

    Raises:
        DataError: It is damaged.
    """
    import h5py

    with reading(path, kind), h5py.File(path, "r") as file:
        yield file
