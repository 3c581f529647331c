"""Muon: gradients of matrices, made orthogonal."""

import math
from dataclasses import dataclass

import torch

from fredholm.training.first_order import FirstOrder
from fredholm.training.least_squares import Descent, System
from fredholm.training.schedule import Schedule, check_schedule, rate_at


@dataclass(frozen=True)
class Muon:
    """Momentum whose matrices are replaced by the nearest orthogonal ones; AdamW for the rest.

    Args:
        lr: Largest learning rate, of matrices and of all other parameters alike: the steps of
            matrices are scaled to the size that AdamW's have.
        momentum: Decay of the average of the gradients of matrices.
        weight_decay: Decoupled weight decay, applied to all parameters.
        warmup: Fraction of the budget in which the rate rises linearly from zero.
        schedule: `"cosine"` falls to zero at the end of the budget, `"constant"` does not.
        clip: Largest norm of the gradient; infinity for none.

    Raises:
        ValueError: A value out of its range.
        NotImplementedError: `start`: this version of torch has no Muon.

    Reference:
        Jordan et al., Muon, 2024; Liu et al., 2025, arXiv:2502.16982 (the scaling of the steps).
    """

    lr: float = 2e-3
    momentum: float = 0.95
    weight_decay: float = 0.0
    warmup: float = 0.0
    schedule: Schedule = "cosine"
    clip: float = math.inf

    def __post_init__(self) -> None:
        check_schedule(self)
        if not (0 <= self.momentum < 1 and self.weight_decay >= 0):
            raise ValueError(f"Muon needs 0 <= momentum < 1 and weight_decay >= 0, got {self}")

    def rate(self, progress: float) -> float:
        """The learning rate when that fraction of the budget is spent."""
        return rate_at(self, progress)

    def start(self, system: System) -> Descent:
        """Muon at work on a least-squares system."""
        if not hasattr(torch.optim, "Muon"):
            raise NotImplementedError(f"Muon needs torch 2.9 or later, this is {torch.__version__}")
        matrices = [p for p in system.parameters if p.ndim == 2]
        rest = [p for p in system.parameters if p.ndim != 2]
        optimisers: list[torch.optim.Optimizer] = []
        if matrices:
            optimisers.append(
                torch.optim.Muon(
                    matrices,
                    lr=self.lr,
                    momentum=self.momentum,
                    weight_decay=self.weight_decay,
                    adjust_lr_fn="match_rms_adamw",
                )
            )
        if rest:
            optimisers.append(
                torch.optim.AdamW(rest, lr=self.lr, weight_decay=self.weight_decay, fused=True)
            )
        return FirstOrder(system, self, optimisers)
