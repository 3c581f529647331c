"""From data back to what made them: equations and their coefficients."""

from fredholm.inverse.discovery import Discovered, candidate_terms, discover_equation
from fredholm.inverse.identify import identify, monomials, restated
from fredholm.inverse.inversion import Inversion
from fredholm.inverse.invert import invert
from fredholm.inverse.trajectory_fit import TrajectoryFit, fit_trajectory

__all__ = [
    "Discovered",
    "Inversion",
    "TrajectoryFit",
    "candidate_terms",
    "discover_equation",
    "fit_trajectory",
    "identify",
    "invert",
    "monomials",
    "restated",
]
