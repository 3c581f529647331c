"""Regions of space by their shapes: distances, samples, and boundaries in named parts."""

from fredholm.domains.geometry.ball import Ball, Disk
from fredholm.domains.geometry.box import Box, Interval, Rectangle
from fredholm.domains.geometry.combined import Difference, Intersection, Union
from fredholm.domains.geometry.ellipse import Ellipse
from fredholm.domains.geometry.polygon import Polygon
from fredholm.domains.geometry.region import Boundary, Region
from fredholm.domains.geometry.sampling import Method, fill_cube
from fredholm.domains.geometry.smooth import joined

__all__ = [
    "Ball",
    "Boundary",
    "Box",
    "Difference",
    "Disk",
    "Ellipse",
    "Intersection",
    "Interval",
    "Method",
    "Polygon",
    "Rectangle",
    "Region",
    "Union",
    "fill_cube",
    "joined",
]
