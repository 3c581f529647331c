"""One solution as a picture: beside the reference, with its residual and how it was found."""

import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from fredholm.benchmarks.canvas import LOSS, PREDICTION, blank, drawing, log_y, png
from fredholm.benchmarks.panels import LINE, TITLE
from fredholm.benchmarks.pictures import HEIGHT
from fredholm.benchmarks.point_views import PointView
from fredholm.benchmarks.scales import Scale, common_scale, error_scale
from fredholm.benchmarks.views import View, views
from fredholm.fields import Field, Variable
from fredholm.training import Record, write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure, FigureBase

_WIDTH = 3.1
"""Inches of a panel."""
_LINE_HEIGHT, _LETTERS, _BOLD = 0.2, 42, 36
"""Inches of a line of the heading, and letters of it above each panel, usual and bold ones."""
_CHANNELS = 3
"""Unknowns that are drawn."""
_BULK = 0.99
"""Share of the residuals that the colours tell apart: a few large ones would hide the others."""

Draw = Callable[["FigureBase"], None]


@dataclass(frozen=True, eq=False)
class Shown:
    """What a picture of a solution shows.

    Args:
        title: What was solved.
        caption: What is known of the error.
        solution: One function on a grid, a channel for each unknown.
        variables: Their labels.
        reference: The exact or the numerical solution on the same grid.
        residuals: By equation, left - right on the same grid.
        record: The story of the training.
    """

    title: str
    caption: str
    solution: Field
    variables: tuple[Variable, ...]
    reference: Field | None = None
    residuals: Mapping[str, Field] = field(default_factory=dict)
    record: Record | None = None


def draw_solution(shown: Shown, path: Path) -> None:
    """Writes the picture as a PNG file, at once or not at all.

    With a reference, solution, reference and difference stand side by side; without one, all
    panels follow one another.

    Raises:
        DataError: It cannot be written.
    """
    groups = [*_functions(shown)]
    # Pairs of lines stand in twos, everything else in threes.
    across = 2 if all(len(group) == 2 for group in groups) else 3
    rows = [group for group in groups if len(group) == across]
    loose = [draw for group in groups if len(group) < across for draw in group]
    loose += [*_residuals(shown), *_history(shown)]
    rows += [loose[start : start + across] for start in range(0, len(loose), across)]
    columns = max(map(len, rows))
    lines = [
        (line, weight)
        for text, letters, weight in (
            (shown.title, _BOLD, "bold"),
            (shown.caption, _LETTERS, "normal"),
        )
        for line in textwrap.wrap(text, letters * columns)
    ]
    with drawing():
        content = png(_figure(rows, columns, lines))
    write_atomically(path, lambda partial: partial.write_bytes(content))


def _figure(
    rows: Sequence[Sequence[Draw]], columns: int, lines: Sequence[tuple[str, str]]
) -> "Figure":
    """The panels in rows under a heading: its lines, each with the weight of its letters."""
    head, body = _LINE_HEIGHT * (len(lines) + 1), HEIGHT * len(rows)
    figure = blank(_WIDTH * columns, head + body)
    halves: Any = figure.subfigures(2, 1, height_ratios=[head, body])
    top, below = halves
    for number, (line, weight) in enumerate(lines):
        top.text(
            0.06 / columns, 1 - (number + 0.9) / (len(lines) + 1), line, va="center", weight=weight
        )
    panels = below.subfigures(len(rows), columns, squeeze=False)
    for row, places in zip(rows, panels):
        for draw, place in zip(row, places):
            draw(place)
    return figure


def _functions(shown: Shown) -> Iterator[list[Draw]]:
    """The panels that belong together: those of one view of one unknown."""
    for channel, variable in enumerate(shown.variables[:_CHANNELS]):
        mine = _values(shown.solution, channel)
        truth = None if shown.reference is None else _values(shown.reference, channel)
        scale = common_scale([mine] if truth is None else [truth, mine])
        for view in views(shown.solution.domain):
            if truth is None:
                yield [_panel(f"Solution {variable}", view, [mine], scale)]
            else:
                yield _compared(str(variable), view, mine, truth, scale)


def _compared(
    name: str, view: View | PointView, mine: np.ndarray, truth: np.ndarray, scale: Scale
) -> list[Draw]:
    """Solution, reference and difference; the first two in one panel where they are lines."""
    gap = mine - truth
    difference = _panel(f"Difference in {name}", view, [gap], error_scale(gap, scale))
    if view.lines:
        return [_panel(f"Reference and solution {name}", view, [truth, mine], scale), difference]
    return [
        _panel(f"Solution {name}", view, [mine], scale),
        _panel(f"Reference {name}", view, [truth], scale),
        difference,
    ]


def _residuals(shown: Shown) -> Iterator[Draw]:
    """left - right of each equation, as colours or lines about zero."""
    for name, residual in [*shown.residuals.items()][:_CHANNELS]:
        values = _values(residual, 0)
        sizes = np.abs(values[np.isfinite(values)])
        largest = float(np.quantile(sizes, _BULK)) if sizes.size else 0.0
        scale = Scale("RdBu_r", -largest or -1.0, largest or 1.0)
        for view in views(residual.domain):
            yield _panel(f"Residual of {name}", view, [values], scale)


def _history(shown: Shown) -> Iterator[Draw]:
    """The loss at the points of the training and at fresh ones, over the seconds."""
    record = shown.record
    if record is None or not record.history:
        return
    looks = record.history
    seconds, losses = [look.seconds for look in looks], [look.loss for look in looks]
    fresh = [(look.seconds, look.validation) for look in looks if look.validation is not None]

    def draw(figure: "FigureBase") -> None:
        axes = figure.add_axes(LINE)
        axes.plot(seconds, losses, color=LOSS, marker=".", label="at the points")
        if fresh:
            axes.plot(*zip(*fresh), "--", color=PREDICTION, label="at fresh points")
        log_y(axes, [*losses, *(value for _, value in fresh)])
        axes.set_xlabel("seconds of training")
        axes.set_title("Loss", y=TITLE)
        axes.grid(True)
        axes.legend()

    yield draw


def _values(u: Field, channel: int) -> np.ndarray:
    return u.values[0, ..., channel].detach().cpu().double().numpy()


def _panel(title: str, view: View | PointView, arrays: Sequence[np.ndarray], scale: Scale) -> Draw:
    """What draws functions as colours on a plane, or as lines."""
    heading = f"{title}, {view.label}" if view.label else title
    parts = [view.of(array) for array in arrays]

    def draw(figure: "FigureBase") -> None:
        view.draw(figure, heading, parts, scale, ("reference", "solution"))

    return draw
