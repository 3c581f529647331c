"""Linear advection on a periodic line."""

from fredholm.domains import Grid
from fredholm.equations import div, dt, eq, field, param
from fredholm.fields import Field
from fredholm.problems.fourier import propagated, rates, time_axis
from fredholm.problems.priors import GaussianField
from fredholm.problems.problem import Problem


def advection(
    *,
    speed: float = 1.0,
    horizon: float = 0.5,
    frames: int = 0,
    alpha: float = 2.0,
    tau: float = 5.0,
    sigma: float = 25.0,
) -> Problem:
    """Advection: ∂ₜu + ∂ₓ(c u) = 0 on the periodic unit interval.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory.

    Args:
        speed: Velocity c.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        alpha, tau, sigma: Distribution of the initial state (see `GaussianField`).

    Expect: the initial state, shifted by c t.
    """
    u, c = field("u"), param("c", speed)
    return Problem(
        key="advection",
        title="Linear advection",
        equations={"u": eq(dt(u) + div(c * u))},
        domain=Grid((256,), periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": GaussianField(alpha, tau, sigma)},
        symmetries=("translations",),
        conserved={"mass": u},
        exact=shifted,
        reference="exact solution: the shifted initial state",
    )


def shifted(problem: Problem, inputs: Field, grid: Grid) -> Field:
    """u(t, x) = u₀(x - c t) of the trigonometric interpolant."""
    k = rates(inputs.grid)[0]
    return propagated(problem, inputs, grid, -1j * problem.parameters["c"] * k)
