"""Diffusion in a periodic box of one to three dimensions."""

import torch

from fredholm.domains import Grid
from fredholm.equations import dt, eq, field, lap, param
from fredholm.fields import Field
from fredholm.problems.fourier import periodic_box, propagated, rates, time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def diffusion(
    *,
    dim: int = 1,
    nu: float = 0.01,
    horizon: float = 0.5,
    frames: int = 0,
    modes: int = 5,
    amplitude: float = 1.0,
) -> Problem:
    """Diffusion: ∂ₜu = ν Δu on the periodic unit interval, square or cube.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory.

    Args:
        dim: Dimensions of space, 1 to 3.
        nu: Diffusivity ν.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber of the initial state along each axis.
        amplitude: Standard deviation of the initial state.

    Expect: every Fourier mode decays like exp(-ν k² t); the mean stays.

    Raises:
        ValueError: A dimension other than 1, 2 and 3.
    """
    u, diffusivity = field("u"), param("nu", nu, positive=True)
    return Problem(
        key="diffusion",
        title="Diffusion",
        equations={"u": eq(dt(u), diffusivity * lap(u))},
        domain=periodic_box({1: 256, 2: 64}.get(dim, 32), 1.0, dim),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes, amplitude)},
        symmetries=("translations",),
        conserved={"mass": u},
        exact=decayed,
        reference="exact solution: Fourier series",
    )


def decayed(problem: Problem, inputs: Field, grid: Grid) -> Field:
    """û(t, k) = exp(-ν |k|² t) û₀(k) of the trigonometric interpolant."""
    square = sum((k**2 for k in rates(inputs.grid)), torch.zeros(()))
    return propagated(problem, inputs, grid, -problem.parameters["nu"] * square)
