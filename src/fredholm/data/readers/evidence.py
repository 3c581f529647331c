"""What values along an axis show about its ends: a seam of a periodic axis, or a boundary."""

from dataclasses import dataclass

import numpy as np

from fredholm.domains.axis import Location

# A jump or kink across the seam may exceed the largest mean one inside by this factor before the
# axis counts as not periodic: means over few samples differ by chance.
_EXCESS = 1.5
# An edge is constant if its typical deviation is below this part of the deviation of all values;
# published files have been sampled next to their boundary, not on it.
_CONSTANT = 0.02
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Seam:
    """A conclusion on an axis.

    Args:
        periodic: The values continue across the ends.
        location: Where the points must lie, if that can be told.
        reason: One clause for the user.
        repeated_end: The last point is the first one again.
    """

    periodic: bool
    location: Location | None
    reason: str
    repeated_end: bool = False


def seam(values: np.ndarray) -> Seam:
    """Judges the ends of the last axis.

    Shapes:
        values (functions, n), many functions along the same axis.
    """
    n = values.shape[-1]
    if n < 5 or not np.isfinite(values).all():
        return Seam(False, None, "too few finite values to tell, assumed not periodic")
    values = values / (np.abs(values).max() or 1.0)  # squares of huge numbers overflow
    spread = values.std()
    if spread == 0:
        return Seam(False, None, "constant values tell nothing, assumed not periodic")
    first, last = _deviation(values[:, 0]) / spread, _deviation(values[:, -1]) / spread
    closes = repeats(values) and _smooth_across(values[:, :-1])
    if first < _ROUNDING and last < _ROUNDING:
        doubt = " (a periodic axis would fit as well: state it if it is one)" if closes else ""
        return Seam(False, "node", "constant at both ends, taken as the boundary" + doubt)
    if closes:
        return Seam(True, None, "the last point repeats the first and is dropped: periodic", True)
    if _smooth_across(values):
        return Seam(True, None, "continues from the last point to the first: periodic")
    if first < _CONSTANT and last < _CONSTANT:
        return Seam(False, "node", "nearly constant at both ends, which are the boundary")
    if first < _CONSTANT:
        reason = f"point 0 is constant, so it is the boundary; points at i/{n}, not periodic"
        return Seam(False, "left", reason)
    return Seam(False, None, "the ends do not match: not periodic")


def _deviation(edge: np.ndarray) -> float:
    """Typical distance from the common value; the median, since files contain odd pixels."""
    return float(np.median(np.abs(edge - np.median(edge))))


def repeats(values: np.ndarray) -> bool:
    """Whether the last point of the axis holds what the first one does."""
    jump = np.abs(values[:, -1] - values[:, 0]).max()
    return bool(jump <= 1e-5 * np.abs(np.diff(values, axis=1)).max())


def _smooth_across(values: np.ndarray) -> bool:
    """Whether steps and bends across the seam are no larger than those inside.

    Steps alone do not tell: a function that vanishes on its boundary, sampled at i/n, continues
    with a small step but with a kink.
    """
    steps = _rms(np.diff(values, axis=1))
    bends = _rms(np.diff(values, n=2, axis=1))
    closed = np.concatenate([values[:, -2:], values[:, :2]], axis=1)
    step = _rms(np.diff(closed, axis=1))[1]
    bend = _rms(np.diff(closed, n=2, axis=1)).max()
    return bool(step <= _EXCESS * steps.max() and bend <= _EXCESS * bends.max())


def _rms(rows: np.ndarray) -> np.ndarray:
    return np.sqrt((rows**2).mean(axis=0))
