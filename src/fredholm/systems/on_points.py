"""What the cards of integral operators on points make of a task."""

import math

from fredholm.domains import Grid, Scattered
from fredholm.layers import PointFeatures, box_axes
from fredholm.systems.card import Task


def point_features(task: Task, *, coordinates: bool) -> PointFeatures:
    """What a network is told of the points: places if asked, and which inputs the boundary has."""
    return PointFeatures(
        box_axes(task.signature.input_domain),
        coordinates=coordinates,
        boundary_channels=task.boundary_channels if task.bounded else (),
    )


def ball_radius(where: Grid | Scattered, points: int) -> float:
    """Radius of balls that hold about so many points, where the samples have most of them.

    Shapes fill part of their box: there a ball holds a few more. It is at most half the longest
    side, because on a periodic axis a larger one would meet itself.

    Args:
        where: Where samples live.
        points: How many points a ball holds, in the mean.

    Raises:
        ValueError: Fewer than two points are wanted.
    """
    if points < 2:
        raise ValueError(f"a ball has at least 2 points, its middle counted, got {points}")
    if isinstance(where, Grid):
        sides, total = [axis.length for axis in where.axes], math.prod(where.shape)
    else:
        sides, total = [high - low for low, high in where.bounds], where.size
    dim = len(sides)
    unit = math.pi ** (dim / 2) / math.gamma(dim / 2 + 1)
    volume = math.prod(sides) * points / total
    return min((volume / unit) ** (1 / dim), max(sides) / 2)
