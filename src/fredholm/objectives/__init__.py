"""What is minimised."""

from fredholm.objectives.finite_elements import RelativeP1
from fredholm.objectives.grid_residual import GridResidual
from fredholm.objectives.objective import Objective
from fredholm.objectives.residual import ResidualNorm
from fredholm.objectives.rollout import Chain, Curriculum, Noisy, push_forward
from fredholm.objectives.stages import Stages
from fredholm.objectives.supervised import (
    Augmented,
    MeanSquare,
    Own,
    RelativeH1,
    RelativeL2,
    Supervised,
)

__all__ = [
    "RelativeP1",
    "Augmented",
    "Chain",
    "Curriculum",
    "GridResidual",
    "MeanSquare",
    "Noisy",
    "Objective",
    "Own",
    "RelativeH1",
    "RelativeL2",
    "ResidualNorm",
    "Stages",
    "Supervised",
    "push_forward",
]
