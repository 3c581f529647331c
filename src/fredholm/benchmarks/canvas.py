"""Drawing without a display, in one style, as bytes.

No text is set as mathematics: its parser would take half of the time of a report.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# The palette of Okabe and Ito, which people with colour-blindness can tell apart.
TRUTH, PREDICTION, LOSS, MARK = "#000000", "#D55E00", "#0072B2", "#009E73"
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
