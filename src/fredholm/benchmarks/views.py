"""What of a function of several coordinates can be drawn: lines, planes and meshes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fredholm.benchmarks.panels import draw_lines, draw_plane, label
from fredholm.benchmarks.point_views import PointView, point_views
from fredholm.benchmarks.scales import Scale
from fredholm.domains import Axis, Domain, Grid

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase

NAMES = ("truth", "prediction")
"""What two functions in one panel are, unless something else is said."""


@dataclass(frozen=True)
class View:
    """A line or a plane through a grid.

    Args:
        label: Where it lies, such as `z = 0.5`; empty where it is the whole grid.
        index: For each axis of the grid, the number of the kept sample or all of them.
        axes: The axis of the line, or the horizontal and the vertical axis of the plane.
        transposed: The vertical axis is the later one of the grid.
    """

    label: str
    index: tuple[int | slice, ...]
    axes: tuple[Axis, ...]
    transposed: bool = False

    @property
    def lines(self) -> bool:
        """Whether functions are drawn as lines, so that two find place in one panel."""
        return len(self.axes) == 1

    def draw(
        self,
        figure: "FigureBase",
        title: str,
        parts: Sequence[np.ndarray],
        scale: Scale,
        names: Sequence[str] = NAMES,
    ) -> None:
        """The first function as colours on a plane, or all of them as lines."""
        if self.lines:
            (axis,) = self.axes
            draw_lines(figure, title, axis.points().numpy(), label(axis), parts, scale, names)
        else:
            draw_plane(figure, title, self.axes, parts[0], scale)

    def of(self, values: np.ndarray) -> np.ndarray:
        """The part of an array over the grid: (n,) or (vertical, horizontal)."""
        part = values[self.index]
        return part.T if self.transposed else part


def views(domain: Domain) -> Sequence[View | PointView]:
    """What shows a function, of a batch of domains the first."""
    return _grid_views(domain) if isinstance(domain, Grid) else point_views(domain)


def _grid_views(grid: Grid) -> list[View]:
    """Lines and planes that show the whole of a function, or its middle.

    In one dimension a line, and with time the plane (x, t), time upwards; in two the plane (x, y),
    at the first, middle and last time where there is time; in three the middle planes. Where all
    axes but one have a single point, a line.
    """
    long = [number for number, axis in enumerate(grid.axes) if axis.size > 1]
    if len(long) == 1 < grid.dim:
        index = tuple(slice(None) if number in long else 0 for number in range(grid.dim))
        return [View("", index, (grid.axes[long[0]],))]
    space = [number for number, axis in enumerate(grid.axes) if axis.name != "t"]
    times = [number for number, axis in enumerate(grid.axes) if axis.name == "t"]
    if len(space) + len(times) == 1:
        return [View("", (slice(None),), grid.axes)]
    if len(space) == 1:
        return [_plane(grid, {}, (space[0], times[0]))]
    moments = [{}]
    if times:
        last = grid.axes[times[0]].size - 1
        moments = [{times[0]: frame} for frame in sorted({0, last // 2, last})]
    pairs = [(space[0], space[1])]
    if len(space) == 3 and not times:
        pairs = [(0, 1), (0, 2), (1, 2)]
    return [_plane(grid, fixed, pair) for fixed in moments for pair in pairs]


def _plane(grid: Grid, fixed: dict[int, int], plane: tuple[int, int]) -> View:
    """The plane of two axes; the others stand still, in the middle where nothing else is said."""
    others = [number for number in range(grid.dim) if number not in plane]
    still = {number: fixed.get(number, grid.axes[number].size // 2) for number in others}
    label = ", ".join(_place(grid.axes[number], sample) for number, sample in still.items())
    index = tuple(still.get(number, slice(None)) for number in range(grid.dim))
    horizontal, vertical = plane
    axes = (grid.axes[horizontal], grid.axes[vertical])
    return View(label, index, axes, transposed=vertical > horizontal)


def _place(axis: Axis, sample: int) -> str:
    units = f" {axis.units}" if axis.units not in ("", "1") else ""
    return f"{axis.name} = {float(axis.points()[sample]):.3g}{units}"
