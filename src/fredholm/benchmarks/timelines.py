"""Diagrams over the times of a forecast."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fredholm.benchmarks.canvas import line_axes
from fredholm.benchmarks.panels import label
from fredholm.domains import Axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DOTTED = 30
"""Up to so many times, each is marked by a dot."""


def time_axes(time: Axis, y: str) -> "tuple[Figure, Axes]":
    """Axes from the given state to the last time, with room for a dot there."""
    drawn, axes = line_axes(label(time), y, top=True)
    last = float(time.points()[-1])
    axes.set_xlim(time.start, last + 0.015 * (last - time.start or 1.0))
    return drawn, axes


def time_line(axes: "Axes", times: np.ndarray, errors: np.ndarray, **style: Any) -> None:
    """Errors over time, a dot for each of few times."""
    axes.plot(times, drawable(errors), marker="." if len(times) <= _DOTTED else "", **style)


def drawable(errors: np.ndarray) -> np.ndarray:
    """Errors that have a place on a logarithmic axis; not a number instead of the others."""
    return np.where(np.isfinite(errors) & (errors > 0), errors, np.nan)
