"""Allen-Cahn from a state that is not smooth: fronts that form within one time unit."""

from fredholm.domains import Grid
from fredholm.equations import coords, cos, dt, eq, field, lap, param, pi
from fredholm.problems.fourier import time_axis
from fredholm.problems.problem import Problem


def allen_cahn_fronts(
    *, nu: float = 1e-4, rate: float = 5.0, horizon: float = 1.0, frames: int = 201
) -> Problem:
    """Allen-Cahn: ∂ₜu = ν ∂²ₓu + r (u - u³) on the periodic interval [-1, 1], u(0, x) = x² cos πx.

    Everything is dimensionless. Nothing varies: the task is to find this one solution.

    Args:
        nu: Diffusivity ν.
        rate: Rate r of the reaction.
        horizon: Final time.
        frames: Number of frames of the target, both ends included.

    Expect: u tends to -1 where |x| > 1/2 and to 1 within, except near x = 0, where it starts from
        zero and grows slowest; fronts of width √(2ν/r) between. The slope of the initial state
        jumps where the interval closes; tables that smooth it differ there by 1e-3.
    Fails when: a network is trained on all times at once and stays near u = 0, which also solves
        the equation.

    Reference:
        Raissi, Perdikaris and Karniadakis, J. Comput. Phys. 378, 2019.
    """
    (x,), u = coords("x"), field("u")
    diffusivity, r = param("nu", nu, positive=True), param("rate", rate, positive=True)
    return Problem(
        key="allen_cahn_fronts",
        title="Allen-Cahn with fronts that form",
        equations={"u": eq(dt(u), diffusivity * lap(u) + r * (u - u**3))},
        domain=Grid((512,), (-1.0, 1.0), periodic=True),
        time=time_axis(horizon, frames),
        initial={"u": x**2 * cos(pi * x)},
        reference="Raissi, Perdikaris and Karniadakis, J. Comput. Phys. 378, 2019",
    )
