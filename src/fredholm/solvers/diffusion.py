"""Steady diffusion on a box: -div(a grad u) + c u = f."""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis, Grid
from fredholm.errors import EquationError, did_you_mean
from fredholm.fields import Field, difference, norm
from fredholm.solvers.finite_volume import Balance, balance
from fredholm.solvers.linear import LinearSolution, Method, solve_linear
from fredholm.solvers.obstacles import Obstacle, immerse
from fredholm.solvers.solution import Solution


def solve_diffusion(
    a: Field,
    f: Field,
    *,
    boundary: float | Field = 0.0,
    c: float = 0.0,
    insulated: Sequence[str] = (),
    obstacle: Obstacle | None = None,
    tol: float = 1e-8,
    method: Method = "auto",
) -> Solution:
    """Solves -div(a grad u) + c u = f by finite volumes, on the grid of a.

    Volumes around the points of the grid, harmonic means of a on the faces between them: second
    order for smooth a, exact fluxes where a jumps halfway between points. Axes may be node-, cell-
    or left-located or periodic, in any mixture, in one to three dimensions. The answer is
    differentiable with respect to a, f and the boundary values, by one adjoint solve.

    The error of each sample is estimated by Richardson extrapolation from the same problem on
    grids with half and a quarter of the points: ‖u_h - u_2h‖/(2^p - 1)/‖u_h‖, with the order p
    that the three solutions show, kept between 1 and 2. It is an estimate of the distance to the
    solution for the function of which a holds samples: within 20 % for smooth a, within a factor
    of 5 for two phases with a contrast of up to 100, of 8 around obstacles.

    Args:
        a: Coefficient, positive, one channel; a batch of one is shared by all f.
        f: Source, one channel, on the grid of a.
        boundary: Value of u on the boundary of the box: a number, or a function on any grid of
            the box, best one with samples on the boundary (it is interpolated to it).
        c: Reaction coefficient, not negative.
        insulated: Sides without flux, a ∂u/∂n = 0, instead of a prescribed value: `"x-"` is where
            x starts, `"x+"` where it stops.
        obstacle: A body inside the box on which u is prescribed.
        tol: Relative residual at which iterations end.
        method: `"direct"`, `"multigrid"`, `"cg"`, or `"auto"` (see `solve_linear`).

    Raises:
        ValueError: Functions that do not fit, a coefficient that is not positive, c < 0, a side
            that does not exist, or too few points for the error estimate.
        EquationError: Nothing fixes the mean of u and the source does not integrate to zero; with
            a source that does, u is the solution with mean zero.
        DivergedError: The iterations did not reach the tolerance.

    Reference:
        Eymard, Gallouët and Herbin, Finite volume methods, Handbook of Numerical Analysis 7, 2000,
        chapter 3; Roache, J. Fluids Eng. 116, 1994, on the error estimate.
    """
    _check(a, f, c, insulated, obstacle)
    system, answer = _solve(a, f, boundary, c, insulated, obstacle, tol, method)
    u = system.field(answer.values)
    with torch.no_grad():

        def solve_on(grid: Grid) -> Field:
            # Through the logarithm, which keeps an interpolated coefficient positive.
            log_a = a.with_values(a.values.log()).at(grid)
            coarse_a = log_a.with_values(log_a.values.exp())
            body = obstacle and obstacle.at(grid)
            coarse, found = _solve(coarse_a, f.at(grid), boundary, c, insulated, body, tol, "auto")
            return coarse.field(found.values)

        error, order = _richardson(u, solve_on)
    details = {
        "unknowns": system.stencil.size,
        "iterations": int(answer.iterations.max()),
        "residual": float(answer.residual.max()),
        "order": float(order.mean()),
    }
    return Solution(u, error + tol, f"finite volumes, {answer.method}", details)


