"""FitzHugh-Nagumo: an activator and an inhibitor that diffuse and react."""

from fredholm.equations import dt, eq, field, lap, param
from fredholm.problems.fourier import periodic_box, time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def diffusion_reaction(
    *,
    dim: int = 2,
    length: float = 2.0,
    rate: float = 5e-3,
    activator: float = 1e-3,
    inhibitor: float = 5e-3,
    horizon: float = 5.0,
    frames: int = 0,
    modes: int = 12,
    warmup: float = 0.0,
) -> Problem:
    """FitzHugh-Nagumo: ∂ₜu = a Δu + u - u³ - k - v, ∂ₜv = b Δv + u - v.

    The activator u feeds itself and the inhibitor v, which damps it and spreads faster. Everything
    is dimensionless, on a periodic interval, square or cube. The task is the map from (u, v) at
    time zero to (u, v) at the horizon, or to the frames of the trajectory.

    Args:
        dim: Dimensions of space, 1 to 3.
        length: Length of the sides.
        rate: k.
        activator, inhibitor: Diffusivities a and b.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber, in periods of the box, of the random initial states.
        warmup: Time that the species have reacted before they are inputs.

    Expect: noise fades within one time unit; then plateaus of u near ±1 grow, with fronts between
        them that are a tenth of a length unit wide.

    Raises:
        ValueError: A dimension other than 1, 2 and 3.

    Reference:
        Takamoto et al., NeurIPS 2022, arXiv:2210.07182, appendix D.4 (PDEBench): the equation and
        its constants on the square of side 2. Departs from it: the square is periodic, where theirs
        has walls without flux; the initial states are random waves of variance one, where theirs
        are independent numbers at the points of one grid, which are no functions on others.
    """
    u, v = field("u"), field("v")
    k = param("k", rate)
    a, b = param("a", activator, positive=True), param("b", inhibitor, positive=True)
    return Problem(
        key="diffusion_reaction",
        title="FitzHugh-Nagumo",
        equations={
            "u": eq(dt(u), a * lap(u) + u - u**3 - k - v),
            "v": eq(dt(v), b * lap(v) + u - v),
        },
        domain=periodic_box(128 if dim == 1 else 64, length, dim),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes), "v": FourierSeries(modes)},
        symmetries=("translations",),
        warmup=warmup,
        warmup_steps=round(20 * warmup) or int(warmup > 0),
        reference="Takamoto et al., NeurIPS 2022, arXiv:2210.07182",
    )
