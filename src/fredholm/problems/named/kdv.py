"""Korteweg-de Vries on a periodic line: solitons."""

from fredholm.domains import Grid
from fredholm.equations import coords, d, div, dt, eq, field, param
from fredholm.problems.fourier import time_axis
from fredholm.problems.priors import FourierSeries
from fredholm.problems.problem import Problem


def kdv(
    *,
    length: float = 128.0,
    delta: float = 1.0,
    horizon: float = 10.0,
    frames: int = 0,
    modes: int = 3,
    amplitude: float = 0.65,
) -> Problem:
    """Korteweg-de Vries: ∂ₜu + ∂ₓ(u²/2) + δ ∂³ₓu = 0 on a periodic line.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory.

    Args:
        length: Length of the line.
        delta: Dispersion δ.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        modes: Largest wavenumber of the initial state, in periods of the line.
        amplitude: Standard deviation of the initial state.

    Expect: a wave steepens and splits into solitons 3c sech²(√(c/δ) (x - ct)/2), which pass through
        each other and keep their shapes.
    Fails when: δ is so small that a soliton, of width √(δ/c), needs more than 8192 points.

    Reference:
        Brandstetter, Welling and Worrall, ICML 2022, arXiv:2202.07643: L = 128, sums of sines.
    """
    (x,), u = coords("x"), field("u")
    dispersion = param("delta", delta, positive=True)
    return Problem(
        key="kdv",
        title="Korteweg-de Vries",
        equations={"u": eq(dt(u) + div(u**2 / 2), -dispersion * d(u, x, 3))},
        domain=Grid((256,), length, periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": FourierSeries(modes, amplitude)},
        symmetries=("translations",),
        conserved={
            "mass": u,
            "momentum": u**2 / 2,
            "energy": dispersion * d(u, x) ** 2 / 2 - u**3 / 6,
        },
        reference="Brandstetter, Welling and Worrall, ICML 2022, arXiv:2202.07643",
    )
