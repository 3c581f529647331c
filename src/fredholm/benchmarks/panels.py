"""One function, or two, as a panel: lines over a coordinate, colours on a plane or on a mesh."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from fredholm.benchmarks.canvas import ABSENT, PREDICTION, TRUTH
from fredholm.benchmarks.scales import Scale, mapped
from fredholm.domains import Axis

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.cm import ScalarMappable
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import FigureBase

_PLANE, _BAR = (0.205, 0.19, 0.56, 0.68), (1.05, 0.0, 0.075, 1.0)
"""Left, bottom, width and height; those of the colour bar as parts of the plane that is drawn."""
LINE = (0.16, 0.19, 0.80, 0.68)
TITLE = 1.02
"""Height of titles; left open, it would be searched for at the cost of a sixth of the drawing."""
_STEPS = (1, 2, 2.5, 5, 10)
"""Steps between marks, up to powers of ten."""


def draw_lines(
    figure: "FigureBase",
    title: str,
    x: np.ndarray,
    x_label: str,
    parts: Sequence[np.ndarray],
    scale: Scale,
    names: Sequence[str],
) -> None:
    """One or two functions of one coordinate, with a legend where they are two."""
    drawn = figure.add_axes(LINE)
    styles = ((TRUTH, "-"), (PREDICTION, "--"))
    for part, (colour, dashes), name in zip(parts, styles, names):
        drawn.plot(x, np.ma.masked_invalid(part), dashes, color=colour, label=name)
    drawn.set_xlabel(x_label)
    drawn.set_title(title, y=TITLE)
    drawn.grid(True)
    room = 0.05 * (scale.high - scale.low) or 1.0
    drawn.set_ylim(scale.low - room, scale.high + room)
    if len(parts) == 2:
        drawn.legend(fontsize=7.5)


def draw_plane(
    figure: "FigureBase", title: str, axes: tuple[Axis, ...], part: np.ndarray, scale: Scale
) -> None:
    """A function of two coordinates as colours, with the bar that tells their values."""
    horizontal, vertical = axes
    drawn = figure.add_axes(_PLANE)
    palette, shown, limits = mapped(scale, part)
    image = drawn.imshow(
        shown,
        origin="lower",
        extent=(*_edges(horizontal), *_edges(vertical)),
        cmap=palette,
        vmin=limits[0],
        vmax=limits[1],
        interpolation="nearest",
        aspect=aspect(horizontal, vertical),
    )
    _finish(figure, drawn, image, title, (label(horizontal), label(vertical)), scale)


def draw_cells(
    figure: "FigureBase",
    title: str,
    points: np.ndarray,
    triangles: np.ndarray | None,
    labels: tuple[str, str],
    part: np.ndarray,
    scale: Scale,
) -> None:
    """A function at scattered points of a plane: in the colours of its triangles, or as dots.

    Args:
        figure: Where to.
        title: Heading.
        points: Coordinates (n, 2).
        triangles: Corners of each triangle, where they are known.
        labels: Of the coordinates.
        part: Values (n,).
        scale: How they become colours.
    """
    drawn = figure.add_axes(_PLANE)
    palette, shown, limits = mapped(scale, part)
    style = {"cmap": palette, "vmin": limits[0], "vmax": limits[1]}
    if triangles is None:
        size = max(2.0, 2500.0 / len(points))
        image = drawn.scatter(*points.T, c=shown, s=size, linewidths=0, **style)
    else:
        whole = np.isfinite(part)[triangles].all(1)
        drawn.triplot(*points.T, triangles, color=ABSENT, linewidth=0.2)
        x, y = points.T
        image = drawn.tripcolor(x, y, part, triangles=triangles[whole], shading="gouraud", **style)
    drawn.set_aspect("equal")
    _finish(figure, drawn, image, title, labels, scale)


def draw_facets(
    figure: "FigureBase",
    title: str,
    points: np.ndarray,
    triangles: np.ndarray | None,
    facets: np.ndarray,
    labels: tuple[str, str],
    part: np.ndarray,
    scale: Scale,
) -> None:
    """A function that is known on the boundary alone, in colours along its edges.

    Args:
        figure, title, points, triangles, labels, part, scale: As in `draw_cells`.
        facets: Ends of each edge of the boundary (f, 2).
    """
    from matplotlib.collections import LineCollection

    drawn = figure.add_axes(_PLANE)
    palette, shown, limits = mapped(scale, part)
    if triangles is not None:
        drawn.triplot(*points.T, triangles, color=ABSENT, linewidth=0.3)
    image = LineCollection(list(points[facets]), cmap=palette, linewidths=3.0)
    image.set_array(shown[facets].mean(1))
    image.set_clim(*limits)
    drawn.add_collection(image)
    drawn.autoscale_view()
    drawn.set_aspect("equal")
    _finish(figure, drawn, image, title, labels, scale)


def draw_shape(
    figure: "FigureBase",
    title: str,
    points: np.ndarray,
    triangles: np.ndarray | None,
    labels: tuple[str, str],
) -> None:
    """A shape alone: its mesh, or its points."""
    drawn = figure.add_axes(_PLANE)
    if triangles is None:
        drawn.scatter(*points.T, s=max(1.0, 1500.0 / len(points)), color=TRUTH, linewidths=0)
    else:
        drawn.triplot(*points.T, triangles, color=TRUTH, linewidth=0.3)
    drawn.set_aspect("equal")
    _frame(drawn, title, labels)


def _finish(
    figure: "FigureBase",
    drawn: "Axes",
    image: "ScalarMappable",
    title: str,
    labels: tuple[str, str],
    scale: Scale,
) -> None:
    """Labels, marks and the bar of colours."""
    from matplotlib.ticker import MaxNLocator

    _frame(drawn, title, labels)
    _bar(
        figure.colorbar(image, cax=drawn.inset_axes(_BAR), ticks=MaxNLocator(5, steps=_STEPS)),
        scale,
    )


def _frame(drawn: "Axes", title: str, labels: tuple[str, str]) -> None:
    from matplotlib.ticker import MaxNLocator

    drawn.set_xlabel(labels[0])
    drawn.set_ylabel(labels[1])
    drawn.set_title(title, y=TITLE)
    for spine in drawn.spines.values():
        spine.set_visible(False)
    for axis in (drawn.xaxis, drawn.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=_STEPS))


def _bar(bar: "Colorbar", scale: Scale) -> None:
    """Marks of the colour bar: numbers, or one for each phase."""
    bar.outline.set_visible(False)
    bar.minorticks_off()
    if scale.phases:
        bar.set_ticks(range(len(scale.phases)), labels=[f"{phase:.3g}" for phase in scale.phases])


def _edges(axis: Axis) -> tuple[float, float]:
    """Ends of the pixels: each sample stands in the middle of its own."""
    points = axis.points()
    return float(points[0]) - axis.spacing / 2, float(points[-1]) + axis.spacing / 2


def aspect(horizontal: Axis, vertical: Axis) -> Literal["equal", "auto"]:
    """True proportions for planes in space, unless they would leave nothing to see."""
    spatial = "t" not in (horizontal.name, vertical.name) and horizontal.units == vertical.units
    shape = horizontal.length / vertical.length
    return "equal" if spatial and 0.4 < shape < 2.5 else "auto"


def label(axis: Axis) -> str:
    """Name and units of a coordinate."""
    return labelled(axis.name, axis.units)


def labelled(name: str, units: str) -> str:
    """A name with its units."""
    return f"{name} [{units}]" if units not in ("", "1") else name
