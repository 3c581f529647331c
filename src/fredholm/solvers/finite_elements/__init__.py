"""Finite elements on meshes: weak forms that are derived from the statement of a problem."""

from fredholm.solvers.finite_elements.solver import FiniteElements
from fredholm.solvers.finite_elements.weak_form import weak_form

__all__ = ["FiniteElements", "weak_form"]
