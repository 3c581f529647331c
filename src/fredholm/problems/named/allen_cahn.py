"""Allen-Cahn: phases without conservation, whose fronts move by their curvature."""

from fredholm.equations import dt, eq, field, lap, param
from fredholm.problems.fourier import periodic_box, time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def allen_cahn(
    *,
    dim: int = 1,
    epsilon: float = 0.02,
    horizon: float = 4.0,
    frames: int = 0,
    modes: int = 5,
    amplitude: float = 0.5,
) -> Problem:
    """Allen-Cahn: ∂ₜu = ε² Δu + u - u³ on the periodic unit interval, square or cube.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory.

    Args:
        dim: Dimensions of space, 1 to 3.
        epsilon: Width ε of the fronts.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber of the initial state along each axis.
        amplitude: Standard deviation of the initial state.

    Expect: u tends to 1 and -1, with fronts tanh(x/(√2 ε)) between, which move by ε² times their
        curvature and on a line hardly at all.

    Raises:
        ValueError: A dimension other than 1, 2 and 3.

    Reference:
        Allen and Cahn, Acta Metall. 27, 1979.
    """
    u, width = field("u"), param("epsilon", epsilon, positive=True)
    return Problem(
        key="allen_cahn",
        title="Allen-Cahn",
        equations={"u": eq(dt(u), width**2 * lap(u) + u - u**3)},
        domain=periodic_box(256 if dim == 1 else 64, 1.0, dim),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes, amplitude)},
        symmetries=("translations",),
        reference="Allen and Cahn, Acta Metall. 27, 1979",
    )
