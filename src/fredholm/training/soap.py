"""SOAP: Adam in the eigenbasis of Shampoo."""

import math
from dataclasses import dataclass

from fredholm.errors import MissingExtra
from fredholm.training.first_order import FirstOrder
from fredholm.training.least_squares import Descent, System
from fredholm.training.schedule import Schedule, check_schedule, rate_at


@dataclass(frozen=True)
class SOAP:
    """Adam in coordinates in which the curvature of each layer is nearly diagonal.

    Args:
        lr: Largest learning rate.
        every: Steps between two computations of the coordinates.
        weight_decay: Decoupled weight decay.
        warmup: Fraction of the budget in which the rate rises linearly from zero.
        schedule: `"cosine"` falls to zero at the end of the budget, `"constant"` does not.
        clip: Largest norm of the gradient; infinity for none.

    Raises:
        ValueError: A value out of its range.
        MissingExtra: `start`: the package `pytorch_optimizer` is not installed.

    Reference:
        Vyas et al., ICLR 2025, arXiv:2409.11321; for physics-informed networks: Wang et al., 2025,
        arXiv:2502.00604.
    """

    lr: float = 3e-3
    every: int = 2
    weight_decay: float = 0.0
    warmup: float = 0.02
    schedule: Schedule = "cosine"
    clip: float = math.inf

    def __post_init__(self) -> None:
        check_schedule(self)
        if not (self.every >= 1 and self.weight_decay >= 0):
            raise ValueError(f"SOAP needs every >= 1 and weight_decay >= 0, got {self}")

    def rate(self, progress: float) -> float:
        """The learning rate when that fraction of the budget is spent."""
        return rate_at(self, progress)

    def start(self, system: System) -> Descent:
        """SOAP at work on a least-squares system."""
        try:
            from pytorch_optimizer import SOAP as Steps
        except ImportError as error:
            raise MissingExtra("SOAP", "optim") from error
        steps = Steps(
            system.parameters,
            lr=self.lr,
            weight_decay=self.weight_decay,
            precondition_frequency=self.every,
        )
        return FirstOrder(system, self, [steps])
