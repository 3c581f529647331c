"""What of a function on scattered points can be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from fredholm.benchmarks.panels import (
    draw_cells,
    draw_facets,
    draw_lines,
    draw_shape,
    labelled,
)
from fredholm.benchmarks.scales import Scale
from fredholm.domains import Domain, Mesh, Stack, Unstructured, space_of, time_of

if TYPE_CHECKING:
    from matplotlib.figure import FigureBase

_SLAB = 0.1
"""Part of the third coordinate that a cut through a cloud or a mesh in space takes in."""


@dataclass(frozen=True, eq=False)
class PointView:
    """A mesh or a cloud, at one time where there are several; in three dimensions a cut through it.

    Args:
        label: When and where, such as `t = 0.5`; empty where it is all.
        domain: The mesh or cloud.
        frame: Number of the time, where there are several.
        plane: The two coordinates that are drawn, or the only one.
        chosen: Numbers of the points that are drawn.
        on_boundary: Draw the boundary alone.
    """

    label: str
    domain: Unstructured
    frame: int | None
    plane: tuple[int, ...]
    chosen: np.ndarray
    on_boundary: bool = False

    @property
    def lines(self) -> bool:
        """Whether functions are drawn as lines, so that two find place in one panel."""
        return len(self.plane) == 1

    def of(self, values: np.ndarray) -> np.ndarray:
        """The values at the points that are drawn, without padding."""
        return (values if self.frame is None else values[self.frame])[self.chosen]

    def draw(
        self,
        figure: "FigureBase",
        title: str,
        parts: Sequence[np.ndarray],
        scale: Scale,
        names: Sequence[str] = ("truth", "prediction"),
    ) -> None:
        """The first function in colours, or all of them as lines over the only coordinate."""
        points, labels = self._points()
        if self.lines:
            draw_lines(figure, title, points[:, 0], labels[0], parts, scale, names)
        elif self.on_boundary and isinstance(self.domain, Mesh):
            facets = torch.cat([*self.domain.facets.values()]).numpy()
            shape = points, self._triangles(), facets
            draw_facets(figure, title, *shape, (labels[0], labels[1]), parts[0], scale)
        else:
            shape = points, self._triangles()
            draw_cells(figure, title, *shape, (labels[0], labels[1]), parts[0], scale)

    def draw_shape(self, figure: "FigureBase", title: str) -> None:
        """The shape alone."""
        points, labels = self._points()
        draw_shape(figure, title, points, self._triangles(), (labels[0], labels[1]))

    def _points(self) -> tuple[np.ndarray, list[str]]:
        points = self.domain.coords.numpy()[self.chosen][:, list(self.plane)]
        names = [labelled(self.domain.names[k], self.domain.units[k]) for k in self.plane]
        return points, names

    def _triangles(self) -> np.ndarray | None:
        flat = isinstance(self.domain, Mesh) and self.domain.dim == 2
        return self.domain.cells.numpy() if flat else None  # type: ignore[union-attr]


def point_views(domain: Domain, *, on_boundary: bool = False) -> list[PointView]:
    """What shows a function on scattered points: of a batch of domains the first.

    A trajectory is shown at its first, middle and last time; of three dimensions the points about
    the three middle planes.

    Args:
        domain: A mesh, a cloud, a stack of them, or one of these in time.
        on_boundary: Show the boundary alone, where the domain is a mesh of the plane.
    """
    space, time = space_of(domain), time_of(domain)
    first = space.members[0] if isinstance(space, Stack) else space
    assert isinstance(first, Unstructured)
    moments: list[tuple[str, int | None]] = [("", None)]
    if time is not None:
        unit = f" {time.units}" if time.units not in ("", "1") else ""
        frames = sorted({0, (time.size - 1) // 2, time.size - 1})
        moments = [(f"t = {float(time.points()[k]):.3g}{unit}", k) for k in frames]
    return [
        PointView(", ".join(filter(None, (when, where))), first, frame, plane, chosen, on_boundary)
        for when, frame in moments
        for where, plane, chosen in _cuts(first)
    ]


def _cuts(domain: Unstructured) -> list[tuple[str, tuple[int, ...], np.ndarray]]:
    """Labels, coordinates and points of what is drawn of a domain."""
    points = domain.coords.numpy()
    if domain.dim == 1:
        return [("", (0,), points[:, 0].argsort(kind="stable"))]
    if domain.dim == 2:
        return [("", (0, 1), np.arange(len(points)))]
    cuts = []
    for across in (2, 1, 0):
        low, high = domain.bounds[across]
        middle = (low + high) / 2
        near = np.abs(points[:, across] - middle) <= _SLAB / 2 * (high - low)
        plane = tuple(k for k in range(3) if k != across)
        cuts.append((f"{domain.names[across]} ≈ {middle:.3g}", plane, np.flatnonzero(near)))
    return cuts
