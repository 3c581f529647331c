"""Incompressible flow in a periodic square, by its vorticity."""

import math
from typing import Literal, get_args

from fredholm.domains import Grid
from fredholm.equations import (
    Expression,
    advect,
    coords,
    cos,
    dt,
    eq,
    field,
    lap,
    param,
    pi,
    rot,
    sin,
)
from fredholm.problems.fourier import time_axis
from fredholm.problems.prior import Prior
from fredholm.problems.priors import Eddies, GaussianField
from fredholm.problems.problem import Problem

Forcing = Literal["none", "diagonal", "kolmogorov"]


def navier_stokes(
    *,
    nu: float = 0.02,
    forcing: Forcing = "none",
    horizon: float = 1.0,
    frames: int = 0,
    drag: float | None = None,
    peak: float = 4.0,
    warmup: float | None = None,
) -> Problem:
    """Flow in a square: ∂ₜω + u·∇ω = ν Δω + f - γ ω, with u = (∂ψ/∂y, -∂ψ/∂x) and Δψ = -ω.

    Everything is dimensionless; the square is periodic and the vorticity ω has mean zero. The task
    is the map from ω(0, ·) to ω(horizon, ·), or to the frames of the trajectory.

    Args:
        nu: Viscosity ν.
        forcing: f. `"none"`: a decaying flow on the square of side 2π that starts from eddies.
            `"diagonal"`: f = 0.1 (sin 2π(x+y) + cos 2π(x+y)) on the unit square, from a Gaussian
            function with covariance 7^1.5 (-Δ + 49)^-2.5. `"kolmogorov"`: f = -4 cos 4y, the curl
            of the force sin 4y along x, on the square of side 2π, from eddies.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        drag: Friction γ with the ground; by default 0.1 for the Kolmogorov forcing and none else.
        peak: Wavenumber of the eddies (see `Eddies`).
        warmup: Time that flows have evolved before they are inputs; by default 20 for the
            Kolmogorov forcing, which makes them forget how they began, and none else.

    Expect: eddies of one sign merge and become fewer and larger; fine filaments between them.
    Fails when: ν is so small that a filament needs more than 1024 points.

    Raises:
        ValueError: An unknown forcing.

    Reference:
        Li et al., ICLR 2021, arXiv:2010.08895, section 5.3: the diagonal forcing with ν = 1e-3,
        1e-4, 1e-5 and frames one time unit apart. Kochkov et al., PNAS 118, 2021: the Kolmogorov
        forcing with ν = 1e-3. McWilliams, J. Fluid Mech. 146, 1984: how eddies merge.
    """
    if forcing not in get_args(Forcing):
        raise ValueError(f"forcing is one of {get_args(Forcing)}, got {forcing!r}")
    driven = forcing == "kolmogorov"
    w, psi = field("w"), field("psi")
    gamma = (0.1 if driven else 0.0) if drag is None else drag
    friction = param("drag", gamma, positive=True) * w if gamma else 0.0
    warmup = (20.0 if driven else 0.0) if warmup is None else warmup
    right = param("nu", nu, positive=True) * lap(w) + _force(forcing) - friction
    return Problem(
        key="navier_stokes",
        title="Incompressible flow in a periodic square",
        equations={"w": eq(dt(w) + advect(rot(psi), w), right), "psi": eq(-lap(psi), w)},
        domain=Grid((64, 64), 1.0 if forcing == "diagonal" else 2 * math.pi, periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"w": _start(forcing, peak)},
        hidden=("psi",),
        symmetries=("translations",) if forcing == "none" else (),
        conserved={"circulation": w},
        warmup=warmup,
        warmup_steps=round(50 * warmup) or int(warmup > 0),
        reference="Li et al., ICLR 2021, arXiv:2010.08895",
    )


def _force(forcing: Forcing) -> Expression | float:
    x, y = coords("x y")
    if forcing == "diagonal":
        return 0.1 * (sin(2 * pi * (x + y)) + cos(2 * pi * (x + y)))
    return -4 * cos(4 * y) if forcing == "kolmogorov" else 0.0


def _start(forcing: Forcing, peak: float) -> Prior:
    if forcing == "diagonal":
        return GaussianField(2.5, 7.0, 7.0**0.75, constant=False)
    return Eddies(peak)
