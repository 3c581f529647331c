"""Finite volumes for -div(a grad u) + c u = f: from functions on a grid to balance equations."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis, Grid
from fredholm.fields import Field
from fredholm.solvers.stencil import Stencil

End = Literal["value", "insulated", "periodic"]


@dataclass(frozen=True)
class Line:
    """One axis as the solver sees it: which of its points are unknown, and how it ends.

    Around each unknown lies a volume that reaches halfway to its neighbours. A prescribed value
    sits at the end of the interval: on a point of the grid, which is then not unknown, or beyond
    the last point at the distance `gap`.

    Args:
        axis: The axis of the grid.
        ends: What holds at the start and at the stop.

    Raises:
        ValueError: An insulated end that the axis has no volume boundary at, or no unknown left.
    """

    axis: Axis
    ends: tuple[End, End]

    def __post_init__(self) -> None:
        if self.axis.location == "left" and self.ends[1] == "insulated":
            raise ValueError(
                f"axis {self.axis.name!r} has no sample at its insulated end {self.axis.stop:g}; "
                'use a grid with location "cell" or "node"'
            )
        if self.count < 1:
            raise ValueError(f"no unknown is left on {self.axis}; use more points")

    @property
    def on_point(self) -> tuple[bool, bool]:
        """Whether the start and the stop of the interval are points of the grid."""
        node = self.axis.location in ("node", "left") and not self.axis.periodic
        return node, node and self.axis.location == "node"

    @property
    def first(self) -> int:
        """Number of the first unknown point."""
        return int(self.on_point[0] and self.ends[0] == "value")

    @property
    def count(self) -> int:
        """Unknowns along the axis."""
        return self.axis.size - self.first - int(self.on_point[1] and self.ends[1] == "value")

    @property
    def unknown(self) -> slice:
        """The unknown ones among the points."""
        return slice(self.first, self.first + self.count)

    def widths(self) -> Float[Tensor, "count"]:
        """Widths of the volumes around the unknowns: half of one where a wall is on a point."""
        widths = torch.full((self.count,), self.axis.spacing, dtype=torch.float64)
        for end, place in enumerate((0, -1)):
            if self.ends[end] == "insulated" and self.on_point[end]:
                widths[place] /= 2
        return widths

    def conductances(self, a: Tensor, number: int) -> Tensor:
        """Harmonic means over distance between neighbours along dimension `number` of a."""
        n, h = self.axis.size, self.axis.spacing
        before, after = a.narrow(number, 0, n - 1), a.narrow(number, 1, n - 1)
        inner = 2 * before * after / (before + after) / h
        first, last = a.narrow(number, 0, 1), a.narrow(number, n - 1, 1)
        if self.axis.periodic:
            wrap = 2 * first * last / (first + last) / h
            return torch.cat([wrap, inner, wrap], number)
        parts = [inner]
        # With the value on a point, the first face between points is that to the boundary.
        if not (self.on_point[0] and self.ends[0] == "value"):
            parts.insert(0, self._outermost(first, 0))
        if not (self.on_point[1] and self.ends[1] == "value"):
            parts.append(self._outermost(last, 1))
        return torch.cat(parts, number)

    def _outermost(self, a: Tensor, end: int) -> Tensor:
        if self.ends[end] == "insulated":
            return torch.zeros_like(a)
        gap = self.axis.spacing * (0.5 if self.axis.location == "cell" else 1.0)
        return a / gap


@dataclass(frozen=True, eq=False)
class Balance:
    """The linear systems of a diffusion problem, and the way back to functions on the grid.

    Args:
        grid: The grid of the coefficient.
        lines: Its axes with their ends.
        stencil: The matrices.
        sides: Right-hand sides.
        walls: Prescribed values by (axis, end), at all points across the axis, batch last; None
            where the end has none.
    """

    grid: Grid
    lines: tuple[Line, ...]
    stencil: Stencil
    sides: Float[Tensor, "*unknowns batch"]
    walls: dict[tuple[int, int], Tensor]

    def field(self, unknowns: Float[Tensor, "*unknowns batch"]) -> Field:
        """The function with these values in the interior and the prescribed ones on walls."""
        values = unknowns
        for number, line in enumerate(self.lines):
            # Walls of later axes are not attached yet, so the values lack their points there.
            across = tuple(later.unknown for later in self.lines[number + 1 :])
            cut = (slice(None),) * (number + 1) + across
            parts = [values]
            for end in (0, 1):
                if line.on_point[end] and line.ends[end] == "value":
                    wall = self.walls[number, end].unsqueeze(number)[cut]
                    wall = wall.expand(*wall.shape[:-1], values.shape[-1])
                    parts.insert(end * len(parts), wall)
            values = torch.cat(parts, number)
        return Field(values.movedim(-1, 0)[..., None], self.grid)


def balance(
    a: Field, f: Field, boundary: float | Field, c: float, insulated: Sequence[str]
) -> Balance:
    """Integrates -div(a grad u) + c u = f over the volume around each unknown."""
    grid = a.grid
    lines = tuple(Line(axis, _ends(axis, insulated)) for axis in grid.axes)
    inside = tuple(line.unknown for line in lines)
    coefficient, source = (_batch_last(u) for u in (a, f))
    faces, areas = [], [line.widths().to(coefficient) for line in lines]
    for number, line in enumerate(lines):
        strip = inside[:number] + (slice(None),) + inside[number + 1 :]
        between = line.conductances(coefficient[strip], number)
        for other, width in enumerate(areas):
            if other != number:
                between = between * _along(width, other, grid.dim)
        faces.append(between)
    volume = torch.ones((), dtype=torch.float64).to(coefficient)
    for number, width in enumerate(areas):
        volume = volume * _along(width, number, grid.dim)
    mass = c * volume.expand(*(line.count for line in lines), coefficient.shape[-1])
    walls = _walls(boundary, grid, lines, coefficient)
    sides = source[inside] * volume
    for (number, end), wall in walls.items():
        cut = inside[:number] + inside[number + 1 :]
        flux = faces[number].select(number, -end) * wall[cut]
        sides = _added(sides, flux, number, end)
    stencil = Stencil(tuple(faces), mass.contiguous(), tuple(axis.periodic for axis in grid.axes))
    batch = max(sides.shape[-1], coefficient.shape[-1])
    return Balance(grid, lines, stencil, sides.expand(*sides.shape[:-1], batch), walls)


def _added(sides: Tensor, flux: Tensor, number: int, end: int) -> Tensor:
    """Sides with what enters through one end of an axis."""
    inflow = flux.unsqueeze(number)
    shape = list(inflow.shape)
    shape[number] = sides.shape[number] - 1
    nothing = inflow.new_zeros(shape)
    parts = [inflow, nothing] if end == 0 else [nothing, inflow]
    return sides + torch.cat(parts, number)


def _ends(axis: Axis, insulated: Sequence[str]) -> tuple[End, End]:
    if axis.periodic:
        return "periodic", "periodic"
    return (
        "insulated" if f"{axis.name}-" in insulated else "value",
        "insulated" if f"{axis.name}+" in insulated else "value",
    )


def _batch_last(u: Field) -> Tensor:
    return u.values[..., 0].to(torch.float64).movedim(0, -1).contiguous()


def _along(vector: Tensor, number: int, dim: int) -> Tensor:
    """A vector along one axis of arrays (*points, batch)."""
    return vector.view([-1 if k == number else 1 for k in range(dim + 1)])


def _walls(
    boundary: float | Field, grid: Grid, lines: Sequence[Line], like: Tensor
) -> dict[tuple[int, int], Tensor]:
    """Prescribed values on each end, at all points across the axis."""
    walls = {}
    for number, line in enumerate(lines):
        if "value" not in line.ends:
            continue
        if isinstance(boundary, Field):
            two = replace(line.axis, size=2, location="node")
            ends = Grid.of(*grid.axes[:number], two, *grid.axes[number + 1 :])
            values = _batch_last(boundary.at(ends)).to(like)
        else:
            shape = [2 if k == number else n for k, n in enumerate(grid.shape)]
            values = torch.full((*shape, 1), float(boundary)).to(like)
        for end in (0, 1):
            if line.ends[end] == "value":
                walls[number, end] = values.select(number, end)
    return walls
