"""Kuramoto-Sivashinsky on a periodic line and on a periodic square: chaos."""

from fredholm.domains import Grid
from fredholm.equations import div, dot, dt, eq, field, grad, lap, param
from fredholm.problems.fourier import time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def kuramoto_sivashinsky(
    *,
    length: float = 64.0,
    nu: float = 1.0,
    horizon: float = 10.0,
    frames: int = 0,
    warmup: float = 72.0,
    modes: int = 3,
    amplitude: float = 1.0,
) -> Problem:
    """Kuramoto-Sivashinsky: ∂ₜu + ∂ₓ(u²/2) + ∂²ₓu + ν ∂⁴ₓu = 0 on a periodic line.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory, for states on the attractor.

    Args:
        length: Length of the line; waves longer than 2π √ν grow. L = 22 is the smallest box with
            lasting chaos that is much studied.
        nu: Coefficient ν of the fourth derivative.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        warmup: Time that states have evolved from a Fourier series before they are inputs.
        modes: Largest wavenumber of that series, in periods of the line.
        amplitude: Its standard deviation.

    Expect: cells of width about 9 √ν that merge and split; for L = 64 and ν = 1 two close states
        depart from each other by a factor e in about 11 time units.
    Fails when: the horizon exceeds some 400 time units: rounding errors have grown to the size of
        the solution, which no tolerance changes. Statistics remain right.

    Reference:
        Lippe et al., NeurIPS 2023, arXiv:2308.05732: L = 64, 256 points, frames 0.2 apart, the
        first 360 of them left out.
    """
    u, viscosity = field("u"), param("nu", nu, positive=True)
    return Problem(
        key="kuramoto_sivashinsky",
        title="Kuramoto-Sivashinsky on a line",
        equations={"u": eq(dt(u) + div(u**2 / 2), -lap(u) - viscosity * lap(lap(u)))},
        domain=Grid((256,), length, periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes, amplitude)},
        symmetries=("translations",),
        conserved={"mass": u},
        warmup=warmup,
        warmup_steps=steps_of(warmup),
        reference="Lippe et al., NeurIPS 2023, arXiv:2308.05732",
    )


def kuramoto_sivashinsky2d(
    *,
    length: float = 32.0,
    nu: float = 1.0,
    horizon: float = 2.0,
    frames: int = 0,
    warmup: float = 40.0,
    modes: int = 3,
    amplitude: float = 1.0,
) -> Problem:
    """Kuramoto-Sivashinsky on a periodic square: ∂ₜu + Δp + Δu + ν Δ²u = 0, Δp = |∇u|²/2.

    p has mean zero, so that Δp is |∇u|²/2 without its mean: the mean of u stays, where it would
    fall without bound otherwise; nothing else changes, because the equation contains u by its
    derivatives only. Everything is dimensionless. The task is the map from u(0, ·) to
    u(horizon, ·), or to the frames of the trajectory, for states on the attractor.

    Args:
        length: Length of the sides; waves longer than 2π √ν grow.
        nu: Coefficient ν of the bilaplacian.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        warmup: Time that states have evolved from a Fourier series before they are inputs.
        modes: Largest wavenumber of that series along each axis, in periods of the square.
        amplitude: Its standard deviation.

    Expect: cellular flames: bumps parted by creases that split and merge.
    Fails when: the horizon is so long that rounding errors grow to the size of the solution, as on
        the line.

    Reference:
        Kalogirou, Keaveny and Papageorgiou, Proc. R. Soc. A 471, 2015 (the equation in two
        dimensions and its attractor).
    """
    u, p, viscosity = field("u"), field("p"), param("nu", nu, positive=True)
    return Problem(
        key="kuramoto_sivashinsky2d",
        title="Kuramoto-Sivashinsky on a square",
        equations={
            "u": eq(dt(u) + lap(p), -lap(u) - viscosity * lap(lap(u))),
            "p": eq(lap(p), dot(grad(u), grad(u)) / 2),
        },
        domain=Grid((64, 64), length, periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes, amplitude)},
        hidden=("p",),
        symmetries=("translations",),
        conserved={"mass": u},
        warmup=warmup,
        warmup_steps=steps_of(warmup),
        reference="Kalogirou, Keaveny and Papageorgiou, Proc. R. Soc. A 471, 2015",
    )


def steps_of(warmup: float) -> int:
    """Steps of a tenth of a time unit, in which order 4 follows the chaos to a few digits."""
    return round(10 * warmup) or int(warmup > 0)
