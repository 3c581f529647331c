"""What is minimised."""

from fredholm.objectives.objective import Objective
from fredholm.objectives.supervised import Augmented, RelativeH1, RelativeL2

__all__ = ["Augmented", "Objective", "RelativeH1", "RelativeL2"]
