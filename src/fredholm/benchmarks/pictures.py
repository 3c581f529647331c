"""Pictures of functions: what went in, what should have come out, what came, and the difference."""

from collections.abc import Sequence

import numpy as np

from fredholm.benchmarks.canvas import blank, drawing, png, svg
from fredholm.benchmarks.page import Html, element, joined, picture
from fredholm.benchmarks.point_views import PointView, point_views
from fredholm.benchmarks.scales import Scale, common_scale, error_scale
from fredholm.benchmarks.views import View, views
from fredholm.benchmarks.wording import number
from fredholm.data import Samples
from fredholm.domains import Grid
from fredholm.fields import Field, Variable

_CHANNELS = 3
"""Channels that are drawn of each function."""
_WIDTH, HEIGHT = 2.9, 2.45
_WIDE = 3.8
"""Inches of a panel; four stand in a row, or three wide ones where all are lines."""


def case_pictures(case: Samples, predicted: Field) -> Html:
    """Input, truth, prediction and error of one sample, in rows.

    Args:
        case: Samples of which the first is drawn.
        predicted: What the surrogate answers for it.
    """
    lines = all(view.lines for view in views(case.targets.domain))
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
    panels, domain = [], case.inputs.domain
    for variable, values in _channels(case.inputs, case.input_variables):
        edge = variable.support == "boundary" and not isinstance(case.inputs.domain, Grid)
        shown = point_views(case.inputs.domain, on_boundary=True) if edge else views(domain)
        scale = common_scale([_drawn(shown, values)], allow_phases=True)
        for view in shown:
            panels.append(_panel(f"Input {variable}", view, [values], scale, width))
    return panels or [_shape(view, width) for view in point_views(domain) if not view.lines]


def _drawn(shown: Sequence[View | PointView], values: np.ndarray) -> np.ndarray:
    """The values that are drawn: of padded ones those of the points."""
    return np.concatenate([view.of(values).ravel() for view in shown])


def _shape(view: PointView, width: float) -> Html:
    """The mesh, where the shape is the only input."""
    figure = blank(width, HEIGHT)
    view.draw_shape(figure, "Input: the shape")
    return picture(png(figure), "image/png", f"Shape with {len(view.domain)} points")


def _answer_rows(case: Samples, predicted: Field, width: float) -> list[list[Html]]:
    """One row of panels for each target channel and view."""
    truths = _channels(case.targets, case.target_variables)
    answers = _channels(predicted, case.target_variables)
    rows = []
    for (variable, truth), (_, answer) in zip(truths, answers):
        shown = views(case.targets.domain)
        gap, known = answer - truth, [_drawn(shown, values) for values in (truth, answer)]
        if isinstance(case.targets.domain, Grid):  # all of it, and not only the planes
            known = [truth, answer]
        common = common_scale(known)
        signed = error_scale(known[1] - known[0], common)
        for view in shown:
            error = _panel(f"Error in {variable}", view, [gap], signed, width)
            if view.lines:
                title = f"{variable}: truth and prediction"
                rows.append([_panel(title, view, [truth, answer], common, width), error])
                continue
            pair = (("Truth", truth), ("Prediction", answer))
            both = [_panel(f"{name} {variable}", view, [v], common, width) for name, v in pair]
            rows.append([*both, error])
    return rows


def _panel(
    title: str, view: View | PointView, arrays: Sequence[np.ndarray], scale: Scale, width: float
) -> Html:
    """One picture: the first function as colours on a plane, or all of them as lines."""
    parts = [view.of(array) for array in arrays]
    heading = f"{title}, {view.label}" if view.label else title
    figure = blank(width, HEIGHT)
    view.draw(figure, heading, parts, scale)
    if view.lines:
        return picture(svg(figure), "image/svg+xml", _describe(heading, parts[-1]))
    return picture(png(figure), "image/png", _describe(heading, parts[0]))


def _describe(title: str, part: np.ndarray) -> str:
    """Alternative text: what is drawn, with its range."""
    finite = part[np.isfinite(part)]
    if not finite.size:
        return f"{title}: no finite values"
    return f"{title}: from {number(float(finite.min()))} to {number(float(finite.max()))}"
