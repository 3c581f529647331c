"""Reference solvers in float64: time stepping, diffusion, linear systems."""

from fredholm.solvers.stepper import Stepper

__all__ = ["Stepper"]
