"""Pictures of functions: what went in, what should have come out, what came, and the difference."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from fredholm.benchmarks.canvas import PREDICTION, TRUTH, blank, drawing, png, svg
from fredholm.benchmarks.page import Html, element, joined, picture
from fredholm.benchmarks.scales import Scale, common_scale, error_scale, mapped
from fredholm.benchmarks.views import View, views
from fredholm.benchmarks.wording import number
from fredholm.data import Samples
from fredholm.domains import Axis
from fredholm.fields import Field, Variable

if TYPE_CHECKING:
    from matplotlib.colorbar import Colorbar
    from matplotlib.figure import FigureBase

_CHANNELS = 3
"""Channels that are drawn of each function."""
_WIDTH, HEIGHT = 2.9, 2.45
_WIDE = 3.8
"""Inches of a panel; four stand in a row, or three wide ones where all are lines."""
_PLANE, _BAR = (0.205, 0.19, 0.56, 0.68), (1.05, 0.0, 0.075, 1.0)
"""Left, bottom, width and height; those of the colour bar as parts of the plane that is drawn."""
LINE = (0.16, 0.19, 0.80, 0.68)
TITLE = 1.02
"""Height of titles; left open, it would be searched for at the cost of a sixth of the drawing."""
_STEPS = (1, 2, 2.5, 5, 10)
"""Steps between marks, up to powers of ten."""


def case_pictures(case: Samples, predicted: Field) -> Html:
    """Input, truth, prediction and error of one sample, in rows.

    Args:
        case: Samples of which the first is drawn.
        predicted: What the surrogate answers for it.
    """
    lines = case.targets.grid.dim == 1
    width, style = (_WIDE, "panels lines") if lines else (_WIDTH, "panels")
    with drawing():
        inputs = _input_panels(case, width)
        answers = _answer_rows(case, predicted, width)
    rows = [inputs, *answers]
    if len(inputs) == 1:
        # One input stands at the head of the first row; the others leave its place empty.
        empty = element("div", class_="empty")
        rows = [[*(inputs if row is answers[0] else [empty]), *row] for row in answers]
    return joined(element("div", *panels, class_=style) for panels in rows)


def _channels(u: Field, variables: Sequence[Variable]) -> list[tuple[Variable, np.ndarray]]:
    """Labels and values of the first function, without batch and channel axes."""
    values = u.values[0].detach().cpu().double().numpy()
    return [(label, values[..., c]) for c, label in enumerate(variables[:_CHANNELS])]


def _input_panels(case: Samples, width: float) -> list[Html]:
    panels = []
    for variable, values in _channels(case.inputs, case.input_variables):
        scale = common_scale([values], allow_phases=True)
        for view in views(case.inputs.grid):
            panels.append(_panel(f"Input {variable}", view, [values], scale, width))
    return panels


def _answer_rows(case: Samples, predicted: Field, width: float) -> list[list[Html]]:
    """One row of panels for each target channel and view."""
    truths = _channels(case.targets, case.target_variables)
    answers = _channels(predicted, case.target_variables)
    rows = []
    for (variable, truth), (_, answer) in zip(truths, answers):
        common, gap = common_scale([truth, answer]), answer - truth
        signed = error_scale(gap, common)
        for view in views(case.targets.grid):
            error = _panel(f"Error in {variable}", view, [gap], signed, width)
            if len(view.axes) == 1:
                title = f"{variable}: truth and prediction"
                rows.append([_panel(title, view, [truth, answer], common, width), error])
                continue
            shown = (("Truth", truth), ("Prediction", answer))
            both = [_panel(f"{name} {variable}", view, [v], common, width) for name, v in shown]
            rows.append([*both, error])
    return rows


def _panel(
    title: str, view: View, arrays: Sequence[np.ndarray], scale: Scale, width: float
) -> Html:
    """One picture: the first function as colours on a plane, or all of them as lines."""
    parts = [view.of(array) for array in arrays]
    heading = f"{title}, {view.label}" if view.label else title
    figure = blank(width, HEIGHT)
    if len(view.axes) == 1:
        draw_lines(figure, heading, view.axes[0], parts, scale)
        return picture(svg(figure), "image/svg+xml", _describe(heading, parts[-1]))
    draw_plane(figure, heading, view.axes, parts[0], scale)
    return picture(png(figure), "image/png", _describe(heading, parts[0]))


def _describe(title: str, part: np.ndarray) -> str:
    """Alternative text: what is drawn, with its range."""
    finite = part[np.isfinite(part)]
    if not finite.size:
        return f"{title}: no finite values"
    return f"{title}: from {number(float(finite.min()))} to {number(float(finite.max()))}"


def draw_lines(
    figure: "FigureBase",
    title: str,
    axis: Axis,
    parts: Sequence[np.ndarray],
    scale: Scale,
    names: Sequence[str] = ("truth", "prediction"),
) -> None:
    """One or two functions of one coordinate, with a legend where they are two."""
    drawn = figure.add_axes(LINE)
    points = axis.points().numpy()
    styles = ((TRUTH, "-"), (PREDICTION, "--"))
    for part, (colour, dashes), name in zip(parts, styles, names):
        drawn.plot(points, np.ma.masked_invalid(part), dashes, color=colour, label=name)
    drawn.set_xlabel(label(axis))
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
    from matplotlib.ticker import MaxNLocator

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
    drawn.set_xlabel(label(horizontal))
    drawn.set_ylabel(label(vertical))
    drawn.set_title(title, y=TITLE)
    for spine in drawn.spines.values():
        spine.set_visible(False)
    for axis in (drawn.xaxis, drawn.yaxis):
        axis.set_major_locator(MaxNLocator(4, steps=_STEPS))
    _bar(
        figure.colorbar(image, cax=drawn.inset_axes(_BAR), ticks=MaxNLocator(5, steps=_STEPS)),
        scale,
    )


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
    return f"{axis.name} [{axis.units}]" if axis.units not in ("", "1") else axis.name
