"""A string that swings in two of its modes."""

from fredholm.domains import Grid
from fredholm.equations import coords, cos, dt, eq, field, lap, param, pi, sin
from fredholm.problems.closed_form import ClosedForm
from fredholm.problems.fourier import time_axis
from fredholm.problems.problem import Problem


def wave(
    *,
    speed: float = 2.0,
    overtone: int = 4,
    amplitude: float = 0.5,
    horizon: float = 1.0,
    frames: int = 101,
) -> Problem:
    """Waves on a string: ∂²ₜu = c² ∂²ₓu on [0, 1], u = 0 at both ends, at rest at the beginning.

    u(0, x) = sin πx + a sin mπx and ∂ₜu(0, x) = 0. Everything is dimensionless. Nothing varies: the
    task is to find this one solution.

    Args:
        speed: Speed c of waves.
        overtone: Number m of half waves of the second mode.
        amplitude: Its amplitude a.
        horizon: Final time.
        frames: Number of frames of the target, both ends included.

    Expect: u = sin πx cos cπt + a sin mπx cos mcπt.
    Fails when: a network fits the slow mode first and then stalls; the overtone is the test.

    Raises:
        ValueError: An overtone that is not a positive number of half waves.

    Reference:
        Wang, Yu and Perdikaris, J. Comput. Phys. 449, 2022: c = 2, m = 4, a = 1/2.
    """
    if overtone < 1:
        raise ValueError(f"the overtone has at least 1 half wave, got {overtone}")
    (x, t), u, c = coords("x t"), field("u"), param("c", speed, positive=True)
    high = amplitude * sin(overtone * pi * x)
    moving = sin(pi * x) * cos(c * pi * t) + high * cos(overtone * c * pi * t)
    return Problem(
        key="wave",
        title="Waves on a string",
        equations={"u": eq(dt(u, 2), c**2 * lap(u))},
        domain=Grid((257,)),
        time=time_axis(horizon, frames),
        initial={"u": sin(pi * x) + high, "dt(u)": 0.0},
        boundary={"all": u},
        exact=ClosedForm({"u": moving}),
        reference="Wang, Yu and Perdikaris, J. Comput. Phys. 449, 2022",
    )
