"""Drawing without a display, in one style, as bytes.

No text is set as mathematics: its parser would take half of the time of a report.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from fredholm.benchmarks.wording import superscript

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import XAxis, YAxis
    from matplotlib.figure import Figure

# The palette of Okabe and Ito, which people with colour-blindness can tell apart.
TRUTH, PREDICTION, LOSS, MARK = "#000000", "#D55E00", "#0072B2", "#009E73"
ABSENT = "#b4bcc4"
"""Colour of values that are not finite."""
OTHERS = ("#0072B2", "#CC79A7", "#E69F00", "#56B4E9", "#009E73")
PHASES = {
    2: ("#dfe6ec", "#2f6690"),
    3: ("#dfe6ec", "#86add0", "#2f6690"),
    4: ("#dfe6ec", "#86add0", "#2f6690", "#0b2c45"),
}
"""Colours of the phases of a piecewise constant function, light to dark."""
_GREY = "#5f6b76"
_STYLE: dict[Any, Any] = {
    "font.size": 9.0,
    "axes.titlesize": 9.5,
    "axes.labelsize": 9.0,
    "axes.labelcolor": "#1c242c",
    "axes.edgecolor": _GREY,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.formatter.limits": (-3, 4),
    "xtick.color": _GREY,
    "ytick.color": _GREY,
    "xtick.labelsize": 8.0,
    "ytick.labelsize": 8.0,
    "grid.color": "#d9dfe5",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    # A dollar in a name is a dollar.
    "text.parse_math": False,
    # The same figures give the same file.
    "svg.hashsalt": "fredholm",
}
_SIZE = (5.4, 3.4)
_PLACE = (0.125, 0.145, 0.835, 0.80)
"""Left, bottom, width and height of the axes: fixed, so that figures side by side line up."""
DOTS = 150
"""Pixels per inch of raster images: sharp on a phone, small in a file."""


@contextmanager
def drawing() -> Iterator[None]:
    """Everything that is drawn inside has the style of the report."""
    import matplotlib

    with matplotlib.rc_context(_STYLE):
        yield


def blank(width: float, height: float) -> "Figure":
    """An empty figure, in inches; no window and no global state are involved."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height))


def svg(figure: "Figure") -> bytes:
    """The figure as vector graphics."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def png(figure: "Figure") -> bytes:
    """The figure as pixels."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DOTS, metadata={"Software": None})
    return buffer.getvalue()


def line_axes(x: str, y: str, *, top: bool = False) -> "tuple[Figure, Axes]":
    """Axes with a grid in a figure of the common size; `top` leaves room for an axis above."""
    left, bottom, width, height = _PLACE
    drawn = blank(*_SIZE)
    axes = drawn.add_axes((left, bottom, width, height - (0.1 if top else 0.0)))
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(True)
    # A common power of ten stands over the axes, where on the left the legend is.
    axes.yaxis.set_offset_position("right")
    return drawn, axes


def legend_above(axes: "Axes") -> None:
    """The legend, over the axes and not over the curves; `top` has left room for two lines."""
    place = {"loc": "lower left", "bbox_to_anchor": (-0.02, 1.0), "borderaxespad": 0.1}
    axes.legend(fontsize=7.5, ncols=3, **place)


def log_y(axes: "Axes", values: list[float]) -> None:
    """A logarithmic axis, where the values span enough to need one."""
    shown = [value for value in values if value > 0 and np.isfinite(value)]
    if not shown or max(shown) < 4 * min(shown):
        return
    axes.set_yscale("log")
    if max(shown) > 100 * min(shown):
        log_ticks(axes.yaxis, (1.0,), lambda value: f"10{superscript(round(np.log10(value)))}")
    else:
        log_ticks(axes.yaxis, (1.0, 2.0, 5.0), lambda value: f"{value:g}")


def log_ticks(
    axis: "XAxis | YAxis", parts: tuple[float, ...], text: Callable[[float], str]
) -> None:
    """Marks at these multiples of powers of ten."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=parts))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text(value)))
    axis.set_minor_locator(NullLocator())


def wavenumber_ticks(axes: "Axes", last: float) -> None:
    """Wavenumbers as plain numbers."""
    from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

    marks = [k for k in (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048) if k <= last]
    axes.xaxis.set_major_locator(FixedLocator(marks))
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.xaxis.set_minor_locator(NullLocator())
