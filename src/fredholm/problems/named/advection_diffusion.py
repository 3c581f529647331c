"""Advection and diffusion on a periodic line."""

from fredholm.domains import Grid
from fredholm.equations import div, dt, eq, field, lap, param
from fredholm.fields import Field
from fredholm.problems.fourier import propagated, rates, time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def advection_diffusion(
    *,
    speed: float = 1.0,
    nu: float = 0.01,
    horizon: float = 0.5,
    frames: int = 0,
    modes: int = 5,
    amplitude: float = 1.0,
) -> Problem:
    """Advection and diffusion: ∂ₜu + ∂ₓ(c u) = ν ∂²ₓu on the periodic unit interval.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory.

    Args:
        speed: Velocity c.
        nu: Diffusivity ν.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber of the initial state.
        amplitude: Standard deviation of the initial state.

    Expect: every Fourier mode moves by c t and decays like exp(-ν k² t).
    """
    u, c, diffusivity = field("u"), param("c", speed), param("nu", nu, positive=True)
    return Problem(
        key="advection_diffusion",
        title="Advection and diffusion",
        equations={"u": eq(dt(u) + div(c * u), diffusivity * lap(u))},
        domain=Grid((256,), periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes, amplitude)},
        symmetries=("translations",),
        conserved={"mass": u},
        exact=moved,
        reference="exact solution: Fourier series",
    )


def moved(problem: Problem, inputs: Field, grid: Grid) -> Field:
    """û(t, k) = exp(-(ick + νk²) t) û₀(k) of the trigonometric interpolant."""
    k, values = rates(inputs.grid)[0], problem.parameters
    return propagated(problem, inputs, grid, -1j * values["c"] * k - values["nu"] * k**2)
