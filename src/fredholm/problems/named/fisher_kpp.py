"""Fisher-KPP: the invasion of an unstable state by a stable one."""

from fredholm.equations import dt, eq, field, lap, param
from fredholm.problems.fourier import periodic_box, time_axis
from fredholm.problems.priors import Bounded, FourierSeries
from fredholm.problems.problem import Problem


def fisher_kpp(
    *,
    dim: int = 1,
    length: float = 1.0,
    nu: float = 0.001,
    r: float = 5.0,
    horizon: float = 1.0,
    frames: int = 0,
    modes: int = 5,
) -> Problem:
    """Fisher-KPP: ∂ₜu = ν Δu + r u (1 - u) on a periodic interval, square or cube.

    u is the share of a population that carries a trait, or of a room that it has filled. The task
    is the map from u(0, ·) to u(horizon, ·), or to the frames of the trajectory.

    Args:
        dim: Dimensions of space, 1 to 3.
        length: Length of the sides.
        nu: Diffusivity ν.
        r: Rate of growth.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber of the logarithm of u/(1 - u) at the start, along each axis.

    Expect: u stays between 0 and 1; fronts of speed 2 √(rν) run from high to low values.

    Raises:
        ValueError: A dimension other than 1, 2 and 3.

    Reference:
        Fisher, Ann. Eugenics 7, 1937; Kolmogorov, Petrovsky and Piskunov, 1937.
    """
    u, rate = field("u"), param("r", r, positive=True)
    return Problem(
        key="fisher_kpp",
        title="Fisher-KPP",
        equations={"u": eq(dt(u), param("nu", nu, positive=True) * lap(u) + rate * u * (1 - u))},
        domain=periodic_box(256 if dim == 1 else 64, length, dim),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": Bounded(FourierSeries(modes, amplitude=2.0, mean=-2.0))},
        symmetries=("translations",),
        reference="Fisher, Ann. Eugenics 7, 1937",
    )
