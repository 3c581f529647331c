"""Optimisers that follow gradients, at work on least-squares systems."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from fredholm.training.least_squares import Descent, System, total
from fredholm.training.schedule import Scheduled, rate_at


class FirstOrder(Descent):
    """Gradient steps by torch optimisers.

    Args:
        system: What is minimised, in place.
        settings: The schedule of the learning rate and the bound of the gradient.
        optimisers: Torch optimisers that together own the parameters of the system. The rate of
            a group is the scheduled one times its entry `"factor"`, where it has one.
    """

    def __init__(
        self, system: System, settings: Scheduled, optimisers: Sequence[torch.optim.Optimizer]
    ) -> None:
        super().__init__(system)
        self.settings = settings
        self.optimisers = optimisers

    def step(self, progress: float) -> None:
        self.rate = rate_at(self.settings, progress)
        loss = total(self.system.residuals())
        for optimiser in self.optimisers:
            optimiser.zero_grad()
        torch.autograd.backward(loss, inputs=self.parameters)
        nn.utils.clip_grad_norm_(self.parameters, self.settings.clip)
        for optimiser in self.optimisers:
            for group in optimiser.param_groups:
                group["lr"] = self.rate * group.get("factor", 1.0)
            optimiser.step()

    def state_dict(self) -> dict[str, Any]:
        kept = [optimiser.state_dict() for optimiser in self.optimisers]
        return {**super().state_dict(), "optimisers": kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        super().load_state_dict(state)
        for optimiser, kept in zip(self.optimisers, state["optimisers"], strict=True):
            optimiser.load_state_dict(kept)
