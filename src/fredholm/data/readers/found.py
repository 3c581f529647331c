"""What a reader hands over: named arrays, the meaning of their axes, and what it had to assume."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fredholm.data.source import Fetch
from fredholm.domains.axis import Location
from fredholm.fields import Variable

SAMPLE, TIME, CHANNEL = "sample", "t", "channel"
"""Names of the axes that are not coordinates of space."""

PAIRS = (
    ("x", "y"),
    ("a", "u"),
    ("coeff", "sol"),
    ("input", "output"),
    ("inputs", "outputs"),
    ("inputs", "targets"),
    ("input", "target"),
    ("source", "solution"),
    ("X", "Y"),
)
"""Names under which others store an input and its target."""


@dataclass(frozen=True, eq=False)
class Stored:
    """An array of a file.

    Args:
        name: Its name in the file.
        dims: Meaning of each axis: `sample`, `t`, `channel` or the name of a coordinate. Without
            `sample` the array belongs to all samples alike.
        shape: Its shape.
        fetch: Reads the samples start ... stop-1, with the axes in the order of `dims`; the whole
            array where there is no sample axis.
        variables: Labels of the channels.
    """

    name: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    fetch: Fetch
    variables: tuple[Variable, ...]

    def size(self, dim: str) -> int:
        """Length of an axis."""
        return self.shape[self.dims.index(dim)]


@dataclass(frozen=True)
class AxisHint:
    """What a format says about an axis besides its coordinates; None is not known."""

    periodic: bool | None = None
    location: Location | None = None
    units: str = ""


@dataclass(frozen=True, eq=False)
class Found:
    """A file, understood.

    Args:
        path, format: The file and what it is.
        inputs, targets: The arrays on either side.
        first_frame: The first frame of the targets is an input too, before the others.
        space: Names of the coordinates of space, in the order of the grid's axes.
        coordinates: Coordinate values by axis name, where the file has them.
        hints: What else the format says about the axes.
        params: Numbers that vary between the samples, with dims (`sample`,).
        constants: Numbers that do not.
        assumed: Sentences on what was found and what had to be assumed.
    """

    path: Path
    format: str
    inputs: tuple[Stored, ...]
    targets: tuple[Stored, ...]
    space: tuple[str, ...]
    first_frame: bool = False
    coordinates: Mapping[str, np.ndarray] = field(default_factory=dict)
    hints: Mapping[str, AxisHint] = field(default_factory=dict)
    params: tuple[Stored, ...] = ()
    constants: Mapping[str, Any] = field(default_factory=dict)
    assumed: tuple[str, ...] = ()


PerAxis = Mapping[str, Any] | Sequence[Any] | Any
"""One value for every axis of space, one per axis in order, or a mapping by name of the axis."""


@dataclass(frozen=True)
class Options:
    """What the user states about a file; it wins over what a reader would conclude.

    Args:
        input, target: Names of the arrays on either side.
        sample: Names of the dimensions that together number the samples.
        extent, periodic, location: As for `Grid`, for the axes of space, or by name of the axis.
        coordinates: Names of the arrays that hold the coordinates of scattered points.
    """

    input: tuple[str, ...] = ()
    target: tuple[str, ...] = ()
    sample: tuple[str, ...] = ()
    extent: PerAxis = None
    periodic: PerAxis = None
    location: PerAxis = None
    coordinates: tuple[str, ...] = ()

    def stated(self, what: str, name: str, space: tuple[str, ...]) -> Any:
        """The value stated for an axis, or None; a length L is the interval [0, L]."""
        value = self._stated(what, name, space)
        is_length = what == "extent" and isinstance(value, int | float)
        return (0.0, float(value)) if is_length else value

    def _stated(self, what: str, name: str, space: tuple[str, ...]) -> Any:
        value = getattr(self, what)
        if value is None:
            return None
        if isinstance(value, Mapping):
            unknown = [key for key in value if key not in (*space, TIME)]
            if unknown:
                raise ValueError(f"{what}: the file has axes {(*space, TIME)}, not {unknown[0]!r}")
            return value.get(name)
        if name not in space:
            return None
        if isinstance(value, str | int | float) or _is_pair(what, value):
            return value
        if len(value) != len(space):
            raise ValueError(f"{what} needs one value per axis of space {space}, got {value!r}")
        return value[space.index(name)]


def _is_pair(what: str, value: Sequence[Any]) -> bool:
    """Whether an extent is one interval for every axis."""
    return what == "extent" and len(value) == 2 and all(isinstance(v, int | float) for v in value)


def of_slices(read: Callable[[tuple[slice, ...]], np.ndarray], dims: tuple[str, ...]) -> Fetch:
    """Reads with one slice per axis from whatever understands that."""

    def fetch(start: int, stop: int) -> np.ndarray:
        every = slice(None)
        return read(tuple(slice(start, stop) if dim == SAMPLE else every for dim in dims))

    return fetch
