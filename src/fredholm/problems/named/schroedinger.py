"""The focusing nonlinear Schrödinger equation on a periodic line."""

from fredholm.domains import Grid
from fredholm.equations import coords, d, dt, eq, field, lap, param
from fredholm.problems.fourier import time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def schroedinger(
    *,
    length: float = 20.0,
    strength: float = 1.0,
    horizon: float = 1.0,
    frames: int = 0,
    modes: int = 3,
    amplitude: float = 0.5,
) -> Problem:
    """Nonlinear Schrödinger: i ∂ₜψ = -∂²ₓψ/2 - g |ψ|² ψ on a periodic line.

    ψ is given by its real part re and its imaginary part im. Everything is dimensionless. The task
    is the map from ψ(0, ·) to ψ(horizon, ·), or to the frames of the trajectory.

    Args:
        length: Length of the line.
        strength: g; positive focuses, negative defocuses.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber of the initial state, in periods of the line.
        amplitude: Standard deviation of each part of the initial state.

    Expect: envelopes a sech(a √g (x - ct)) that keep their shape, and pulses that grow out of
        waves (the instability of Benjamin and Feir).

    Reference:
        Zakharov and Shabat, Sov. Phys. JETP 34, 1972 (the solitons).
    """
    (x,), re, im, g = coords("x"), field("re"), field("im"), param("g", strength)
    density = re**2 + im**2
    gradients = d(re, x) ** 2 + d(im, x) ** 2
    return Problem(
        key="schroedinger",
        title="Nonlinear Schrödinger",
        equations={
            "re": eq(dt(re), -lap(im) / 2 - g * density * im),
            "im": eq(dt(im), lap(re) / 2 + g * density * re),
        },
        domain=Grid((256,), length, periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"re": FourierSeries(modes, amplitude), "im": FourierSeries(modes, amplitude)},
        symmetries=("translations",),
        conserved={
            "mass": density,
            "momentum": re * d(im, x) - im * d(re, x),
            "energy": gradients / 2 - g * density**2 / 2,
        },
        reference="Zakharov and Shabat, Sov. Phys. JETP 34, 1972",
    )
