"""The frames of a film side by side in one image, which a page cuts up again to play it."""

import io
import math
from dataclasses import dataclass

import numpy as np

from fredholm.benchmarks.canvas import ABSENT
from fredholm.benchmarks.scales import Scale

LEVELS = 127
"""Colours between the ends of a scale: finer steps are not seen, and make the file larger."""


@dataclass(frozen=True)
class Sheet:
    """Frames in rows, from left to right and from top to bottom.

    Args:
        content: A PNG file with a palette: entry k is the colour of low + k (high - low)/126 of
            the scale, entry 127 that of values that are not finite.
        columns: Frames in a row.
        width, height: Pixels of a frame.
    """

    content: bytes
    columns: int
    width: int
    height: int


def sheet(frames: np.ndarray, scale: Scale) -> Sheet:
    """The image of all frames.

    Args:
        frames: Values (times, vertical, horizontal), the vertical coordinate growing upwards.
        scale: Values at the ends of the colours; what lies outside takes the colour of the end.
    """
    from PIL import Image  # comes with matplotlib

    count, height, width = frames.shape
    columns = math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    tiles = np.full((rows * columns, height, width), LEVELS, dtype=np.uint8)
    tiles[:count] = levels(frames, scale)[:, ::-1]
    pixels = tiles.reshape(rows, columns, height, width).swapaxes(1, 2)
    image = Image.fromarray(pixels.reshape(rows * height, columns * width))
    image.putpalette(_palette(scale))
    buffer = io.BytesIO()
    image.save(buffer, format="png")
    return Sheet(buffer.getvalue(), columns, width, height)


def levels(values: np.ndarray, scale: Scale) -> np.ndarray:
    """Numbers of the colours of values, as bytes."""
    finite = np.isfinite(values)
    inside = np.clip(np.where(finite, values, scale.low), scale.low, scale.high)
    part = (inside - scale.low) / ((scale.high - scale.low) or 1.0)
    return np.where(finite, np.rint(part * (LEVELS - 1)), LEVELS).astype(np.uint8)


def _palette(scale: Scale) -> list[int]:
    """Red, green and blue of each number, one after the other."""
    import matplotlib
    from matplotlib.colors import to_rgb

    colours = matplotlib.colormaps[scale.colours](np.linspace(0, 1, LEVELS))[:, :3]
    return np.rint(255 * np.vstack([colours, to_rgb(ABSENT)])).astype(int).ravel().tolist()


def gradient(scale: Scale) -> str:
    """The colours of a scale from left to right, in the language of style sheets."""
    import matplotlib
    from matplotlib.colors import to_hex

    stops = matplotlib.colormaps[scale.colours](np.linspace(0, 1, 9))
    return f"linear-gradient(to right, {', '.join(map(to_hex, stops))})"
