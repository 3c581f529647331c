"""Swift-Hohenberg: stripes and hexagons."""

import math

from fredholm.equations import dt, eq, field, lap, param
from fredholm.problems.fourier import periodic_box, time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def swift_hohenberg(
    *,
    dim: int = 2,
    length: float = 10 * math.pi,
    r: float = 0.7,
    g: float = 1.0,
    horizon: float = 5.0,
    frames: int = 0,
    modes: int = 5,
    amplitude: float = 0.5,
) -> Problem:
    """Swift-Hohenberg: ∂ₜu = r u - (1 + Δ)² u + g u² - u³ on a periodic box.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory.

    Args:
        dim: Dimensions of space, 1 to 3.
        length: Length of the sides; the pattern has the wavelength 2π.
        r: Distance from the threshold, at zero, beyond which a pattern grows.
        g: Strength of the quadratic term, which prefers hexagons to stripes.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber of the initial state along each axis, in periods of the box.
        amplitude: Standard deviation of the initial state.

    Expect: a pattern of wavelength 2π that heals its defects.

    Raises:
        ValueError: A dimension other than 1, 2 and 3.

    Reference:
        Swift and Hohenberg, Phys. Rev. A 15, 1977.
    """
    u = field("u")
    growth = param("r", r) * u - u - 2 * lap(u) - lap(lap(u))
    return Problem(
        key="swift_hohenberg",
        title="Swift-Hohenberg",
        equations={"u": eq(dt(u), growth + param("g", g) * u**2 - u**3)},
        domain=periodic_box(256 if dim == 1 else 64, length, dim),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes, amplitude)},
        symmetries=("translations",),
        reference="Swift and Hohenberg, Phys. Rev. A 15, 1977",
    )
