"""Films of functions on a line: curves that move over an empty diagram."""

import json
import math
from collections.abc import Sequence

import numpy as np

from fredholm.benchmarks.canvas import PREDICTION, TRUTH, drawing, legend_above, line_axes, svg
from fredholm.benchmarks.page import Html, element, picture
from fredholm.benchmarks.panels import label
from fredholm.benchmarks.reels import Reel, evenly, left_out
from fredholm.benchmarks.scales import Scale, common_scale, error_scale
from fredholm.domains import Axis

_MOMENTS = 60
"""Most frames."""
_POINTS = 256
"""Most points of a curve."""
_HEIGHT = 1000
"""Curves are stored as whole thousandths of the height of their canvas."""
_DASHES = [16, 9]


def moving_curves(channels: Sequence[Reel], axis: Axis) -> tuple[Html, np.ndarray, str]:
    """Two screens for each channel, curves over an empty diagram; the frames; a caption."""
    moments, stride = evenly(len(channels[0].truth), _MOMENTS), math.ceil(axis.size / _POINTS)
    points = axis.points()[::stride]
    ends = float(points[0]), float(points[-1])
    parts = []
    for reel in (each.thinned(moments, (stride,)) for each in channels):
        common = common_scale([reel.truth, reel.answer])
        both = [("truth", TRUTH, [], reel.truth), ("prediction", PREDICTION, _DASHES, reel.answer)]
        gap = [("prediction − truth", PREDICTION, [], reel.gap)]
        parts += [
            _plot(axis, ends, str(reel.variable), common, both),
            _plot(axis, ends, f"error in {reel.variable}", error_scale(reel.gap, common), gap),
        ]
    finite = all(np.isfinite(reel.answer).all() for reel in channels)
    gaps = "" if finite else " What is not finite is left out."
    caption = f"Scales are those of all times{left_out(channels[0], moments, stride)}.{gaps}"
    return element("div", *parts, class_="pair"), moments, caption


Curve = tuple[str, str, list[int], np.ndarray]
"""Name, colour, dashes and values (times, n)."""


def _plot(
    axis: Axis, ends: tuple[float, float], title: str, scale: Scale, curves: Sequence[Curve]
) -> Html:
    """An empty diagram, and the canvas that lies on its axes."""
    room = 0.05 * (scale.high - scale.low) or 1.0
    low, high = scale.low - room, scale.high + room
    with drawing():
        drawn, axes = line_axes(label(axis), title, top=True)
        for name, colour, dashes, _ in curves:
            axes.plot([], [], "--" if dashes else "-", color=colour, label=name)
        axes.set_xlim(*(ends if ends[0] < ends[1] else (ends[0] - 0.5, ends[0] + 0.5)))
        axes.set_ylim(low, high)
        legend_above(axes)
        left, bottom, width, height = axes.get_position().bounds
        extent = axes.get_window_extent()
        image = svg(drawn)
    stored = [
        {"colour": colour, "dash": dashes, "frames": heights(values, low, high)}
        for _, colour, dashes, values in curves
    ]
    canvas = {
        "width": "1000",
        "height": str(round(1000 * extent.height / extent.width)),
        "style": f"left: {left:.2%}; bottom: {bottom:.2%}; width: {width:.2%}; "
        f"height: {height:.2%}",
        "data-curves": json.dumps(stored, separators=(",", ":")),
        "role": "img",
        "aria-label": f"{title} at the time of the slider",
    }
    empty = picture(image, "image/svg+xml", f"Axes of {title}")
    return element("div", empty, element("canvas", **canvas), class_="plot")


def heights(values: np.ndarray, low: float, high: float) -> list[list[int | None]]:
    """Values (times, n) as thousandths between two ends; None for those that are not finite.

    What lies far outside is moved to just outside, where it is cut off by the diagram.
    """
    part = _HEIGHT * (np.where(np.isfinite(values), values, low) - low) / (high - low)
    whole = np.rint(np.clip(part, -_HEIGHT, 2 * _HEIGHT)).astype(int).tolist()
    finite = np.isfinite(values).tolist()
    return [[h if f else None for h, f in zip(*row)] for row in zip(whole, finite)]
