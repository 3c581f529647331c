"""U-Net, the convolutional baseline."""

import torch
from torch import nn

from fredholm.domains import Axis, Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import Activation, Conv, UpConv, coarsen, nonlinearity, refine
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
        learned_resampling: Go between the levels by strided convolutions and their transposes, not
            by means and interpolation; needs a number of points that 2^levels divides.
        groups: Groups of the normalisation, at most; 1 normalises all channels of a function.
        activation: `"gelu"`, `"relu"`, `"silu"` or `"tanh"`.

    Shapes:
        Field (batch, *points, in_channels) on a Grid -> Field (batch, *points, out_channels).

    Raises:
        ValueError: The grid has another dimension, or an axis with fewer than 2^levels points.

    Reference:
        Ronneberger et al., MICCAI 2015, arXiv:1505.04597. Departs from it: group norm, gelu, means
        for pooling, same-size convolutions that wrap on periodic axes. With learned resampling, one
        group and relu it is the network called UNet in APEBench (Koehler et al., NeurIPS 2024,
        arXiv:2411.00180).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dim: int,
        *,
        hidden_channels: int = 32,
        levels: int = 3,
        learned_resampling: bool = False,
        groups: int = 8,
        activation: Activation = "gelu",
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, levels=levels, groups=groups)
        self.dim = dim
        self.levels = levels
        widths = [hidden_channels * 2**level for level in range(levels + 1)]

        def block(a: int, b: int) -> _Block:
            return _Block(dim, a, b, groups, activation)

        self.down = nn.ModuleList(block(a, b) for a, b in zip((in_channels, *widths[:-1]), widths))
        steps = list(zip(widths[-2::-1], widths[:0:-1]))  # from the coarsest: (finer, coarser)
        self.coarsen, self.refine = None, None
        if learned_resampling:
            self.coarsen = nn.ModuleList(Conv(dim, a, a, stride=2) for a in widths[:-1])
            self.refine = nn.ModuleList(UpConv(dim, b, a) for a, b in steps)
        self.up = nn.ModuleList(block(a + (a if learned_resampling else b), a) for a, b in steps)
        self.projection = nn.Linear(hidden_channels, out_channels)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (ShiftEquivariant(),) if self.levels == 0 else ()

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        axes = u.grid.axes
        least = 2**self.levels
        if len(axes) != self.dim or min(u.grid.shape) < least:
            raise ValueError(
                f"this U-Net needs {self.dim} axes of at least {least} points, "
                f"the input has shape {u.grid.shape}"
            )
        if self.coarsen is not None and any(size % least for size in u.grid.shape):
            raise ValueError(
                f"a U-Net with learned resampling needs sizes that {least} divides, the input has "
                f"shape {u.grid.shape}"
            )
        x, skipped = u.values.movedim(-1, 1), []
        for number, block in enumerate(self.down):
            if number:
                x = self.coarsen[number - 1](x, axes) if self.coarsen else coarsen(x)
            x = block(x, axes)
            skipped.append(x)
        for number, (block, finer) in enumerate(zip(self.up, skipped[-2::-1])):
            x = self.refine[number](x, axes) if self.refine else refine(x, finer.shape[2:])
            x = block(torch.cat((finer, x), dim=1), axes)
        out = u.with_values(self.projection(x.movedim(1, -1)))
        return out if at is None else out.at(at)


class _Block(nn.Module):
    """Two convolutions, each followed by group norm and an activation."""

    def __init__(
        self, dim: int, in_channels: int, out_channels: int, groups: int, activation: Activation
    ) -> None:
        super().__init__()
        self.activation = nonlinearity(activation)
        self.first = Conv(dim, in_channels, out_channels)
        self.second = Conv(dim, out_channels, out_channels)
        groups = next(g for g in (8, 4, 2, 1) if g <= groups and out_channels % g == 0)
        self.norms = nn.ModuleList(nn.GroupNorm(groups, out_channels) for _ in range(2))

    def forward(self, x: torch.Tensor, axes: tuple[Axis, ...]) -> torch.Tensor:
        for conv, norm in zip((self.first, self.second), self.norms):
            x = self.activation(norm(conv(x, axes)))
        return x
