"""Gray-Scott: two species that react and diffuse into spots, stripes and waves."""

from fredholm.equations import dt, eq, field, lap, param
from fredholm.problems.fourier import periodic_box, time_axis
from fredholm.problems.priors import Bounded, FourierSeries
from fredholm.problems.problem import Problem


def gray_scott(
    *,
    dim: int = 2,
    length: float = 1.0,
    feed: float = 0.04,
    kill: float = 0.06,
    diffusivity: float = 2e-5,
    horizon: float = 50.0,
    frames: int = 0,
    warmup: float = 0.0,
) -> Problem:
    """Gray-Scott: ∂ₜu = D Δu - u v² + f (1 - u), ∂ₜv = D/2 Δv + u v² - (f + k) v.

    The species v feeds on u, which flows in at the rate f; v leaves at the rate f + k. Everything
    is dimensionless, on a periodic interval, square or cube. The task is the map from (u, v) at
    time zero to (u, v) at the horizon, or to the frames of the trajectory.

    Args:
        dim: Dimensions of space, 1 to 3.
        length: Length of the sides.
        feed: Rate f.
        kill: Rate k.
        diffusivity: D, that of u; v has half of it.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        warmup: Time that the species have reacted before they are inputs.

    Expect: spots of v that divide, or stripes, waves or nothing, as f and k tell; a pattern has a
        wavelength of about a tenth of a length unit and needs a time of some thousands.

    Raises:
        ValueError: A dimension other than 1, 2 and 3.

    Reference:
        Pearson, Science 261, 1993, with the diffusivities 2e-5 and 1e-5.
    """
    u, v = field("u"), field("v")
    f, k = param("f", feed, positive=True), param("k", kill, positive=True)
    spread = param("D", diffusivity, positive=True)
    return Problem(
        key="gray_scott",
        title="Gray-Scott",
        equations={
            "u": eq(dt(u), spread * lap(u) - u * v**2 + f * (1 - u)),
            "v": eq(dt(v), spread / 2 * lap(v) + u * v**2 - (f + k) * v),
        },
        domain=periodic_box(256 if dim == 1 else 64, length, dim),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={
            "u": Bounded(FourierSeries(5, amplitude=1.0, mean=2.0)),
            "v": Bounded(FourierSeries(5, amplitude=2.0, mean=-2.0)),
        },
        symmetries=("translations",),
        warmup=warmup,
        warmup_steps=round(warmup) or int(warmup > 0),
        reference="Pearson, Science 261, 1993",
    )
