"""From coordinates, or in their absence from the data, to the axes of a grid.

A file rarely says whether an axis is periodic and whether its points are nodes or centres of cells.
What the coordinates and the values show is taken as found; what remains is assumed, and said.
"""

from dataclasses import dataclass, replace

import numpy as np

from fredholm.data.readers.evidence import Seam, repeats, seam
from fredholm.data.readers.found import TIME, AxisHint
from fredholm.domains import Axis
from fredholm.domains.axis import Location
from fredholm.errors import DataError


@dataclass(frozen=True)
class Placed:
    """An axis, which of the stored points it keeps, and why."""

    axis: Axis
    keep: slice
    said: tuple[str, ...]


@dataclass(frozen=True)
class Stated:
    """What the user says of an axis; None is not stated."""

    extent: tuple[float, float] | None = None
    periodic: bool | None = None
    location: Location | None = None


def place(
    name: str,
    size: int,
    coordinates: np.ndarray | None,
    hint: AxisHint,
    stated: Stated,
    values: np.ndarray | None,
) -> Placed:
    """The axis with `size` stored points.

    Args:
        coordinates: Of the points, if stored; one more than points means the edges of cells in
            time, of which the last is dropped.
        hint: What the format says.
        stated: What the user says.
        values: Some functions of the file along this axis, which is their last, to judge its ends.

    Raises:
        DataError: Coordinates that are not equidistant, or not as many as points.
    """
    if name == TIME:
        return _time(size, coordinates, hint, stated)
    keep, points, said = _ordered(name, size, coordinates)
    if points is not None and hint.units.startswith("degree") and _full_circle(points):
        hint = AxisHint(True, hint.location, hint.units)
        said.append(f"{name}: covers 360 degrees, so it is periodic")
    found = _ends(hint.periodic if stated.periodic is None else stated.periodic, values)
    if found.reason:
        said.append(f"{name}: {found.reason}")
    if found.repeated_end:
        keep, size = _without_last(keep, size), size - 1
        points = None if points is None else points[:-1]
    location = stated.location or hint.location or found.location
    if points is None:
        return _unit(name, size, hint, stated, found.periodic, location, keep, said)
    axis = _from_points(
        name, points, hint.units, found.periodic, location, said, _rounding(coordinates)
    )
    if stated.extent is not None:
        axis = Axis(size, *stated.extent, found.periodic, axis.location, name, hint.units)
    return Placed(axis, keep, tuple(said))


def _ends(periodic: bool | None, values: np.ndarray | None) -> Seam:
    """What is known of the ends of an axis, or else what the values show."""
    if values is None:
        return Seam(bool(periodic), None, "" if periodic is not None else "assumed not periodic")
    if periodic is None:
        return seam(values)
    if periodic and repeats(values):
        return Seam(True, None, "the last point repeats the first and is dropped", True)
    return Seam(periodic, None, "")


def _time(size: int, coordinates: np.ndarray | None, hint: AxisHint, stated: Stated) -> Placed:
    """Time is never periodic; its frames are at both ends, or only after a start (`right`)."""
    said = []
    location = stated.location or hint.location or "node"
    if coordinates is not None and len(coordinates) == size + 1:
        said.append("t: one time more than frames (edges of steps); the last one is dropped")
        coordinates = coordinates[:size]
    keep, points, more = _ordered(TIME, size, coordinates)
    if points is None:
        start, stop = stated.extent or (0.0, 1.0)
        if stated.extent is None:
            said.append("t: no times stored, assumed from 0 to 1")
        axis = Axis(size, start, stop, location=location, name=TIME, units=hint.units)
    else:
        axis = _from_points(TIME, points, hint.units, False, location, said, _rounding(coordinates))
        if stated.extent is not None:
            axis = replace(axis, start=stated.extent[0], stop=stated.extent[1])
    return Placed(axis, keep, (*said, *more))


