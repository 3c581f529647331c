"""A wave carried fast around a circle."""

import math

from fredholm.domains import Grid
from fredholm.equations import coords, div, dt, eq, exp, field, lap, param, sin
from fredholm.problems.closed_form import ClosedForm
from fredholm.problems.fourier import time_axis
from fredholm.problems.problem import Problem


def convection(
    *, speed: float = 30.0, nu: float = 0.0, horizon: float = 1.0, frames: int = 101
) -> Problem:
    """Convection: ∂ₜu + ∂ₓ(c u) = ν ∂²ₓu on the circle [0, 2π], u(0, x) = sin x.

    Everything is dimensionless. Nothing varies: the task is to find this one solution, and the
    problem is linear; `advection_diffusion` is the family with random initial states.

    Args:
        speed: Velocity c.
        nu: Diffusivity ν; 0 for none.
        horizon: Final time.
        frames: Number of frames of the target, both ends included.

    Expect: u = exp(-νt) sin(x - ct).
    Fails when: c exceeds about 20: a network trained on all times at once then finds a wave that
        fades.

    Raises:
        ValueError: A negative diffusivity.

    Reference:
        Krishnapriyan et al., NeurIPS 2021, arXiv:2109.01050: c = 1 to 40 without diffusion.
        Mojgani, Balajewicz and Hassanzadeh, Comput. Methods Appl. Mech. Eng. 404, 2023: ν = 0.01.
    """
    if nu < 0:
        raise ValueError(f"the diffusivity is not negative, got {nu:g}")
    (x, t), u, c = coords("x t"), field("u"), param("c", speed)
    diffusivity = param("nu", nu, positive=True) if nu else 0.0
    return Problem(
        key="convection",
        title="A wave carried around a circle",
        equations={"u": eq(dt(u) + div(c * u), diffusivity * lap(u))},
        domain=Grid((256,), 2 * math.pi, periodic=True),
        time=time_axis(horizon, frames),
        initial={"u": sin(x)},
        exact=ClosedForm({"u": exp(-diffusivity * t) * sin(x - c * t)}),
        reference="Krishnapriyan et al., NeurIPS 2021, arXiv:2109.01050",
    )
