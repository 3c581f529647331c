"""Where functions live: grids now; clouds and meshes take the same place."""

from fredholm.domains.axis import Axis
from fredholm.domains.domain import Domain
from fredholm.domains.grid import Grid
from fredholm.domains.transfer import interpolation_matrix, resample

__all__ = ["Axis", "Domain", "Grid", "interpolation_matrix", "resample"]
