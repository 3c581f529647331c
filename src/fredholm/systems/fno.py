"""Fourier neural operator."""

from fredholm.models import FNO
from fredholm.operators import Operator
from fredholm.systems.card import Card, Recipe, Task
from fredholm.training import AdamW


def build(
    task: Task,
    *,
    modes: int = 12,
    hidden_channels: int = 32,
    layers: int = 4,
) -> Operator:
    """An FNO with the same number of modes on each axis, as far as the grid resolves them.

    Coordinates are shown to it unless the map commutes with shifts.
    """
    grid = task.signature.input_grid
    kept = tuple(min(modes, (axis.size + 1) // 2) for axis in grid.axes)
    return FNO(
        *task.channels,
        kept,
        hidden_channels=hidden_channels,
        layers=layers,
        coordinates=not task.translations,
    )


CARD = Card(
    key="fno",
    title="Fourier neural operator",
    reference="Li et al., ICLR 2021, arXiv:2010.08895",
    build=build,
    recipe=Recipe(optimiser=AdamW(lr=3e-3), batch=16),
    for_use="the default on grids: smooth or periodic solutions, any resolution",
)
