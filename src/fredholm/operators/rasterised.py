"""Grid operators on scattered points, by way of a background grid."""

from dataclasses import replace
from typing import Self

import torch
from jaxtyping import Float
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains import (
    Domain,
    Grid,
    PointCloud,
    Scattered,
    Stack,
    Unstructured,
    behind_time_of,
    over_time,
    space_of,
    stacked,
    time_of,
)
from fredholm.fields import NOTHING, Field, Given, Signature, Variable
from fredholm.operators.closed_form import ClosedForm
from fredholm.operators.operator import Operator

_POINTS = {1: 256, 2: 48, 3: 24}
"""Points of a background grid along its longest side, by dimension."""
_MARGIN = 0.02
"""How far a background grid reaches beyond the shapes, relative to its longest side."""


class Rasterised(Operator):
    """Serves functions on clouds and meshes with an operator that is at home on a grid.

    The functions are evaluated at the points of a background grid that holds all shapes; beyond a
    shape they go on with the value of its nearest point. One further channel says where the shape
    is: the distance from its boundary, positive inside. The answer is interpolated back. What the
    grid does not resolve is lost twice: the error has a floor that no training removes.

    Args:
        operator: Takes the channels of the inputs and one more, on `grid`.
        grid: The background grid.
    """

    def __init__(self, operator: Operator, grid: Grid) -> None:
        super().__init__()
        self.operator = operator
        self.grid = grid

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        image = self.operator(with_shape(u, self.grid), given)
        return read_off(image, at or behind_time_of(u.domain, image.domain))

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        sides = with_shape(u, self.grid), rasterised(target, self.grid)
        return self.operator.terms(*sides, given, generator=generator)


class RasterisedFit(ClosedForm):
    """The same for an operator that is fitted by one call.

    Args:
        operator: Takes the channels of the inputs and one more, on `grid`.
        grid: The background grid.
    """

    def __init__(self, operator: ClosedForm, grid: Grid) -> None:
        super().__init__()
        self.operator = operator
        self.grid = grid

    def fit(self, inputs: Field, targets: Field) -> Self:
        self.operator.fit(with_shape(inputs, self.grid), rasterised(targets, self.grid))
        return self

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        image = self.operator(with_shape(u, self.grid), given)
        return read_off(image, at or behind_time_of(u.domain, image.domain))


def read_off(image: Field, at: Domain) -> Field:
    """Functions on a grid evaluated at scattered points; beyond the grid at its nearest point.

    A new shape may be larger than all that the grid was made for.
    """
    space = space_of(at)
    if not isinstance(space, Unstructured | Stack):
        return image.at(at)
    bounds = tuple(
        (float(axis.points()[0]), float(axis.points()[-1]))
        for axis in image.grid.axes
        if axis.name != "t"
    )
    if isinstance(space, Stack):
        near: Domain = Stack(tuple(m.remembered(_moved_within, bounds) for m in space.members))
    else:
        near = space.remembered(_moved_within, bounds)
    return Field(image.at(behind_time_of(near, at)).values, at)


def _moved_within(domain: Unstructured, bounds: tuple[tuple[float, float], ...]) -> Unstructured:
    """The points moved to the nearest ones of a box; the domain itself where it lies within."""
    low, high = (torch.tensor(ends, dtype=torch.float64) for ends in zip(*bounds))
    coords = torch.minimum(torch.maximum(domain.coords, low), high)
    if torch.equal(coords, domain.coords):
        return domain
    return PointCloud(coords, domain.weights(), names=domain.names, units=domain.units)


def background(points: Scattered) -> Grid:
    """The grid behind scattered points: square cells over the box that holds all shapes, and time.

    Args:
        points: What a signature says of the points.
    """
    longest = max(high - low for low, high in points.bounds)
    margin = _MARGIN * longest
    extent = [(low - margin, high + margin) for low, high in points.bounds]
    most = _POINTS.get(len(extent), 12)
    spacing = (longest + 2 * margin) / (most - 1)
    shape = [max(4, round((high - low) / spacing) + 1) for low, high in extent]
    space = Grid(shape, extent, names=points.axis_names, units=points.units)
    grid = space if points.time is None else over_time(points.time, space)
    assert isinstance(grid, Grid)
    return grid


def on_background(signature: Signature) -> Signature:
    """The signature of what an operator behind a background grid has to do."""
    sides = []
    for points in (signature.input_domain, signature.target_domain):
        sides.append(background(points) if isinstance(points, Scattered) else points)
    depth = Variable("depth", "1", "distance from the boundary, positive inside")
    return replace(
        signature,
        input_domain=sides[0],
        target_domain=sides[1],
        inputs=(*signature.inputs, depth),
    )


def rasterised(u: Field, grid: Grid) -> Field:
    """Functions on scattered points evaluated on a background grid; their times stay.

    Args:
        u: The functions.
        grid: A grid of space.
    """
    time = time_of(u.domain)
    if time is None:
        return u.at(grid)
    space = space_of(u.domain)
    flat = u.values.movedim(1, -2)  # the times become channels: they are not interpolated
    frames = Field(flat.flatten(-2), space).at(grid).values.unflatten(-1, flat.shape[-2:])
    return Field(frames.movedim(-2, 1), over_time(time, grid))


def with_shape(u: Field, grid: Grid) -> Field:
    """The functions on a background grid, with the distance from the boundary as last channel."""
    domains = stacked(space_of(u.domain), len(u))
    distance = torch.stack([m.remembered(depth_on, grid) for m in domains.members])
    values = rasterised(u, grid).values if u.channels else u.values.new_zeros(*distance.shape, 0)
    return Field(torch.cat([values, distance[..., None].to(values)], dim=-1), grid)


def depth_on(domain: Unstructured, grid: Grid) -> Float[Tensor, "*points"]:
    """Distance of grid points from the boundary of a domain, positive inside.

    In units of half the longest side of the grid, so that it is of order one. Inside and outside
    are told apart by the normal of the nearest boundary point. A cloud without boundary points has
    no inside: it gives minus the distance from its nearest point.
    """
    unit = max(axis.length for axis in grid.axes) / 2
    points = grid.points().reshape(-1, grid.dim)
    edge = domain.boundary
    tree = KDTree(domain.coords[edge] if len(edge) else domain.coords)
    distance, nearest = (torch.from_numpy(found) for found in tree.query(points.numpy()))
    inside = torch.zeros(len(points), dtype=torch.bool)
    if len(edge):
        away = points - domain.coords[edge][nearest]
        inside = (away * domain.normals[edge][nearest]).sum(-1) < 0
    depth = torch.where(inside, distance, -distance) / unit
    return depth.reshape(grid.shape)