def _check(
    a: Field, f: Field, c: float, insulated: Sequence[str], obstacle: Obstacle | None
) -> None:
    if a.domain != f.domain or (obstacle and obstacle.level.domain != a.domain):
        raise ValueError(f"a, f and an obstacle live on one grid, got {a.domain} and {f.domain}")
    fits = len(a) == len(f) or 1 in (len(a), len(f))
    if a.channels != 1 or f.channels != 1 or not fits:
        raise ValueError(
            f"a and f have one channel and equal batches, got {len(a)} functions of {a.channels} "
            f"channels and {len(f)} of {f.channels}"
        )
    if not bool((a.values > 0).all()) or not bool(torch.isfinite(a.values).all()):
        raise ValueError(
            "the coefficient of a diffusion equation is positive and finite, got values in "
            f"[{float(a.values.min()):g}, {float(a.values.max()):g}]"
        )
    if c < 0:
        raise ValueError(f"c must not be negative (waves instead of diffusion), got {c:g}")
    sides = [name + sign for axis in a.grid.axes for name in [axis.name] for sign in "-+"]
    for side in insulated:
        if side not in sides:
            raise ValueError(f"no side {side!r}: {did_you_mean(side, sides)}")


def _solve(
    a: Field,
    f: Field,
    boundary: float | Field,
    c: float,
    insulated: Sequence[str],
    obstacle: Obstacle | None,
    tol: float,
    method: Method,
) -> tuple[Balance, LinearSolution]:
    system = balance(a, f, boundary, c, insulated)
    if obstacle is not None:
        system = immerse(system, obstacle)
    sides = system.sides
    if system.stencil.singular:
        sides = _without_mean(sides, system)
    answer = solve_linear(system.stencil, sides, method=method, tol=tol)
    return system, answer


def _without_mean(sides: Tensor, system: Balance) -> Tensor:
    """Right-hand sides that sum to zero, where they do so up to the quadrature error."""
    total, size = sides.flatten(0, -2).sum(0), sides.flatten(0, -2).abs().sum(0)
    if bool((total.abs() > 0.01 * size).any()):
        raise EquationError(
            "without a prescribed value and with c = 0 the source must integrate to zero, but it "
            f"integrates to {float(total.abs().max()):.3g}: prescribe a value on a side, set c > 0 "
            "or subtract the mean of f"
        )
    volumes = system.grid.weights().to(sides)[..., None]
    return sides - total * volumes / volumes.sum()


def _halved(axis: Axis) -> Axis:
    """The axis with half as many intervals."""
    ends = int(axis.location == "node" and not axis.periodic)
    size = (axis.size - ends) // 2 + ends
    if size < 2 + ends:
        raise ValueError(
            f"the error estimate solves on half as many points, too few on {axis}; "
            f"use at least {2 * (2 + ends)} points"
        )
    return axis.resized(size)


def _coarser(grid: Grid) -> tuple[Grid, float]:
    """The grid with half as many intervals per axis, and by how much its spacing is larger."""
    half = Grid.of(*(_halved(axis) for axis in grid.axes))
    ratio = math.prod(new.spacing / old.spacing for new, old in zip(half.axes, grid.axes))
    return half, ratio ** (1 / grid.dim)


def _richardson(
    u: Field, solve_on: Callable[[Grid], Field]
) -> tuple[Float[Tensor, "batch"], Float[Tensor, "batch"]]:
    """Estimated relative error of u and the observed order, from two coarser grids."""
    half, ratio = _coarser(u.grid)
    coarse = solve_on(half)
    gap = norm(difference(u.at(half), coarse)).clamp(min=1e-300)
    order = torch.ones_like(gap)
    if min(half.shape) >= 6:
        quarter, next_ratio = _coarser(half)
        coarser = norm(difference(coarse.at(quarter), solve_on(quarter))).clamp(min=1e-300)
        # u - u_h ~ h^p gives coarser/gap = r₁^p (r₂^p - 1)/(r₁^p - 1), solved for p by iteration;
        # the fraction is one where the grids are nested.
        for _ in range(10):
            fraction = (next_ratio**order - 1) / (ratio**order - 1)
            order = (torch.log(coarser / gap / fraction) / math.log(ratio)).clamp(1.0, 2.0)
    return gap / (ratio**order - 1) / norm(u).clamp(min=1e-300), order
