"""Samples that are read when they are needed: for files larger than memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from fredholm.data.readers import Names, open_source
from fredholm.data.readers.found import PerAxis
from fredholm.data.samples import Samples, split_order
from fredholm.data.source import Source
from fredholm.domains import Domain
from fredholm.errors import DataError
from fredholm.fields import Signature, Variable

_GROUP = 64
"""Batches that are read together and shuffled among themselves."""


@dataclass(frozen=True, eq=False)
class StreamedSamples:
    """The interface of `Samples` over a file that is read piece by piece.

    Args:
        source: The file, as a reader opened it.
        block: Neighbouring samples that stay together when shuffling, so that the disk is read in
            pieces and not sample by sample.
        views: Changes of what is read, one after the other; each makes as many samples of every
            one that it is given, and leaves them beside each other.
        each: Samples that the views make of each one of the file: its steps, for instance.
    """

    source: Source
    block: int = 16
    views: tuple[Callable[[Samples], Samples], ...] = ()
    each: int = 1

    def __len__(self) -> int:
        return self.each * len(self.source)

    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> Samples:
        """The chosen samples, in memory."""
        if self.each == 1:
            return self._read(_numpy(index))
        chosen = np.arange(len(self))[_numpy(index)]
        rows, place = np.unique(chosen // self.each, return_inverse=True)
        return self._read(rows)[(place * self.each + chosen % self.each).tolist()]

    def _read(self, rows: slice | np.ndarray) -> Samples:
        """All that the views make of some samples of the file."""
        samples = self.source.restricted(rows).read()
        for view in self.views:
            samples = view(samples)
        return samples

    def mapped(self, view: Callable[[Samples], Samples]) -> Self:
        """The same stream seen through a further change of its samples.

        Raises:
            DataError: The change makes nothing of a sample, or of two not twice as much as of one.
        """
        one, two = (self._read(slice(0, count)) for count in (1, 2))
        made, of_two = len(view(one)), len(view(two))
        if not made or of_two * len(one) != made * len(two):
            raise DataError(
                "a stream makes equally many samples of each one of its file; this view makes "
                f"{made} of {len(one)} and {of_two} of {len(two)}: read the file into memory for it"
            )
        return replace(self, views=(*self.views, view), each=made)

    def to(self, *target: Any) -> Self:
        """The same stream on another device or in another floating-point dtype."""
        return self.mapped(lambda samples: samples.to(*target))

    @property
    def signature(self) -> Signature:
        """Grids and labels of both sides."""
        return self.head(1).signature

    @property
    def input_domain(self) -> Domain:
        """Where the inputs are sampled."""
        return self.source.input_domain

    @property
    def target_domain(self) -> Domain:
        """Where the targets are sampled."""
        return self.source.target_domain

    @property
    def input_variables(self) -> tuple[Variable, ...]:
        """Names and units of the input channels."""
        return self.source.input_variables

    @property
    def target_variables(self) -> tuple[Variable, ...]:
        """Names and units of the target channels."""
        return self.source.target_variables

    @property
    def param_variables(self) -> tuple[Variable, ...]:
        """Names and units of the parameters that vary."""
        return self.source.param_variables

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where the samples come from."""
        return self.source.origin

    def head(self, count: int) -> Samples:
        """The first samples, in memory: enough to fit a normaliser."""
        return self[:count]

    def split(self, held_out: float | int, *, generator: torch.Generator) -> tuple[Self, Self]:
        """Training and held-out samples: the same ones that `Samples.split` would draw.

        What the views make of one sample of the file stays together, and `held_out` counts those.
        """
        kept, held = split_order(len(self.source), held_out, generator)
        first, second = (
            replace(self, source=self.source.restricted(part.numpy())) for part in (kept, held)
        )
        return first, second

    def batches(self, size: int, *, generator: torch.Generator | None = None) -> Iterator[Samples]:
        """All samples once, in batches.

        With a generator the blocks are shuffled, and the samples within each group of blocks that
        is in memory at a time; nearly, but not quite, a uniform shuffle.
        """
        order = torch.arange(len(self.source))
        if generator is not None:
            blocks = order.split(self.block)
            chosen = torch.randperm(len(blocks), generator=generator).tolist()
            order = torch.cat([blocks[number] for number in chosen])
        for group in order.split(size * -(-_GROUP // self.each)):
            samples = self._read(group.sort().values.numpy())
            places = torch.arange(len(samples))
            if generator is not None:
                places = torch.randperm(len(samples), generator=generator)
            for batch in places.split(size):
                yield samples[batch]


def open_samples(
    path: str | Path,
    *,
    memory_limit: int = 2**31,
    input: Names = None,
    target: Names = None,
    sample: Names = None,
    extent: PerAxis = None,
    periodic: PerAxis = None,
    location: PerAxis = None,
    coordinates: Names = None,
) -> Samples | StreamedSamples:
    """Samples in memory where they fit, else streamed; the arguments are those of `read`.

    Args:
        memory_limit: Bytes that the samples may take.
    """
    source = open_source(
        path,
        input=input,
        target=target,
        sample=sample,
        extent=extent,
        periodic=periodic,
        location=location,
        coordinates=coordinates,
    )
    return source.read() if source.bytes() <= memory_limit else StreamedSamples(source)


def _numpy(index: slice | Sequence[int] | Tensor) -> slice | np.ndarray:
    if isinstance(index, slice):
        return index
    chosen = index.cpu().numpy() if isinstance(index, Tensor) else np.asarray(index, dtype=np.int64)
    return np.flatnonzero(chosen) if chosen.dtype == bool else chosen
