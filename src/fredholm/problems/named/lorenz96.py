"""Lorenz-96: chaos on a ring of points."""

from fredholm.domains import Grid
from fredholm.equations import dt, eq, field, param, shift
from fredholm.problems.fourier import time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def lorenz96(
    *,
    size: int = 40,
    forcing: float = 8.0,
    horizon: float = 1.0,
    frames: int = 0,
    warmup: float = 10.0,
) -> Problem:
    """Lorenz-96: dxᵢ/dt = (xᵢ₊₁ - xᵢ₋₂) xᵢ₋₁ - xᵢ + F on a ring of points.

    The quantity is called u, the place on the ring x, from 0 to the number of points. Everything is
    dimensionless; a time unit stands for five days of weather. The task is the map from u(0, ·) to
    u(horizon, ·), or to the frames of the trajectory, for states on the attractor.

    Args:
        size: Number of points, at least 4.
        forcing: Constant forcing F.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        warmup: Time that states have evolved from a random one before they are inputs.

    Expect: for F = 8 waves of about 5 points that drift to the left; two close states depart from
        each other by a factor e in about 0.6 time units.
    Fails when: the horizon exceeds some 20 time units, as for every chaotic system: rounding errors
        have grown to the size of the solution. Statistics remain right.

    Raises:
        ValueError: Fewer than 4 points.

    Reference:
        Lorenz, Predictability - a problem partly solved, ECMWF Seminar, 1996: 40 points, F = 8.
    """
    if size < 4:
        raise ValueError(f"Lorenz-96 needs at least 4 points, got {size}")
    u = field("u")
    inflow = (shift(u, x=1) - shift(u, x=-2)) * shift(u, x=-1)
    return Problem(
        key="lorenz96",
        title="Lorenz-96 on a ring of points",
        equations={"u": eq(dt(u), inflow - u + param("F", forcing))},
        domain=Grid((size,), float(size), periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes=1, amplitude=1.0, mean=forcing)},
        symmetries=("translations",),
        warmup=warmup,
        warmup_steps=round(40 * warmup) or int(warmup > 0),
        lattice=True,
        reference="Lorenz, ECMWF Seminar on Predictability, 1996",
    )
