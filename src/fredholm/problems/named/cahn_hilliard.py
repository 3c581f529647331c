"""Cahn-Hilliard: the separation of two phases."""

from fredholm.equations import dt, eq, field, lap, param
from fredholm.problems.fourier import periodic_box, time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def cahn_hilliard(
    *,
    dim: int = 2,
    length: float = 32.0,
    gamma: float = 1.0,
    horizon: float = 5.0,
    frames: int = 0,
    modes: int = 5,
    amplitude: float = 0.3,
    mean: float = 0.0,
) -> Problem:
    """Cahn-Hilliard: ∂ₜu = Δ(u³ - u - γ Δu) on a periodic interval, square or cube.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory.

    Args:
        dim: Dimensions of space, 1 to 3.
        length: Length of the sides; waves longer than 2π √γ grow.
        gamma: Square γ of the width of the fronts.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber of the initial state along each axis, in periods of the box.
        amplitude: Standard deviation of the initial state.
        mean: Mean of u, which stays: the shares of the two phases.

    Expect: u tends to 1 and -1 in domains that grow slowly; ∫ (u² - 1)²/4 + γ |∇u|²/2 falls.

    Raises:
        ValueError: A dimension other than 1, 2 and 3.

    Reference:
        Cahn and Hilliard, J. Chem. Phys. 28, 1958; Cahn, Acta Metall. 9, 1961.
    """
    u, square = field("u"), param("gamma", gamma, positive=True)
    return Problem(
        key="cahn_hilliard",
        title="Cahn-Hilliard",
        equations={"u": eq(dt(u), lap(u**3 - u - square * lap(u)))},
        domain=periodic_box(256 if dim == 1 else 64, length, dim),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes, amplitude, mean=mean)},
        symmetries=("translations",),
        conserved={"mass": u},
        reference="Cahn and Hilliard, J. Chem. Phys. 28, 1958",
    )
