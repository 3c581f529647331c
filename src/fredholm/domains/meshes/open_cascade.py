"""Regions as shapes of OpenCASCADE, the geometry kernel of gmsh."""

from functools import singledispatch
from typing import Any

from fredholm.domains.geometry import (
    Ball,
    Box,
    Difference,
    Ellipse,
    Intersection,
    Polygon,
    Region,
    Union,
)

Tags = list[tuple[int, int]]


@singledispatch
def shape(region: Region, occ: Any, scale: float) -> Tags:
    """Adds a region, its lengths divided by the scale; returns dimensions and tags."""
    raise ValueError(
        f"a {type(region).__name__} cannot be meshed; boxes, balls, ellipses, polygons and their "
        "unions, intersections and differences can: state the shape as a Polygon"
    )


@shape.register
def _(region: Box, occ: Any, scale: float) -> Tags:
    corner = [start / scale for start, _ in region.bounds]
    sides = [(stop - start) / scale for start, stop in region.bounds]
    if region.dim == 2:
        return [(2, occ.addRectangle(*corner, 0.0, *sides))]
    return [(3, occ.addBox(*corner, *sides))]


@shape.register
def _(region: Ball, occ: Any, scale: float) -> Tags:
    centre, radius = [c / scale for c in region.centre], region.radius / scale
    if region.dim == 2:
        return [(2, occ.addDisk(*centre, 0.0, radius, radius))]
    return [(3, occ.addSphere(*centre, radius))]


@shape.register
def _(region: Ellipse, occ: Any, scale: float) -> Tags:
    (x, y), (a, b) = ([v / scale for v in pair] for pair in (region.centre, region.radii))
    # The longer half-axis comes first, along a direction of its own.
    along = [1.0, 0.0, 0.0] if a >= b else [0.0, 1.0, 0.0]
    return [(2, occ.addDisk(x, y, 0.0, max(a, b), min(a, b), zAxis=[0.0, 0.0, 1.0], xAxis=along))]


@shape.register
def _(region: Polygon, occ: Any, scale: float) -> Tags:
    corners = [occ.addPoint(x / scale, y / scale, 0.0) for x, y in region.vertices]
    edges = [occ.addLine(a, b) for a, b in zip(corners, [*corners[1:], corners[0]])]
    return [(2, occ.addPlaneSurface([occ.addCurveLoop(edges)]))]


@shape.register
def _(region: Union, occ: Any, scale: float) -> Tags:
    return occ.fuse(shape(region.first, occ, scale), shape(region.second, occ, scale))[0]


@shape.register
def _(region: Intersection, occ: Any, scale: float) -> Tags:
    return occ.intersect(shape(region.first, occ, scale), shape(region.second, occ, scale))[0]


@shape.register
def _(region: Difference, occ: Any, scale: float) -> Tags:
    return occ.cut(shape(region.first, occ, scale), shape(region.second, occ, scale))[0]
