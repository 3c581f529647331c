"""U-Net: the convolutional baseline."""

from fredholm.models import UNet
from fredholm.operators import OnGrid, Operator
from fredholm.systems.card import Card, Recipe, Task
from fredholm.training import AdamW


def build(task: Task, *, hidden_channels: int = 24, levels: int | None = None) -> Operator:
    """A U-Net at home on the grid of the inputs; by default coarsened down to four points.

    Args:
        task: What it is built for.
        hidden_channels: Channels on the finest level.
        levels: Number of coarser levels.
    """
    grid = task.input_grid
    if levels is None:
        levels = max(min(min(grid.shape).bit_length() - 3, 4), 1)
    net = UNet(*task.channels, grid.dim, hidden_channels=hidden_channels, levels=levels)
    return OnGrid(net, grid)


CARD = Card(
    key="unet",
    title="U-Net at the resolution of the samples",
    reference="Ronneberger et al., MICCAI 2015, arXiv:1505.04597",
    build=build,
    recipe=Recipe(optimiser=AdamW(lr=2e-3), batch=16),
    for_use="when solutions have sharp local features and one resolution is enough",
)
