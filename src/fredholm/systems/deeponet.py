"""Deep operator network."""

from fredholm.models import DeepONet
from fredholm.operators import Operator
from fredholm.systems.card import Card, Recipe, Task
from fredholm.training import AdamW


def build(
    task: Task,
    *,
    basis: int = 64,
    hidden_channels: int = 128,
    layers: int = 2,
) -> Operator:
    """A DeepONet whose sensors are the points of the training inputs."""
    shape = task.signature
    return DeepONet(
        *task.channels,
        shape.input_grid,
        basis=basis,
        hidden_channels=hidden_channels,
        layers=layers,
    )


CARD = Card(
    key="deeponet",
    title="Deep operator network",
    reference="Lu et al., Nature Machine Intelligence 2021, arXiv:1910.03193",
    build=build,
    recipe=Recipe(optimiser=AdamW(lr=1e-3, weight_decay=0.0), batch=64),
    for_use="when the answer is wanted at scattered points, or input and output domains differ",
)
