"""Films of functions on a plane: three screens that are filled from sheets of frames."""

import math
from collections.abc import Sequence

import numpy as np

from fredholm.benchmarks.page import Html, address, element, joined
from fredholm.benchmarks.panels import aspect
from fredholm.benchmarks.reels import Reel, evenly, left_out
from fredholm.benchmarks.scales import Scale, common_scale, error_scale
from fredholm.benchmarks.sheets import Sheet, gradient, sheet
from fredholm.benchmarks.wording import number, place
from fredholm.domains import Axis

_SIZES = ((96, 60), (64, 60), (64, 30), (48, 30), (32, 30), (24, 20))
"""Most pixels along an axis and most frames, tried one after the other until a film is small."""
_LARGEST = 330_000
"""Bytes of all the sheets of a film."""


def moving_planes(channels: Sequence[Reel], axes: Sequence[Axis]) -> tuple[Html, np.ndarray, str]:
    """Three screens for each channel, as sheets that are small enough; the frames; a caption."""
    across, up = axes
    for pixels, most in _SIZES:
        strides = [math.ceil(axis.size / pixels) for axis in (up, across)]
        moments = evenly(len(channels[0].truth), most)
        rows = [_sheets(reel.thinned(moments, strides)) for reel in channels]
        if sum(len(s.content) for row in rows for _, _, s in row) <= _LARGEST:
            break
    shape = across.length / up.length if aspect(across, up) == "equal" else 1.0
    screens = (element("div", *(_screen(*s, shape) for s in row), class_="screens") for row in rows)
    caption = (
        f"{_extent(across)} to the right, {_extent(up)} upwards. Truth and prediction share one "
        f"scale; error is prediction minus truth{left_out(channels[0], moments, max(strides))}."
    )
    if not all(np.isfinite(reel.answer).all() for reel in channels):
        caption += " What is not finite is grey."
    return joined(screens), moments, caption


def _sheets(reel: Reel) -> list[tuple[str, Scale, Sheet]]:
    """Title, scale and frames of truth, prediction and error."""
    common = common_scale([reel.truth, reel.answer])
    signed = error_scale(reel.gap, common)
    return [
        (f"Truth {reel.variable}", common, sheet(reel.truth, common)),
        (f"Prediction {reel.variable}", common, sheet(reel.answer, common)),
        (f"Error in {reel.variable}", signed, sheet(reel.gap, signed)),
    ]


def _screen(title: str, scale: Scale, frames: Sheet, shape: float) -> Html:
    canvas = {
        "width": str(frames.width),
        "height": str(frames.height),
        "style": f"aspect-ratio: {shape:.4g}",
        "data-columns": str(frames.columns),
        "role": "img",
        "aria-label": f"{title} at the time of the slider",
    }
    source = address(frames.content, "image/png")
    image = element("img", src=source, alt=f"{title}, all frames", class_="sheet", hidden="")
    bar = element(
        "div",
        element("span", number(scale.low)),
        element("i", style=f"background: {gradient(scale)}"),
        element("span", number(scale.high)),
        class_="scale",
    )
    return element("div", element("p", title), element("canvas", **canvas), image, bar)


def _extent(axis: Axis) -> str:
    return f"{axis.name} from {place(axis.start, '')} to {place(axis.stop, axis.units)}"