def _ordered(
    name: str, size: int, coordinates: np.ndarray | None
) -> tuple[slice, np.ndarray | None, list[str]]:
    """Ascending equidistant coordinates, and how to bring the values into their order."""
    if coordinates is None:
        return slice(None), None, []
    points = np.asarray(coordinates, dtype=np.float64)
    if points.shape != (size,):
        raise DataError(f"the axis {name!r} has {size} points and {points.size} coordinates")
    if not np.isfinite(points).all():
        raise DataError(f"the coordinate {name!r} contains NaN or infinity")
    steps = np.diff(points)
    step = (points[-1] - points[0]) / max(size - 1, 1)
    # Coordinates in single precision carry its rounding, which is not a change of spacing.
    slack = 1e-3 * abs(step) + 4e-7 * np.abs(points).max() * (coordinates.dtype.itemsize < 8)
    if step == 0 or np.abs(steps - step).max() > slack:
        worst = int(np.abs(steps - step).argmax())
        raise DataError(
            f"the coordinate {name!r} is not equidistant (step {steps[worst]:g} after point "
            f"{worst}, {step:g} on average); interpolate to a regular grid first"
        )
    if step > 0:
        return slice(None), points, []
    return slice(None, None, -1), points[::-1], [f"{name}: stored descending, turned round"]


def _without_last(keep: slice, size: int) -> slice:
    """The same points without the one that is last after ordering."""
    return slice(0, size - 1) if keep.step is None else slice(size - 1, 0, -1)


def _unit(
    name: str,
    size: int,
    hint: AxisHint,
    stated: Stated,
    periodic: bool,
    location: Location | None,
    keep: slice,
    said: list[str],
) -> Placed:
    start, stop = stated.extent or (0.0, 1.0)
    if stated.extent is None:
        said.append(f"{name}: no coordinates stored, unit interval assumed")
    if location is None and not periodic:
        said.append(f"{name}: points assumed to include both ends")
    axis = Axis(size, start, stop, periodic, location or "node", name, hint.units)
    return Placed(axis, keep, tuple(said))


def _from_points(
    name: str,
    points: np.ndarray,
    units: str,
    periodic: bool,
    location: Location | None,
    said: list[str],
    rounding: float,
) -> Axis:
    """The axis whose points are these, known up to their relative rounding."""
    size, first, last = len(points), points[0], points[-1]
    step = (last - first) / (size - 1)
    slack = rounding * np.abs(points).max()
    if location is None:
        location = "cell" if _centred(first, last, step) else "node"
        where = {"cell": "centres of cells", "node": "nodes"}[location]
        said.append(f"{name}: coordinates {first:.6g} ... {last:.6g} taken as {where}")
    if location == "cell":
        return Axis(
            size,
            _tidy(first - step / 2, slack),
            _tidy(last + step / 2, slack),
            periodic,
            "cell",
            name,
            units,
        )
    start = first - step if location == "right" else first
    stop = last + step if periodic or location == "left" else last
    return Axis(size, _tidy(start, slack), _tidy(stop, slack), periodic, location, name, units)


def _centred(first: float, last: float, step: float) -> bool:
    """Whether half a step outwards both ends are round numbers, and were not before."""

    def is_round(value: float) -> bool:
        return abs(value - round(value, 2)) < 1e-3 * step

    outer = is_round(first - step / 2) and is_round(last + step / 2)
    return outer and not (is_round(first) and is_round(last))


def _full_circle(points: np.ndarray) -> bool:
    step = (points[-1] - points[0]) / (len(points) - 1)
    return abs(step * len(points) - 360) < 1e-3 * step


def _rounding(coordinates: np.ndarray | None) -> float:
    """Relative error of stored coordinates: a few units in the last place of their precision."""
    double = coordinates is not None and coordinates.dtype.itemsize == 8
    return 1e-13 if double else 3e-7


def _tidy(value: float, slack: float) -> float:
    """The shortest decimal number within the rounding of the stored coordinates."""
    for decimals in range(12):
        if abs(round(value, decimals) - value) <= slack:
            return float(round(value, decimals))
    return float(value)
