"""The target of the nearest training input."""

from fredholm.models import NearestNeighbour
from fredholm.operators import Operator
from fredholm.systems.card import Card, Task


def build(task: Task, *, remembered: int = 2000) -> Operator:
    """The baseline on the grids of the samples.

    Args:
        task: What it is built for.
        remembered: Training samples that are kept, at most.
    """
    return NearestNeighbour(task.input_grid, task.target_grid, *task.channels, remembered)


CARD = Card(
    key="nearest",
    title="The target of the nearest training input",
    reference="folklore",
    build=build,
    closed_form=True,
    for_use="as a check for leaks: nothing else profits as much from a copy in the test set",
)
