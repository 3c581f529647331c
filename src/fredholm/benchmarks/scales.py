"""How values become colours: limits that truth and prediction share, and colour maps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fredholm.benchmarks.canvas import ABSENT, PHASES

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

_CATEGORIES = 4
"""A function with at most so many values is drawn as a map of phases."""


@dataclass(frozen=True)
class Scale:
    """How values become colours.

    Args:
        colours: Name of the colour map of values that vary continuously.
        low, high: Values at its ends.
        phases: The values of a function that has only a few; empty for all others.
    """

    colours: str
    low: float
    high: float
    phases: tuple[float, ...] = ()


def common_scale(arrays: Sequence[np.ndarray], *, allow_phases: bool = False) -> Scale:
    """Common limits of several functions, or the phases of a piecewise constant one.

    The limits are those of the first, the truth, widened to at most three times its range: a
    prediction that explodes must not hide what was asked for.
    """
    finite = [array[np.isfinite(array)] for array in arrays]
    values = np.unique(finite[0])
    if allow_phases and 2 <= len(values) <= _CATEGORIES < finite[0].size // 4:
        return Scale("", float(values[0]), float(values[-1]), tuple(values.tolist()))
    low, high = (float(values[0]), float(values[-1])) if len(values) else (0.0, 1.0)
    room = high - low or abs(high) or 1.0
    others = np.concatenate(finite)
    return Scale(
        "viridis",
        max(float(others.min(initial=low)), low - room),
        min(float(others.max(initial=high)), high + room),
    )


def error_scale(gap: np.ndarray, common: Scale) -> Scale:
    """Limits of a difference, zero in the middle; at most the span of the functions themselves."""
    largest = float(np.abs(gap[np.isfinite(gap)]).max(initial=0.0))
    largest = min(largest, common.high - common.low or largest) or 1.0
    return Scale("RdBu_r", -largest, largest)


def mapped(scale: Scale, part: np.ndarray) -> "tuple[Colormap, np.ndarray, tuple[float, float]]":
    """Colour map, values to map and their limits; phases are numbered, each with one colour."""
    import matplotlib
    from matplotlib.colors import ListedColormap

    if not scale.phases:
        colours = matplotlib.colormaps[scale.colours].with_extremes(bad=ABSENT)
        return colours, np.ma.masked_invalid(part), (scale.low, scale.high)
    count = len(scale.phases)
    numbered = np.abs(part[..., None] - np.asarray(scale.phases)).argmin(-1)
    return ListedColormap(PHASES[count]), numbered, (-0.5, count - 0.5)
