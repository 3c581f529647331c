"""Arrays of functions at scattered points: coordinates of all samples, and values beside them."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from fredholm.data.readers.arrays import Lazy
from fredholm.data.readers.found import Options
from fredholm.data.samples import Samples
from fredholm.data.source import Source
from fredholm.domains import PointCloud, Stack, Unstructured, stacked
from fredholm.errors import DataError, did_you_mean
from fredholm.fields import Field, Variable

_DIMENSIONS = 3
_PARAMETERS = 64
"""A table with at most so many columns may be one of parameters."""


class Places(NamedTuple):
    """Coordinates of all samples.

    Args:
        coords: One cloud for each sample, or a single one that they share.
        points: Shape of the array of points in the file.
        samples_last: The last axis of the arrays numbers the samples, not the first.
        said: How the axes were understood.
    """

    coords: Float[np.ndarray, "s n d"]
    points: tuple[int, ...]
    samples_last: bool
    said: str


def clouds(path: Path, kind: str, arrays: Mapping[str, Lazy], options: Options) -> Source:
    """Samples on clouds whose coordinates are in named arrays, in memory.

    Coordinates are one array, (samples, points, dim) or (points, dim, samples), or one array
    (samples, *points) for each of them; without samples they are shared. Inputs without points are
    parameters; without inputs the shape is all there is.

    Raises:
        DataError: An array is missing, or does not fit the coordinates.
    """
    for name in (*options.coordinates, *options.input, *options.target):
        if name not in arrays:
            raise DataError(f"{path} has no array {name!r}; {did_you_mean(name, list(arrays))}")
    if not options.target:
        listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise DataError(f"{path}: name the target among {listed}, for instance target='sigma'")
    places = _places(path, [arrays[name].all() for name in options.coordinates], options)
    count = len(places.coords)
    inputs, params, targets = {}, {}, {}
    for names, functions in ((options.target, targets), (options.input, inputs)):
        for name in names:
            found = _values(path, name, arrays[name].all(), places, count)
            count = len(found)
            (functions if found.ndim == 3 or functions is targets else params)[name] = found
    wrong = [name for name, values in targets.items() if values.ndim < 3]
    if wrong:
        raise DataError(
            f"{path}: {wrong[0]} {arrays[wrong[0]].shape} has no axis of {places.points} points, "
            "as the coordinates have"
        )
    domain = _domain(places, count)
    said = [places.said]
    said += [f"{', '.join(params)}: no axis of points, taken as parameters"] if params else []
    said += [] if options.input else ["no input is named: the shape alone is the input"]
    table = np.concatenate([*params.values()], axis=1) if params else None
    samples = Samples(
        _field(domain, inputs, count),
        _field(domain, targets, count),
        _labels(inputs),
        _labels(targets),
        None if table is None else torch.from_numpy(np.ascontiguousarray(table)),
        _labels(params),
        {"file": str(path), "format": kind, "assumed": said},
    )
    return Source.of(samples)


def _places(path: Path, arrays: Sequence[np.ndarray], options: Options) -> Places:
    """The coordinates, and how the axes of the arrays are to be understood."""
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise DataError(f"{path}: the coordinates differ in shape: {sorted(shapes)}")
    if len(arrays) > 1:
        array = np.stack(arrays, axis=-1)
        array = array[None] if array.ndim == 2 else array
    else:
        array = arrays[0]
    sizes = array.shape
    order = [len(sizes) - 1, *range(len(sizes) - 1)][:3]
    few = [axis for axis in order if sizes[axis] <= _DIMENSIONS]
    if len(sizes) < 2 or not few:
        raise DataError(
            f"{path}: coordinates {', '.join(options.coordinates)} {sizes} have no axis of at most "
            f"{_DIMENSIONS} entries; expected (samples, points, dim), (points, dim, samples), or "
            "one array for each coordinate"
        )
    last = few[0] == len(sizes) - 1
    array = np.moveaxis(array, few[0], -1)
    if array.ndim == 2:
        array, samples_last = array[None], False
    else:
        samples_last = not last
        array = array if last else np.moveaxis(array, -2, 0)
    points = array.shape[1:-1]
    coords = array.reshape(len(array), -1, array.shape[-1]).astype(np.float64)
    if len(coords) > 1 and (coords == coords[:1]).all():
        coords = coords[:1]
    order = "points, coordinates, samples" if samples_last else "samples, points, coordinates"
    said = "all samples share their points" if len(coords) == 1 else f"axes taken as {order}"
    return Places(coords, points, samples_last, said)


def _values(
    path: Path, name: str, array: np.ndarray, places: Places, count: int
) -> Float[np.ndarray, "s *n c"]:
    """The values as (samples, points, channels), or (samples, columns) where they have no points.

    The number of samples is that of the coordinates, or free where they are shared.
    """
    orders = [array, np.moveaxis(array, -1, 0)]
    for candidate in reversed(orders) if places.samples_last else orders:
        rest, total = candidate.shape[1:], math.prod(places.points)
        if count > 1 and len(candidate) != count:
            continue
        if rest == places.points or rest == (total,):
            return candidate.reshape(len(candidate), total, 1)
        if rest[: len(places.points)] == places.points:
            return candidate.reshape(len(candidate), total, -1)
        if rest[-len(places.points) :] == places.points:
            return np.moveaxis(candidate.reshape(len(candidate), -1, total), 1, -1)
        if len(rest) <= 1 and math.prod(rest) <= _PARAMETERS:
            return candidate.reshape(len(candidate), -1)
    raise DataError(
        f"{path}: {name} {array.shape} does not fit coordinates of "
        f"{count if count > 1 else 'shared'} x {places.points} points"
    )


def _domain(places: Places, count: int) -> Unstructured | Stack:
    members = [PointCloud(torch.from_numpy(coords)) for coords in places.coords]
    return members[0] if len(members) == 1 else Stack(tuple(members))


def _field(domain: Unstructured | Stack, functions: Mapping[str, np.ndarray], count: int) -> Field:
    if not functions:
        return Field(torch.zeros(count, *stacked(domain, count).shape, 0), domain)
    values = np.concatenate([*functions.values()], axis=-1)
    kind = np.float32 if values.dtype.itemsize <= 4 else np.float64
    return Field(torch.from_numpy(np.ascontiguousarray(values.astype(kind))), domain)


def _labels(functions: Mapping[str, np.ndarray]) -> tuple[Variable, ...]:
    return tuple(
        Variable(name if values.shape[-1] == 1 else f"{name}{k}")
        for name, values in functions.items()
        for k in range(values.shape[-1])
    )
