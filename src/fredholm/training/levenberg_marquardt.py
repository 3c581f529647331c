"""Levenberg-Marquardt: Gauss-Newton steps that are damped as much as they have to be."""

from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.training.jacobian import Linearisation
from fredholm.training.least_squares import (
    Descent,
    System,
    flat,
    put,
    trial_loss,
    warn_of_single_precision,
)

LARGEST = 3000
"""Parameters that a dense normal equation serves; beyond, a step takes longer than it is worth."""
_ATTEMPTS = 12
"""Dampings that one step tries; each failure multiplies by 2, 4, 8, ..., so they span 1e20."""


@dataclass(frozen=True)
class LevenbergMarquardt:
    """(JᵀJ + λD) δ = −Jᵀr, with the damping λ from the ratio of true to predicted gain.

    Args:
        damping: First λ; with the scaling `"identity"` in units of the largest diagonal entry of
            JᵀJ.
        scaling: D: `"identity"`, or `"marquardt"`, the diagonal of JᵀJ, which makes the steps
            independent of the units of the parameters.

    Raises:
        ValueError: A value out of its range; `start`: more than 3000 parameters.

    Reference:
        Marquardt, SIAM J. Appl. Math. 11, 1963; Nielsen, IMM-REP-1999-05 (the rule for λ).
    """

    damping: float = 1e-3
    scaling: Literal["identity", "marquardt"] = "identity"

    def __post_init__(self) -> None:
        if not self.damping > 0:
            raise ValueError(f"damping is a positive number, got {self.damping}")
        if self.scaling not in ("identity", "marquardt"):
            raise ValueError(f"scaling is 'identity' or 'marquardt', got {self.scaling!r}")

    def start(self, system: System) -> Descent:
        """The method at work on this system."""
        count = sum(p.numel() for p in system.parameters)
        if count > LARGEST:
            raise ValueError(
                f"LevenbergMarquardt solves dense systems of up to {LARGEST} parameters, got "
                f"{count}: use GaussNewton or LBFGS, or a smaller network"
            )
        return _Descent(system, self)


class _Descent(Descent):
    """Levenberg-Marquardt at work."""

    def __init__(self, system: System, settings: LevenbergMarquardt) -> None:
        super().__init__(system)
        warn_of_single_precision(self.parameters, "LevenbergMarquardt")
        self.settings, self.linearised = settings, Linearisation(system)
        self.growth = 2.0

    def step(self, progress: float) -> None:
        values, jacobian = self.linearised()
        loss, self.note = values.square().sum().item(), self.linearised.note
        curvature, slope = jacobian.gram(), jacobian.transposed(values)
        diagonal = curvature.diagonal().clone()
        if self.settings.scaling == "identity":
            diagonal = torch.full_like(diagonal, diagonal.max().item())
        # A parameter without influence has a zero on the diagonal, which no damping would repair.
        diagonal = diagonal.clamp(min=1e-12 * diagonal.max().item())
        self.rate = self.rate or self.settings.damping
        begin = flat(self.parameters)
        self.stalled = ""
        for _ in range(_ATTEMPTS):
            move = solve(curvature, slope, self.rate * diagonal)
            if move is not None:
                put(self.parameters, begin + move)
                predicted = (move @ (self.rate * diagonal * move - slope)).item()
                ratio = (loss - trial_loss(self.system)) / max(predicted, 1e-300)
                if ratio > 0:
                    self.rate *= eased(ratio)
                    self.growth = 2.0
                    return
            self.rate, self.growth = self.rate * self.growth, self.growth * 2
        put(self.parameters, begin)
        self.rate, self.growth = 0.0, 2.0
        self.stalled = f"no damping improves the loss of {loss:.3g}: it is minimal to rounding"

    def state_dict(self) -> dict[str, Any]:
        return {**super().state_dict(), "growth": self.growth}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        self.growth = state["growth"]


def eased(ratio: float) -> float:
    """The factor of the damping after a step, by the ratio of its true to its predicted gain."""
    return max(1 / 3, 1 - (2 * ratio - 1) ** 3)


def solve(
    matrix: Float[Tensor, "p p"], slope: Float[Tensor, "p"], damping: Float[Tensor, "p"]
) -> Float[Tensor, "p"] | None:
    """−(matrix + diag(damping))⁻¹ slope, or None where that is not positive definite."""
    factor, failed = torch.linalg.cholesky_ex(matrix + torch.diag(damping))
    if failed:
        return None
    return -torch.cholesky_solve(slope.unsqueeze(1), factor).squeeze(1)
