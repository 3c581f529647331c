"""From arrays whose axes are understood to samples on grids."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from fredholm.data.readers.axes import Placed, Stated, place
from fredholm.data.readers.found import CHANNEL, SAMPLE, TIME, AxisHint, Found, Options, Stored
from fredholm.data.samples import Samples
from fredholm.data.source import Source
from fredholm.domains import Grid
from fredholm.errors import DataError
from fredholm.fields import Field, Variable

_PROBED = 64
"""Samples looked at to judge the ends of an axis."""


def assemble(found: Found, options: Options) -> Source:
    """The samples of a file whose arrays are understood.

    Raises:
        DataError: Numbers of samples or points that do not match, or unusable coordinates.
    """
    count = _count(found)
    shared = found.inputs if found.first_frame else ()
    targets = _placed(found, (*found.targets, *shared), options)
    if found.first_frame:
        if TIME not in targets:
            raise DataError(f"{found.path}: without an input array the target needs a time axis")
        inputs = {name: place for name, place in targets.items() if name != TIME}
    else:
        inputs = _placed(found, found.inputs, options)
    grids = tuple(Grid.of(*(place.axis for place in side.values())) for side in (inputs, targets))
    load = _Loader(found, inputs, targets, *grids)
    return Source(
        numbers=np.arange(count),
        input_domain=grids[0],
        target_domain=grids[1],
        input_variables=load.input_variables,
        target_variables=_labels(found.targets),
        param_variables=_labels(found.params),
        origin=load.origin,
        load=load,
    )


def _count(found: Found) -> int:
    """Number of samples, on which all arrays must agree."""
    arrays = [*found.inputs, *found.targets, *found.params]
    counts = {stored.name: stored.size(SAMPLE) for stored in arrays if SAMPLE in stored.dims}
    if len(set(counts.values())) > 1:
        listed = ", ".join(f"{name} has {n}" for name, n in counts.items())
        raise DataError(f"{found.path}: the arrays differ in their number of samples: {listed}")
    count = next(iter(counts.values()), 1)
    if count == 0:
        raise DataError(f"{found.path} holds no samples: {next(iter(counts))} has length 0")
    return count


def _placed(found: Found, arrays: tuple[Stored, ...], options: Options) -> dict[str, Placed]:
    """Axis by axis, what the grid of one side is."""
    placed = {}
    for name in (TIME, *found.space):
        holders = [stored for stored in arrays if name in stored.dims]
        if not holders:
            continue
        sizes = {stored.name: stored.size(name) for stored in holders}
        if len(set(sizes.values())) > 1:
            raise DataError(f"{found.path}: arrays differ along {name!r}: {sizes}")
        size = holders[0].size(name)
        if size < 2 and name == TIME:
            continue
        placed[name] = _place(found, name, size, options)
    if not placed:
        raise DataError(f"{found.path}: no axis of space is left: a function needs at least one")
    return placed


def _place(found: Found, name: str, size: int, options: Options) -> Placed:
    stated = Stated(
        *(options.stated(what, name, found.space) for what in ("extent", "periodic", "location"))
    )
    if size < 2:
        raise DataError(f"{found.path}: the axis {name!r} has one point, a grid needs two or more")
    hint = found.hints.get(name, AxisHint())
    # A side on another resolution than the stored coordinates is judged by its own values.
    coordinates = found.coordinates.get(name)
    if coordinates is not None and name != TIME and len(coordinates) != size:
        coordinates = None
    values = None if name == TIME else _values_along(found, name, size)
    try:
        return place(name, size, coordinates, hint, stated, values)
    except DataError as error:
        raise DataError(f"{found.path}: {error}") from error


def _values_along(found: Found, name: str, size: int) -> np.ndarray | None:
    """Rows of target values along an axis, for judging its ends; None where there are none."""
    for stored in (*found.targets, *found.inputs):
        if name in stored.dims and stored.size(name) == size:
            count = min(stored.size(SAMPLE), _PROBED) if SAMPLE in stored.dims else 1
            values = np.asarray(stored.fetch(0, count), dtype=np.float64)
            return np.moveaxis(values, stored.dims.index(name), -1).reshape(-1, size)
    return None


def _labels(arrays: tuple[Stored, ...]) -> tuple[Variable, ...]:
    return tuple(variable for stored in arrays for variable in stored.variables)


@dataclass(frozen=True, eq=False)
class _Loader:
    """Reads samples start ... stop-1: the function that a `Source` keeps."""

    found: Found
    inputs: Mapping[str, Placed]
    targets: Mapping[str, Placed]
    input_grid: Grid
    target_grid: Grid

    @property
    def input_variables(self) -> tuple[Variable, ...]:
        first = _labels(self.found.targets) if self.found.first_frame else ()
        return (*first, *_labels(self.found.inputs))

    @property
    def origin(self) -> dict[str, Any]:
        found = self.found
        said = [
            line for axes in (self.inputs, self.targets) for p in axes.values() for line in p.said
        ]
        return {
            "file": str(found.path),
            "format": found.format,
            "assumed": list(dict.fromkeys((*found.assumed, *said))),
            **({"parameters": dict(found.constants)} if found.constants else {}),
        }

    def __call__(self, start: int, stop: int) -> Samples:
        found, count = self.found, stop - start
        targets = _values(found.targets, self.targets, start, count)
        given = [targets[:, 0]] if found.first_frame else []
        if found.inputs:
            given.append(_values(found.inputs, self.inputs, start, count))
        inputs = np.ascontiguousarray(np.concatenate(given, axis=-1))
        params = [stored.fetch(start, stop).reshape(count, -1) for stored in found.params]
        return Samples(
            Field(torch.from_numpy(inputs), self.input_grid),
            Field(torch.from_numpy(targets), self.target_grid),
            self.input_variables,
            _labels(found.targets),
            torch.from_numpy(_floating(np.concatenate(params, axis=1))) if params else None,
            _labels(found.params),
            self.origin,
        )


def _values(
    arrays: tuple[Stored, ...], placed: Mapping[str, Placed], start: int, count: int
) -> np.ndarray:
    blocks = [_block(stored, placed, start, count) for stored in arrays]
    return np.ascontiguousarray(np.concatenate(blocks, axis=-1))


def _block(stored: Stored, placed: Mapping[str, Placed], start: int, count: int) -> np.ndarray:
    """Values of one array as (sample, *axes, channel), constant along axes that it lacks."""
    values = _floating(stored.fetch(start, start + count))
    dims = list(stored.dims)
    for name in [dim for dim in dims if dim not in (SAMPLE, CHANNEL, *placed)]:
        values = values.take(0, axis=dims.index(name))  # an axis of size one
        dims.remove(name)
    order = [SAMPLE, *placed, CHANNEL]
    values = values.transpose([dims.index(dim) for dim in order if dim in dims])
    values = values[tuple(slice(None) if dim in dims else None for dim in order)]
    keep = [place.keep for place in placed.values()]
    keep = [k if name in dims else slice(None) for name, k in zip(placed, keep)]
    values = values[(slice(None), *keep, slice(None))]
    shape = (count, *(place.axis.size for place in placed.values()), values.shape[-1])
    return np.broadcast_to(values, shape)


def _floating(values: np.ndarray) -> np.ndarray:
    """Single and double precision as stored, anything else in single; in this machine's order."""
    if values.dtype.kind == "c":
        raise DataError("complex values are not supported: store real and imaginary part")
    if values.dtype.kind not in "fiub":
        raise DataError(f"values of type {values.dtype} are not numbers")
    keep = values.dtype.kind == "f" and values.dtype.itemsize == 8
    return values.astype(np.float64 if keep else np.float32, copy=False)
