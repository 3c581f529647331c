"""Reference solvers in float64: time stepping, diffusion, linear systems."""

from fredholm.solvers.etdrk import ETDRK
from fredholm.solvers.runge_kutta import RungeKutta
from fredholm.solvers.solution import Solution
from fredholm.solvers.stepper import Stepper

__all__ = ["ETDRK", "RungeKutta", "Solution", "Stepper"]
