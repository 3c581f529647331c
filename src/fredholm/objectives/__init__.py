"""What is minimised."""

from fredholm.objectives.objective import Objective
from fredholm.objectives.rollout import Chain, Curriculum, Noisy, push_forward
from fredholm.objectives.supervised import (
    Augmented,
    MeanSquare,
    RelativeH1,
    RelativeL2,
    Supervised,
)

__all__ = [
    "Augmented",
    "Chain",
    "Curriculum",
    "MeanSquare",
    "Noisy",
    "Objective",
    "RelativeH1",
    "RelativeL2",
    "Supervised",
    "push_forward",
]
