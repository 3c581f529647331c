"""Where functions live: grids of samples, and regions with boundaries in named parts."""

from fredholm.domains.axis import Axis
from fredholm.domains.domain import Domain
from fredholm.domains.geometry import (
    Ball,
    Boundary,
    Box,
    Disk,
    Ellipse,
    Interval,
    Polygon,
    Rectangle,
    Region,
    joined,
)
from fredholm.domains.grid import Grid
from fredholm.domains.transfer import interpolation_matrix, resample

__all__ = [
    "Axis",
    "Ball",
    "Boundary",
    "Box",
    "Disk",
    "Domain",
    "Ellipse",
    "Grid",
    "Interval",
    "Polygon",
    "Rectangle",
    "Region",
    "interpolation_matrix",
    "joined",
    "resample",
]
