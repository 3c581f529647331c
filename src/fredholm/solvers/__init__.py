"""Reference solvers in float64: time stepping, collocation, diffusion, linear systems."""

from fredholm.solvers.etdrk import ETDRK
from fredholm.solvers.finite_elements import FiniteElements
from fredholm.solvers.pseudospectral import Pseudospectral
from fredholm.solvers.runge_kutta import RungeKutta
from fredholm.solvers.solution import Solution
from fredholm.solvers.stepper import Stepper

__all__ = ["ETDRK", "FiniteElements", "Pseudospectral", "RungeKutta", "Solution", "Stepper"]
