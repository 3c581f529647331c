"""Viscous Burgers in two dimensions: a velocity that carries itself."""

from fredholm.domains import Grid
from fredholm.equations import advect, dt, eq, field, lap, param, vector
from fredholm.problems.fourier import time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def burgers2d(
    *,
    nu: float = 0.01,
    horizon: float = 0.5,
    frames: int = 0,
    modes: int = 3,
    amplitude: float = 0.5,
) -> Problem:
    """Viscous Burgers in two dimensions: ∂ₜu + (u·∇)u = ν Δu for a velocity (u, v).

    On the periodic unit square; everything is dimensionless. The task is the map from the velocity
    at time zero to that at the horizon, or to the frames of the trajectory.

    Args:
        nu: Viscosity ν.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber of the initial velocity along each axis.
        amplitude: Standard deviation of each of its components.

    Expect: fronts of width about ν/|u| that meet in points and then decay.
    Fails when: the viscosity is so small that a front needs more than 1024 points.

    Reference:
        Burgers, Adv. Appl. Mech. 1, 1948; Bec and Khanin, Phys. Rep. 447, 2007.
    """
    u, v, viscosity = field("u"), field("v"), param("nu", nu, positive=True)
    velocity = vector(u, v)
    return Problem(
        key="burgers2d",
        title="Viscous Burgers in two dimensions",
        equations={
            "u": eq(dt(u) + advect(velocity, u), viscosity * lap(u)),
            "v": eq(dt(v) + advect(velocity, v), viscosity * lap(v)),
        },
        domain=Grid((64, 64), periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes, amplitude), "v": FourierSeries(modes, amplitude)},
        symmetries=("translations",),
        reference="Bec and Khanin, Phys. Rep. 447, 2007",
    )
