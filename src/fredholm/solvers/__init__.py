"""Reference solvers in float64: time stepping, diffusion, linear systems."""
