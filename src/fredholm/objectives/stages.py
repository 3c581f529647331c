"""Objectives one after the other."""

from dataclasses import dataclass

import torch
from torch import Tensor

from fredholm.data import Samples
from fredholm.objectives.objective import Objective
from fredholm.operators import Operator


@dataclass(frozen=True)
class Stages(Objective):
    """One objective until a fraction of the training is done, another from there on.

    Weights that the first one does not reach stay as they are while it holds.

    Args:
        first: What is minimised at first.
        then: What is minimised afterwards.
        at: Fraction of the training at which it changes.

    Raises:
        ValueError: The fraction is not between 0 and 1.
    """

    first: Objective
    then: Objective
    at: float

    def __post_init__(self) -> None:
        if not 0 <= self.at <= 1:
            raise ValueError(f"at is a fraction of the training in [0, 1], got {self.at}")

    def along(self, chain: Objective) -> Objective:
        return Stages(self.first.along(chain), self.then.along(chain), self.at)

    def __call__(
        self,
        operator: Operator,
        batch: Samples,
        *,
        generator: torch.Generator,
        progress: float = 0.0,
    ) -> dict[str, Tensor]:
        now = self.first if progress < self.at else self.then
        return now(operator, batch, generator=generator, progress=progress)
