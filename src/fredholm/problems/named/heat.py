"""Heat conduction on a periodic line."""

from fredholm.domains import Grid
from fredholm.equations import dt, eq, field, lap, param
from fredholm.fields import Field
from fredholm.problems.fourier import propagated, rates, time_axis
from fredholm.problems.priors import GaussianField
from fredholm.problems.problem import Problem


def heat(
    *,
    nu: float = 0.01,
    horizon: float = 0.5,
    frames: int = 0,
    alpha: float = 2.0,
    tau: float = 5.0,
    sigma: float = 25.0,
) -> Problem:
    """Heat conduction: ∂ₜu = ν ∂²ₓu on the periodic unit interval.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory.

    Args:
        nu: Diffusivity ν.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        alpha, tau, sigma: Distribution of the initial state (see `GaussianField`).

    Expect: every Fourier mode decays like exp(-ν k² t); the mean stays.
    """
    u, diffusivity = field("u"), param("nu", nu, positive=True)
    return Problem(
        key="heat",
        title="Heat conduction",
        equations={"u": eq(dt(u), diffusivity * lap(u))},
        domain=Grid((256,), periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": GaussianField(alpha, tau, sigma)},
        symmetries=("translations",),
        conserved={"mass": u},
        exact=decayed,
        reference="exact solution: Fourier series",
    )


def decayed(problem: Problem, inputs: Field, grid: Grid) -> Field:
    """û(t, k) = exp(-ν k² t) û₀(k) of the trigonometric interpolant."""
    k = rates(inputs.grid)[0]
    return propagated(problem, inputs, grid, -problem.parameters["nu"] * k**2)
