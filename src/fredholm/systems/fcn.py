"""Fully convolutional network."""

from fredholm.models import ConvNet
from fredholm.operators import OnGrid, Operator
from fredholm.systems.card import Card, Recipe, Task
from fredholm.training import AdamW


def build(task: Task, *, hidden_channels: int = 34, layers: int = 11, width: int = 3) -> Operator:
    """A stack of convolutions at home on the grid of the inputs.

    Args:
        task: What it is built for.
        hidden_channels: Channels between the convolutions.
        layers: Number of convolutions.
        width: Points of their stencils per axis.
    """
    grid = task.input_grid
    net = ConvNet(
        *task.channels, grid.dim, hidden_channels=hidden_channels, layers=layers, width=width
    )
    return OnGrid(net, grid)


CARD = Card(
    key="fcn",
    title="Fully convolutional network at the resolution of the samples",
    reference="Koehler et al., NeurIPS 2024, arXiv:2411.00180 (there: Conv)",
    build=build,
    recipe=Recipe(optimiser=AdamW(lr=1e-3), batch=16),
    for_use="as the local baseline: short time steps, where nothing travels far",
)
