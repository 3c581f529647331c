"""Optimiser settings as one value, so that they can be stored, compared and repeated."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from fredholm.training.first_order import FirstOrder
from fredholm.training.least_squares import Descent, System
from fredholm.training.schedule import Schedule, check_schedule, rate_at


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
        check_schedule(self)
        if not self.weight_decay >= 0:
            raise ValueError(f"weight_decay is not negative, got {self.weight_decay}")
        if not 0 <= self.average < 1:
            raise ValueError(f"average is a decay in [0, 1), got {self.average}")

    def build(self, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The torch optimiser for these parameters."""
        return torch.optim.AdamW(parameters, lr=self.lr, weight_decay=self.weight_decay, fused=True)

    def rate(self, progress: float) -> float:
        """The learning rate when that fraction of the budget is spent."""
        return rate_at(self, progress)

    def start(self, system: System) -> Descent:
        """AdamW at work on a least-squares system.

        Raises:
            ValueError: An average of the weights is asked for, which only `fit` keeps.
        """
        if self.average:
            raise ValueError(f"minimise keeps no averaged weights, got average={self.average}")
        return FirstOrder(system, self, [self.build(system.parameters)])


@dataclass(frozen=True)
class Adam:
    """Adam, with a schedule that follows the spent fraction of the budget.

    Args:
        lr: Largest learning rate.
        warmup: Fraction of the budget in which the rate rises linearly from zero.
        schedule: `"cosine"` falls to zero at the end of the budget, `"constant"` does not.
        clip: Largest norm of the gradient; infinity for none.

    Raises:
        ValueError: A value out of its range.

    Reference:
        Kingma & Ba, ICLR 2015, arXiv:1412.6980.
    """

    lr: float = 1e-3
    warmup: float = 0.0
    schedule: Schedule = "cosine"
    clip: float = math.inf

    def __post_init__(self) -> None:
        check_schedule(self)

    def rate(self, progress: float) -> float:
        """The learning rate when that fraction of the budget is spent."""
        return rate_at(self, progress)

    def start(self, system: System) -> Descent:
        """Adam at work on a least-squares system."""
        adam = torch.optim.Adam(system.parameters, lr=self.lr, fused=True)
        return FirstOrder(system, self, [adam])
