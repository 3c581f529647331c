"""A plain network of all sensor values and one query point."""

from fredholm.models import PointwiseMLP
from fredholm.operators import Operator
from fredholm.systems.card import Card, Recipe, Task
from fredholm.training import AdamW


def build(task: Task, *, hidden_channels: int = 100, layers: int = 2) -> Operator:
    """The network with its sensors on the points of the training inputs.

    Args:
        task: What it is built for.
        hidden_channels: Width of the hidden layers.
        layers: Number of hidden layers.
    """
    grid = task.input_grid
    return PointwiseMLP(*task.channels, grid, hidden_channels=hidden_channels, layers=layers)


CARD = Card(
    key="fnn",
    title="Plain network of sensor values and query point",
    reference="Lu et al., Nature Machine Intelligence 2021, arXiv:1910.03193 (its baseline)",
    build=build,
    recipe=Recipe(optimiser=AdamW(lr=1e-3, weight_decay=0.0), batch=64),
    for_use="only as the baseline of DeepONet",
)
