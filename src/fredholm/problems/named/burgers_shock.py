"""Burgers with a shock that stands between walls: a classic of physics-informed networks."""

import math

import torch

from fredholm.domains import Grid
from fredholm.equations import coords, div, dt, eq, field, lap, param, pi, sin
from fredholm.fields import Field
from fredholm.problems.fourier import time_axis
from fredholm.problems.named.burgers import cole_hopf
from fredholm.problems.problem import Problem


def burgers_shock(
    *, nu: float = 0.01 / math.pi, horizon: float = 1.0, frames: int = 101
) -> Problem:
    """Viscous Burgers: ∂ₜu + ∂ₓ(u²/2) = ν ∂²ₓu on [-1, 1], u(0, x) = -sin πx, u = 0 at both ends.

    Everything is dimensionless. Nothing varies: the task is to find this one solution.

    Args:
        nu: Viscosity ν.
        horizon: Final time. Published tables of this solution end at t = 0.99, the last but one of
            the default frames.
        frames: Number of frames of the target, both ends included.

    Expect: the wave steepens into a front at x = 0, of width about 4ν, at t = 1/π; from t = 0.5 on
        it decays. The exact solution is that of the odd periodic extension (see `cole_hopf`).
    Fails when: a method does not put its points where the front is.

    Reference:
        Basdevant et al., Computers & Fluids 14, 1986. Raissi, Perdikaris and Karniadakis, J.
        Comput. Phys. 378, 2019.
    """
    (x,), u, viscosity = coords("x"), field("u"), param("nu", nu, positive=True)
    return Problem(
        key="burgers_shock",
        title="Viscous Burgers with a shock between walls",
        equations={"u": eq(dt(u) + div(u**2 / 2), viscosity * lap(u))},
        domain=Grid((257,), (-1.0, 1.0)),
        time=time_axis(horizon, frames),
        initial={"u": -sin(pi * x)},
        boundary={"all": u},
        exact=from_sine,
        reference="Raissi, Perdikaris and Karniadakis, J. Comput. Phys. 378, 2019",
    )


def from_sine(problem: Problem, inputs: Field, grid: Grid) -> Field:
    """The exact solution that starts from -sin πx, which is odd and of period 2."""
    line = Grid((16,), (-1.0, 1.0), periodic=True)
    start = Field(-torch.sin(math.pi * line.points()).expand(len(inputs), -1, 1), line)
    return cole_hopf(problem, start, grid)
