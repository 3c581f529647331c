"""U-Net, the convolutional baseline."""

import torch
from torch import nn
from torch.nn import functional

from fredholm.domains import Axis, Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import Conv, coarsen, refine
from fredholm.operators import Claim, Operator, ShiftEquivariant, at_least_one


class UNet(Operator):
    """U-Net: convolutions on a ladder of coarser grids, joined level by level on the way back.

    Its stencils are counted in points, so it answers on the resolution that it was trained on:
    wrap it in `OnGrid` to serve others.

    Args:
        in_channels, out_channels: Channels of the functions.
        dim: Dimension of the grid.
        hidden_channels: Channels on the finest level; each coarser level has twice as many.
        levels: Number of coarser levels.

    Shapes:
        Field (batch, *points, in_channels) on a Grid -> Field (batch, *points, out_channels).

    Raises:
        ValueError: The grid has another dimension, or an axis with fewer than 2^levels points.

    Reference:
        Ronneberger et al., MICCAI 2015, arXiv:1505.04597. Departs from it: group norm, gelu, means
        for pooling, same-size convolutions that wrap on periodic axes.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dim: int,
        *,
        hidden_channels: int = 32,
        levels: int = 3,
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, levels=levels)
        self.dim = dim
        self.levels = levels
        widths = [hidden_channels * 2**level for level in range(levels + 1)]
        self.down = nn.ModuleList(
            _Block(dim, a, b) for a, b in zip((in_channels, *widths[:-1]), widths)
        )
        self.up = nn.ModuleList(
            _Block(dim, a + b, a) for a, b in zip(widths[-2::-1], widths[:0:-1])
        )
        self.projection = nn.Linear(hidden_channels, out_channels)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (ShiftEquivariant(),) if self.levels == 0 else ()

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        axes = u.grid.axes
        if len(axes) != self.dim or min(u.grid.shape) < 2**self.levels:
            raise ValueError(
                f"this U-Net needs {self.dim} axes of at least {2**self.levels} points, "
                f"the input has shape {u.grid.shape}"
            )
        x, skipped = u.values.movedim(-1, 1), []
        for number, block in enumerate(self.down):
            x = block(coarsen(x) if number else x, axes)
            skipped.append(x)
        for block, finer in zip(self.up, skipped[-2::-1]):
            joined = (finer, refine(x, finer.shape[2:]))
            x = block(torch.cat(joined, dim=1), axes)
        out = u.with_values(self.projection(x.movedim(1, -1)))
        return out if at is None else out.at(at)


class _Block(nn.Module):
    """Two convolutions, each followed by group norm and gelu."""

    def __init__(self, dim: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.first = Conv(dim, in_channels, out_channels)
        self.second = Conv(dim, out_channels, out_channels)
        groups = next(g for g in (8, 4, 2, 1) if out_channels % g == 0)
        self.norms = nn.ModuleList(nn.GroupNorm(groups, out_channels) for _ in range(2))

    def forward(self, x: torch.Tensor, axes: tuple[Axis, ...]) -> torch.Tensor:
        for conv, norm in zip((self.first, self.second), self.norms):
            x = functional.gelu(norm(conv(x, axes)))
        return x
