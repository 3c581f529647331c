"""Least squares for models that are costly to run and have few data or few unknowns."""

from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.errors import DivergedError, EquationError

_ATTEMPTS = 10
"""Dampings that one step tries; each failure multiplies by four."""


class Model(Protocol):
    """What was measured minus what is predicted, as a function of the unknowns.

    The unknowns are of order one; residuals are in units of the standard error of the data.
    """

    def residual(self, x: Float[Tensor, "p"]) -> Float[Tensor, "n"]: ...

    def jacobian(
        self, x: Float[Tensor, "p"], residual: Float[Tensor, "n"]
    ) -> Float[Tensor, "n p"]: ...


@dataclass(frozen=True, eq=False)
class Optimum:
    """Where a least-squares search ended.

    Args:
        x: The unknowns.
        residual, jacobian: There.
        iterations: Steps that were taken.
        settled: Whether the last step could not, or hardly, improve; not so where the steps ran
            out.
    """

    x: Float[Tensor, "p"]
    residual: Float[Tensor, "n"]
    jacobian: Float[Tensor, "n p"]
    iterations: int
    settled: bool


def search(
    model: Model,
    start: Float[Tensor, "p"],
    *,
    prior: bool = False,
    iterations: int = 20,
    settle: float = 1e-4,
) -> Optimum:
    """Minimises |r(x)|² by damped Gauss-Newton steps; with a standard normal prior, plus |x|².

    Where the model cannot be run at a trial point, the step is damped more. No unknown moves by
    more than one in a step.

    Args:
        model: The residuals.
        start: First unknowns.
        prior: Whether the unknowns are standard normal numbers before any data.
        iterations: Most steps.
        settle: Relative gain of a step below which the search ends.

    Raises:
        DivergedError, EquationError: The model cannot be run at the start.
    """
    x, residual = start, model.residual(start)
    damping, settled, taken = 0.0, False, 0
    while True:
        jacobian = model.jacobian(x, residual)
        if settled or taken == iterations:
            return Optimum(x, residual, jacobian, taken, settled)
        slope = jacobian.mT @ residual + prior * x
        damping = damping or 1e-3 * float(jacobian.square().sum(0).max().clamp(min=1e-300))
        loss = _loss(residual, x, prior)
        for _ in range(_ATTEMPTS):
            step = -_solved(jacobian, prior + damping, slope)
            new_x = x + step / max(1.0, float(step.abs().max()))
            new = _tried(model, new_x)
            if new is not None and _loss(new, new_x, prior) < loss:
                settled = loss - _loss(new, new_x, prior) < settle * loss
                x, residual, taken = new_x, new, taken + 1
                damping /= 4
                break
            damping *= 4
        else:
            return Optimum(x, residual, jacobian, taken, True)


def standard_errors(jacobian: Float[Tensor, "n p"]) -> Float[Tensor, "p"]:
    """Those of unknowns without a prior, from the curvature of the loss (Laplace).

    Args:
        jacobian: Of the residuals, in units of the standard error of the data.

    Returns:
        Infinity for an unknown that the data do not tell from others.
    """
    values, vectors = torch.linalg.eigh(jacobian.mT @ jacobian)
    seen = values > 1e-12 * values.max()
    shares = vectors.square()
    variance = (shares[:, seen] / values[seen]).sum(1)
    lost = (shares[:, ~seen] > 1e-6).any(1)
    return torch.where(lost, torch.inf, variance.sqrt())


def _loss(residual: Tensor, x: Tensor, prior: bool) -> float:
    return float(residual.square().sum() + prior * x.square().sum())


def _tried(model: Model, x: Tensor) -> Tensor | None:
    """The residuals, or None where the model cannot be run."""
    try:
        residual = model.residual(x)
    except (DivergedError, EquationError):
        return None
    return residual if bool(torch.isfinite(residual).all()) else None


def _solved(jacobian: Tensor, shift: float, slope: Tensor) -> Tensor:
    """(JᵀJ + shift)⁻¹ slope, by the smaller one of JᵀJ and JJᵀ."""
    n, p = jacobian.shape
    one = torch.eye(min(n, p)).to(jacobian)
    if p <= n:
        return torch.linalg.solve(jacobian.mT @ jacobian + shift * one, slope)
    inner = torch.linalg.solve(jacobian @ jacobian.mT + shift * one, jacobian @ slope)
    return (slope - jacobian.mT @ inner) / shift
