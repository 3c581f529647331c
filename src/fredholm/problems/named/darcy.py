"""Darcy flow: the pressure in a square of random permeability."""

import math
from typing import Literal, get_args

from fredholm.domains import Grid
from fredholm.equations import coefficient, div, eq, field, grad, param
from fredholm.problems.prior import Prior
from fredholm.problems.priors import GaussianField, LogNormal, TwoPhase
from fredholm.problems.problem import Problem

Kind = Literal["two-phase", "log-normal"]


def darcy(
    *,
    low: float = 3.0,
    high: float = 12.0,
    alpha: float = 2.0,
    tau: float = 3.0,
    kind: Kind = "two-phase",
    source: float = 1.0,
) -> Problem:
    """Darcy flow on the unit square: -∇·(a ∇u) = f, u = 0 on the boundary.

    Everything is dimensionless. The task is the map from a to u. Data sets are drawn and solved on
    a grid twice as fine as their samples, because samples of a do not tell where it jumps.

    Args:
        low, high: The two values of a; for log-normal a, the interval of 95 % of its values.
        alpha, tau: Smoothness and inverse correlation length of the Gaussian function g behind a
            (see `GaussianField`), with reflecting walls and without the constant mode.
        kind: `"two-phase"`: a = high where g ≥ 0, low elsewhere. `"log-normal"`: log a is Gaussian.
        source: f, a constant.

    Expect: a smooth dome, steep where a is low, with kinks along the interfaces of two phases.
    Fails when: the contrast high/low exceeds about a thousand; multigrid then needs many
        iterations (the direct method does not).

    Raises:
        ValueError: low and high are not positive and in this order, or an unknown kind.

    Reference:
        Li et al., ICLR 2021, arXiv:2010.08895, section 5.2, with the values 3 and 12 (the files
        published with it hold 4 and 12).
    """
    if not 0 < low < high:
        raise ValueError(f"the permeability needs 0 < low < high, got {low:g} and {high:g}")
    u, a, f = field("u"), coefficient("a", positive=True), param("f", source)
    return Problem(
        key="darcy",
        title="Darcy flow through a random medium",
        equations={"u": eq(-div(a * grad(u)), f)},
        domain=Grid((65, 65)),
        varies={"a": _permeability(kind, low, high, alpha, tau)},
        boundary={"all": u},
        refine=2,
        reference="Li et al., ICLR 2021, arXiv:2010.08895",
    )


def _permeability(kind: Kind, low: float, high: float, alpha: float, tau: float) -> Prior:
    if kind == "two-phase":
        g = GaussianField(alpha, tau, boundary="neumann", constant=False)
        return TwoPhase(g, low, high)
    if kind == "log-normal":
        # A Gaussian number lies within two standard deviations of its mean in 95 % of all cases.
        spread = math.log(high / low) / 4
        unit = GaussianField(alpha, tau, sigma=1.0, boundary="neumann", constant=False)
        deviation = float(unit.scales(Grid((257, 257))).square().sum().sqrt())
        g = GaussianField(alpha, tau, spread / deviation, "neumann", constant=False)
        return LogNormal(g, math.sqrt(low * high))
    raise ValueError(f"kind is one of {get_args(Kind)}, got {kind!r}")
