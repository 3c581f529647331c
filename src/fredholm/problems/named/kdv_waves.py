"""Korteweg-de Vries from a cosine: the experiment in which solitons were found."""

from fredholm.domains import Grid
from fredholm.equations import coords, cos, d, div, dt, eq, field, param, pi
from fredholm.problems.fourier import time_axis
from fredholm.problems.problem import Problem


def kdv_waves(*, delta: float = 0.022, horizon: float = 1.0, frames: int = 101) -> Problem:
    """Korteweg-de Vries: ∂ₜu + ∂ₓ(u²/2) + δ² ∂³ₓu = 0 on the circle [-1, 1], u(0, x) = cos πx.

    Everything is dimensionless. Nothing varies: the task is to find this one solution.

    Args:
        delta: δ, the root of the dispersion.
        horizon: Final time.
        frames: Number of frames of the target, both ends included.

    Expect: the wave steepens until t = 1/π and then splits into a train of solitons, the highest of
        which, of height 2.5, are ahead.

    Reference:
        Zabusky and Kruskal, Phys. Rev. Lett. 15, 1965: δ = 0.022 on a circle of length 2.
    """
    (x,), u, root = coords("x"), field("u"), param("delta", delta, positive=True)
    return Problem(
        key="kdv_waves",
        title="Korteweg-de Vries from a cosine",
        equations={"u": eq(dt(u) + div(u**2 / 2), -(root**2) * d(u, x, 3))},
        domain=Grid((512,), (-1.0, 1.0), periodic=True),
        time=time_axis(horizon, frames),
        initial={"u": cos(pi * x)},
        conserved={"mass": u, "momentum": u**2 / 2},
        reference="Zabusky and Kruskal, Phys. Rev. Lett. 15, 1965",
    )
