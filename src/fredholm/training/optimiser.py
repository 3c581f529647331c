"""Optimiser settings as one value, so that they can be stored, compared and repeated."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import nn

Schedule = Literal["cosine", "constant"]


@dataclass(frozen=True)
class AdamW:
    """AdamW with warm-up and a schedule that follows the spent fraction of the budget.

    Args:
        lr: Largest learning rate.
        weight_decay: Decoupled weight decay, applied to all parameters.
        warmup: Fraction of the budget in which the rate rises linearly from zero.
        schedule: `"cosine"` falls to zero at the end of the budget, `"constant"` does not.
        clip: Largest norm of the gradient; infinity for none.
        average: Decay of the moving average of the weights that is kept in place of the last
            weights; 0 for none. With 0.995 it runs over the last 200 steps.

    Raises:
        ValueError: A value out of its range.

    Reference:
        Loshchilov & Hutter, ICLR 2019, arXiv:1711.05101.
    """

    lr: float = 2e-3
    weight_decay: float = 1e-4
    warmup: float = 0.05
    schedule: Schedule = "cosine"
    clip: float = math.inf
    average: float = 0.0

    def __post_init__(self) -> None:
        if not (self.lr > 0 and self.weight_decay >= 0 and 0 <= self.warmup < 1 and self.clip > 0):
            raise ValueError(
                f"AdamW needs lr > 0, weight_decay >= 0, 0 <= warmup < 1 and clip > 0, got {self}"
            )
        if not 0 <= self.average < 1:
            raise ValueError(f"average is a decay in [0, 1), got {self.average}")
        if self.schedule not in ("cosine", "constant"):
            raise ValueError(f"schedule is 'cosine' or 'constant', got {self.schedule!r}")

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The torch optimiser for these parameters."""
        return torch.optim.AdamW(parameters, lr=self.lr, weight_decay=self.weight_decay, fused=True)

    def rate(self, progress: float) -> float:
        """The learning rate when that fraction of the budget is spent."""
        if progress < self.warmup:
            # The first step of all must move: the rate starts at a hundredth.
            return self.lr * max(progress / self.warmup, 0.01)
        if self.schedule == "constant":
            return self.lr
        done = (progress - self.warmup) / (1 - self.warmup)
        return self.lr * 0.5 * (1 + math.cos(math.pi * done))
