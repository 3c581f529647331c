"""Viscous Burgers on a periodic line, with its exact solution."""

import math

import torch
from torch import Tensor

from fredholm.domains import Axis, Grid
from fredholm.equations import div, dt, eq, field, lap, param
from fredholm.fields import Field
from fredholm.problems.fourier import time_axis, times_of
from fredholm.problems.priors import GaussianField
from fredholm.problems.problem import Problem


def burgers(
    *,
    nu: float = 0.1,
    horizon: float = 1.0,
    frames: int = 0,
    alpha: float = 2.0,
    tau: float = 5.0,
    sigma: float = 25.0,
) -> Problem:
    """Viscous Burgers: ∂ₜu + ∂ₓ(u²/2) = ν ∂²ₓu on the periodic unit interval.

    Everything is dimensionless. The task is the map from u(0, ·) to u(horizon, ·), or to the
    frames of the trajectory.

    Args:
        nu: Viscosity ν.
        horizon: Final time.
        frames: Number of frames of the target, both ends included; 0 for the final state alone.
        alpha, tau, sigma: Distribution N(0, σ² (-Δ + τ²)^-α) of the initial state.

    Expect: waves steepen into fronts of width about ν/max|u| and then decay.
    Fails when: the viscosity is so small that a front needs more than 8192 points.

    Reference:
        Li et al., ICLR 2021, arXiv:2010.08895, section 5.1: initial states from
        N(0, 625 (-Δ + 25 I)⁻²), ν = 0.1, the state at time one.
    """
    u, viscosity = field("u"), param("nu", nu, positive=True)
    return Problem(
        key="burgers",
        title="Viscous Burgers",
        equations={"u": eq(dt(u) + div(u**2 / 2), viscosity * lap(u))},
        domain=Grid((256,), periodic=True),
        time=time_axis(horizon, frames),
        final=frames == 0,
        varies={"u": GaussianField(alpha, tau, sigma)},
        symmetries=("translations",),
        conserved={"mass": u},
        exact=cole_hopf,
        reference="Li et al., ICLR 2021, arXiv:2010.08895",
    )


def cole_hopf(problem: Problem, inputs: Field, grid: Grid) -> Field:
    """The exact solution for the trigonometric interpolant of the initial state.

    u(t, x) = m + ⟨v₀(y)⟩ with weights exp(-(x - m t - y)²/(4νt) - V₀(y)/(2ν)) over y, where m is
    the mean of u₀, v₀ = u₀ - m, and V₀' = v₀. The integrals are trapezoidal sums over smooth
    functions that vanish at both ends, and so converge to rounding.

    Args:
        problem: A Burgers problem.
        inputs: Initial states.
        grid: Target grid, with or without a time axis.

    Reference:
        Cole, Quart. Appl. Math. 9, 1951; Hopf, Comm. Pure Appl. Math. 3, 1950.
    """
    nu = float(problem.parameters["nu"])
    x = (grid.without("t") if "t" in grid.names else grid).axes[0].points()
    axis, times = inputs.grid.axes[0], times_of(problem, grid).tolist()
    series = [_Series(u0, axis) for u0 in inputs.values[..., 0].to(torch.float64)]
    frames = [torch.stack([_average(u0, x, t, nu) for u0 in series]) for t in times]
    values = torch.stack(frames, dim=1)[..., None]
    return Field(values if "t" in grid.names else values[:, 0], grid)


class _Series:
    """A real trigonometric series, its mean-free part v₀ and that part's primitive V₀."""

    def __init__(self, values: Tensor, axis: Axis) -> None:
        n = axis.size
        modes = torch.fft.rfft(values, norm="forward")
        modes[1:] *= 2
        if n % 2 == 0:
            modes[-1] /= 2
        significant = modes.abs() > 1e-17 * modes.abs().max()
        last = int(torch.nonzero(significant)[-1]) + 1
        self.mean = float(modes[0].real)
        self.k = 2 * torch.pi / axis.length * torch.arange(1, last, dtype=torch.float64)
        self.modes = modes[1:last]
        self.origin = float(axis.points()[0])

    def __call__(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """v₀(y) and V₀(y)."""
        v, primitive = torch.zeros_like(y), torch.zeros_like(y)
        for k, c in zip(self.k, self.modes):
            wave = c * torch.exp(1j * k * (y - self.origin))
            v += wave.real
            primitive += (wave / (1j * k)).real
        return v, primitive

    def slope(self) -> float:
        """A bound of |v₀'|."""
        return float((self.k * self.modes.abs()).sum())

    def height(self) -> float:
        """A bound of the range of V₀."""
        return 2 * float((self.modes.abs() / self.k).sum())


def _average(u0: _Series, x: Tensor, t: float, nu: float) -> Tensor:
    x = x - u0.mean * t
    if t == 0 or len(u0.modes) == 0:
        return u0.mean + u0(x)[0]
    width = math.sqrt(4 * nu * t)
    # Weights below exp(-40) do not show in float64; the exponent is η² up to the range of V₀/2ν.
    reach = math.sqrt(40 + u0.height() / (2 * nu))
    # A trapezoidal sum of exp(-s²) is exact to rounding for steps of s up to 0.5. The weights may
    # be narrower than that, and the highest wave must not alias onto what they contain.
    step = 0.4 / math.sqrt(1 + width**2 * u0.slope() / (4 * nu))
    step = min(step, 2 * torch.pi / (3 * width * float(u0.k[-1]) + 2 * torch.pi / step))
    count = math.ceil(reach / step)
    eta = torch.arange(-count, count + 1, dtype=torch.float64) * step
    v, primitive = u0(x[:, None] + width * eta)
    weights = torch.softmax(-(eta**2) - primitive / (2 * nu), dim=-1)
    return u0.mean + (weights * v).sum(-1)
