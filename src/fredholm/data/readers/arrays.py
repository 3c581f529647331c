"""Files that are a few named arrays without labelled axes: `.pt`, `.mat`, `.npz`, plain HDF5."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fredholm.data.readers.found import (
    PAIRS,
    SAMPLE,
    TIME,
    AxisHint,
    Found,
    Options,
    Stored,
    of_slices,
)
from fredholm.data.readers.roles import Roles, pair_roles, space_names
from fredholm.errors import DataError, did_you_mean
from fredholm.fields import Variable

_SPACE = {"x": "x", "xx": "x", "xs": "x", "y": "y", "yy": "y", "z": "z", "zz": "z"}
_TIMES = ("t", "tt", "ts", "time", "times", "tspan")
_PARAMETERS = 16
"""A table with at most so many columns is one of parameters."""


@dataclass(frozen=True, eq=False)
class Lazy:
    """An array that is read by slices, one per axis."""

    shape: tuple[int, ...]
    read: Callable[[tuple[slice, ...]], np.ndarray]

    @property
    def long_axes(self) -> tuple[int, ...]:
        """The axes that do not have length one."""
        return tuple(k for k, size in enumerate(self.shape) if size != 1)

    def all(self) -> np.ndarray:
        """The whole array."""
        return self.read((slice(None),) * len(self.shape))


def lazy(array: np.ndarray) -> Lazy:
    """An array that is in memory already."""
    return Lazy(array.shape, lambda selection: array[selection])


def understand(path: Path, kind: str, arrays: Mapping[str, Lazy], options: Options) -> Found:
    """Which arrays are input and target, and what their axes mean.

    Raises:
        DataError: That cannot be told; the message lists the arrays.
    """
    inputs, targets = _choose(path, arrays, options)
    times, vectors = _vectors(arrays, {*inputs, *targets})
    roles = _trajectory(path, arrays[targets[0]], times, vectors) if not inputs else None
    if roles is None:
        roles = _pair(path, inputs, targets, arrays, times)
    stored_inputs = tuple(_stored(name, arrays[name], roles.input, "input") for name in inputs)
    stored_targets = tuple(_stored(name, arrays[name], roles.target, "output") for name in targets)
    space = tuple(d for d in roles.target if d in ("x", "y", "z") or d.startswith("x"))
    sizes = {dim: stored_targets[0].size(dim) for dim in stored_targets[0].dims}
    used = {dim: vectors[dim] for dim in space if len(vectors.get(dim, ())) == sizes[dim]}
    if times is not None and len(times) == sizes.get(TIME):
        used[TIME] = times
    rest = [name for name in arrays if name not in (*inputs, *targets)]
    params, constants, ignored = _others(arrays, rest, sizes.get(SAMPLE, 1))
    names = (
        f"input {', '.join(inputs)}" if inputs else "no input array: the first frame is the input"
    )
    said = (f"{names}; target {', '.join(targets)}", *roles.said)
    if ignored:
        said = (*said, f"not used: {', '.join(ignored)}")
    return Found(
        path,
        kind,
        stored_inputs,
        stored_targets,
        space,
        first_frame=not inputs,
        coordinates=used,
        hints={TIME: AxisHint(location="right")} if roles.after else {},
        params=params,
        constants=constants,
        assumed=said,
    )


def _choose(
    path: Path, arrays: Mapping[str, Lazy], options: Options
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the input and target arrays; no input means the first frame of the target."""
    for name in (*options.input, *options.target):
        if name not in arrays:
            raise DataError(f"{path} has no array {name!r}; {did_you_mean(name, list(arrays))}")
    fields = [name for name, array in arrays.items() if len(array.long_axes) > 1]
    if options.target:
        return options.input, options.target
    if not options.input:
        for pair in PAIRS:
            if set(pair) <= set(fields):
                return (pair[0],), (pair[1],)
        if len(fields) == 1:
            return (), (fields[0],)
    listed = ", ".join(f"{name} {array.shape}" for name, array in arrays.items()) or "no arrays"
    raise DataError(
        f"{path}: cannot tell input from target among {listed}; "
        "name them, for instance input='a', target='u' (--input a --target u)"
    )


def _vectors(
    arrays: Mapping[str, Lazy], taken: set[str]
) -> tuple[np.ndarray | None, dict[str, np.ndarray]]:
    """Times and coordinates that are stored beside the fields."""
    times, space = None, {}
    for name, array in arrays.items():
        if name in taken or len(array.long_axes) != 1:
            continue
        if name.lower() in _TIMES:
            times = array.all().ravel()
        elif name.lower() in _SPACE:
            space[_SPACE[name.lower()]] = array.all().ravel()
    return times, space


