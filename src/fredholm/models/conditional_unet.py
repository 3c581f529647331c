"""U-Net that is steered by numbers."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import Axis, Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import Conv, Embedding, coarsen, refine
from fredholm.operators import Operator, at_least_one


class ConditionalUNet(Operator):
    """U-Net of residual blocks whose channels are scaled and shifted by what it is told.

    In each block h <- norm(h) · (1 + a) + b, where a and b are linear in a vector that stands for
    the columns of `given.params`: a time step, a grid spacing, a viscosity, the size of the noise.
    Its stencils are counted in points: wrap it in `OnGrid` to serve other resolutions.

    Args:
        in_channels, out_channels: Channels of the functions.
        dim: Dimension of the grid.
        conditions: Columns of `given.params`, numbers of order one; none makes it a plain U-Net.
        hidden_channels: Channels on the finest level; each coarser level has twice as many.
        levels: Number of coarser levels.

    Shapes:
        Field (batch, *points, in_channels) on a Grid -> Field (batch, *points, out_channels);
        given.params (batch, conditions).

    Raises:
        ValueError: The grid has another dimension, or an axis with fewer than 2^levels points, or
            the number of conditions is another.

    Reference:
        Gupta and Brandstetter, TMLR 2023, arXiv:2209.15616 (modern U-Net, scale and shift), as in
        Lippe et al., NeurIPS 2023, arXiv:2308.05732. Departs from it: one block per level, no
        attention, means and interpolation between the levels, no weights that start at zero.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dim: int,
        *,
        conditions: int = 0,
        hidden_channels: int = 32,
        levels: int = 3,
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, levels=levels)
        self.dim = dim
        self.levels = levels
        self.conditions = conditions
        self.embedding = Embedding(conditions, 4 * hidden_channels) if conditions else None
        told = 4 * hidden_channels if conditions else 0
        widths = [hidden_channels * 2**level for level in range(levels + 1)]
        steps = list(zip(widths[-2::-1], widths[:0:-1]))  # from the coarsest: (finer, coarser)
        self.lifting = Conv(dim, in_channels, hidden_channels)
        entering = (hidden_channels, *widths[:-1])
        self.down = nn.ModuleList(_Block(dim, a, b, told) for a, b in zip(entering, widths))
        self.up = nn.ModuleList(_Block(dim, a + b, a, told) for a, b in steps)
        self.norm = _norm(hidden_channels)
        self.projection = Conv(dim, hidden_channels, out_channels)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        told = self._told(given, u)
        axes = u.grid.axes
        least = 2**self.levels
        if len(axes) != self.dim or min(u.grid.shape) < least:
            raise ValueError(
                f"this U-Net needs {self.dim} axes of at least {least} points, "
                f"the input has shape {u.grid.shape}"
            )
        x, skipped = self.lifting(u.values.movedim(-1, 1), axes), []
        for number, block in enumerate(self.down):
            x = block(coarsen(x) if number else x, told, axes)
            skipped.append(x)
        for block, finer in zip(self.up, skipped[-2::-1]):
            x = block(torch.cat((finer, refine(x, finer.shape[2:], axes)), dim=1), told, axes)
        x = self.projection(functional.silu(self.norm(x)), axes)
        out = u.with_values(x.movedim(1, -1))
        return out if at is None else out.at(at)

    def _told(self, given: Given, u: Field) -> Tensor | None:
        """The vector that stands for the conditions."""
        given.only(*["params"] * bool(self.conditions))
        if self.embedding is None:
            return None
        found = None if given.params is None else tuple(given.params.shape)
        if given.params is None or found != (len(u), self.conditions):
            raise ValueError(
                f"this U-Net is told {self.conditions} numbers per function, as given.params of "
                f"shape ({len(u)}, {self.conditions}); got {found}"
            )
        return self.embedding(given.params.to(u.values))


class _Block(nn.Module):
    """x + conv(act(scaled and shifted norm(conv(act(norm(x))))))."""

    def __init__(self, dim: int, in_channels: int, out_channels: int, told: int) -> None:
        super().__init__()
        self.first = Conv(dim, in_channels, out_channels)
        self.second = Conv(dim, out_channels, out_channels)
        self.norms = nn.ModuleList(_norm(size) for size in (in_channels, out_channels))
        self.steering = nn.Linear(told, 2 * out_channels) if told else None
        same = in_channels == out_channels
        self.around = None if same else Conv(dim, in_channels, out_channels, width=1)

    def forward(self, x: Tensor, told: Tensor | None, axes: tuple[Axis, ...]) -> Tensor:
        h = self.first(functional.silu(self.norms[0](x)), axes)
        h = self.norms[1](h)
        if self.steering is not None and told is not None:
            steered = self.steering(functional.silu(told)).reshape(len(x), -1, *[1] * len(axes))
            scale, shift = steered.chunk(2, dim=1)
            h = h * (1 + scale) + shift
        h = self.second(functional.silu(h), axes)
        return (self.around(x, axes) if self.around else x) + h


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(next(g for g in (8, 4, 2, 1) if channels % g == 0), channels)
