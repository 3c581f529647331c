"""The mean of the training targets."""

from fredholm.models import TrainMean
from fredholm.operators import Operator
from fredholm.systems.card import Card, Task


def build(task: Task) -> Operator:
    """The baseline on the grids of the samples."""
    shape = task.signature
    return TrainMean(task.target_grid, len(shape.targets))


CARD = Card(
    key="mean",
    title="The mean of the training targets",
    reference="folklore",
    build=build,
    closed_form=True,
    for_use="as the least that any surrogate must beat",
)