def _trajectory(
    path: Path, array: Lazy, times: np.ndarray | None, vectors: Mapping[str, np.ndarray]
) -> Roles | None:
    """Roles where states in time are all there is."""
    sizes = [array.shape[k] for k in array.long_axes]
    lengths = {name: len(vector) for name, vector in vectors.items()}
    if times is not None:
        lengths[TIME] = len(times)
    claims = {k: [name for name, n in lengths.items() if n == size] for k, size in enumerate(sizes)}
    claimed = [k for k, names in claims.items() if names]
    if times is not None and len(claimed) == len(sizes) and len(lengths) == len(sizes):
        # As many coordinates as axes: one trajectory. Equal lengths are told apart by their order.
        order = [*vectors, TIME]
        dims = [claims[k][0] if len(claims[k]) == 1 else order[k] for k in claimed]
        said = "as many coordinates as axes: one trajectory, so one sample"
        return Roles((), tuple(dims), (said,))
    if len(sizes) < 3:
        raise DataError(
            f"{path}: an array of shape {array.shape} alone could be samples or one trajectory; "
            "store its coordinates x and t beside it, or name an input"
        )
    return Roles(
        (), (SAMPLE, TIME, *space_names(len(sizes) - 2)), ("axes taken as sample, time, space",)
    )


def _pair(
    path: Path,
    inputs: tuple[str, ...],
    targets: tuple[str, ...],
    arrays: Mapping[str, Lazy],
    times: np.ndarray | None,
) -> Roles:
    a, u = arrays[inputs[0]], arrays[targets[0]]
    shapes = [tuple(array.shape[k] for k in _axes(array)) for array in (a, u)]
    if shapes[0][0] != shapes[1][0]:
        raise DataError(
            f"{path}: input {inputs[0]} {a.shape} and target {targets[0]} {u.shape} "
            "differ in their number of samples"
        )

    def starts_at_input(axis: int) -> bool:
        few = min(8, shapes[0][0])
        first = [slice(0, few), *(slice(None) for _ in u.shape[1:])]
        given = a.read((slice(0, few), *(slice(None) for _ in a.shape[1:])))
        first[_axes(u)[axis]] = slice(0, 1)
        frame = u.read(tuple(first)).squeeze()
        return bool(np.allclose(frame, given.squeeze(), rtol=1e-6, atol=1e-12))

    roles = pair_roles(shapes[0], shapes[1], None if times is None else len(times), starts_at_input)
    if roles is None or not 2 <= len(roles.input) <= 5:
        raise DataError(
            f"{path}: input {inputs[0]} {a.shape} and target {targets[0]} {u.shape} do not look "
            "like functions on the same grid; axes are (sample, points..., channels)"
        )
    return roles


def _axes(array: Lazy) -> tuple[int, ...]:
    """The samples' axis and every other with more than one entry."""
    return (0, *(k for k in array.long_axes if k > 0))


def _stored(name: str, array: Lazy, dims: tuple[str, ...], role: str) -> Stored:
    """The array with its axes of length one removed."""
    kept = _axes(array) if SAMPLE in dims else array.long_axes
    if len(kept) != len(dims):
        raise DataError(f"array {name} has shape {array.shape}, expected axes {dims}")
    full = iter(dims)
    all_dims = tuple(next(full) if k in kept else "one" for k in range(len(array.shape)))

    def read(selection: tuple[slice, ...]) -> np.ndarray:
        dropped = tuple(k for k in range(len(array.shape)) if k not in kept)
        return array.read(selection).squeeze(dropped)

    shape = tuple(array.shape[k] for k in kept)
    label = role if name.lower() in (*_SPACE, *_TIMES) else name
    channels = shape[dims.index("channel")] if "channel" in dims else 1
    labels = [label] if channels == 1 else [f"{label}{i}" for i in range(channels)]
    return Stored(
        name, dims, shape, of_slices(read, all_dims), tuple(Variable(text) for text in labels)
    )


def _others(
    arrays: Mapping[str, Lazy], names: list[str], count: int
) -> tuple[tuple[Stored, ...], dict[str, float], list[str]]:
    """Parameters of the samples, constants, and what is not used."""
    params, constants, ignored = [], {}, []
    for name in names:
        array, sizes = arrays[name], arrays[name].shape
        columns = int(np.prod(sizes[1:]))
        if not array.long_axes:
            constants[name] = float(array.all().ravel()[0])
        elif name.lower() in (*_SPACE, *_TIMES):
            continue
        elif sizes[0] == count and columns <= _PARAMETERS:
            labels = [name] if columns == 1 else [f"{name}{i}" for i in range(columns)]
            params.append(_parameter(name, array, tuple(Variable(text) for text in labels)))
        else:
            ignored.append(name)
    return tuple(params), constants, ignored


def _parameter(name: str, array: Lazy, variables: tuple[Variable, ...]) -> Stored:
    dims = (SAMPLE, *("one" for _ in array.shape[1:]))
    return Stored(name, dims, array.shape, of_slices(array.read, dims), variables)
