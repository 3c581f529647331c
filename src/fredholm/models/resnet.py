"""Residual networks of convolutions, plain and dilated."""

from collections.abc import Sequence

from torch import Tensor, nn

from fredholm.domains import Axis, Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import Activation, Conv, nonlinearity
from fredholm.operators import Claim, Operator, ShiftEquivariant, at_least_one


class ResNet(Operator):
    """Lift, blocks of convolutions with a way around them, project.

    Without dilations a block is relu(x + conv(relu(conv(x)))). With dilations it is x + f(x), where
    f repeats norm, convolution and activation once for each dilation: stencils of growing and then
    shrinking reach see far without a coarser grid. The stencils are counted in points: wrap it in
    `OnGrid` to serve other resolutions.

    Args:
        in_channels, out_channels: Channels of the functions.
        dim: Dimension of the grid.
        hidden_channels: Channels of the blocks.
        blocks: Number of blocks.
        dilations: Distances of the stencils' points in the convolutions of a block; none for the
            plain network.
        activation: `"gelu"`, `"relu"`, `"silu"` or `"tanh"`.

    Shapes:
        Field (batch, *points, in_channels) on a Grid -> Field (batch, *points, out_channels).

    Raises:
        ValueError: The grid has another dimension, or a dilation reaches around it.

    Reference:
        He et al., CVPR 2016, arXiv:1512.03385; Stachenfeld et al., ICLR 2022, arXiv:2112.15275
        (dilated). These are the networks called Res and Dil in APEBench (Koehler et al., NeurIPS
        2024, arXiv:2411.00180).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dim: int,
        *,
        hidden_channels: int = 32,
        blocks: int = 8,
        dilations: Sequence[int] = (),
        activation: Activation = "relu",
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, blocks=blocks)
        at_least_one(**{f"dilation {number}": size for number, size in enumerate(dilations)})
        self.dim = dim
        self.reach = max(dilations, default=1)
        self.lifting = nn.Linear(in_channels, hidden_channels)
        made = (
            _Dilated(dim, hidden_channels, dilations, activation)
            if dilations
            else _Plain(dim, hidden_channels, activation)
            for _ in range(blocks)
        )
        self.blocks = nn.ModuleList(made)
        self.projection = nn.Linear(hidden_channels, out_channels)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (ShiftEquivariant(),)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        axes = u.grid.axes
        if len(axes) != self.dim or min(u.grid.shape) <= self.reach:
            raise ValueError(
                f"this network needs {self.dim} axes of more than {self.reach} points, the input "
                f"has shape {u.grid.shape}"
            )
        x = self.lifting(u.values).movedim(-1, 1)
        for block in self.blocks:
            x = block(x, axes)
        out = u.with_values(self.projection(x.movedim(1, -1)))
        return out if at is None else out.at(at)


class _Plain(nn.Module):
    """act(x + conv(act(conv(x))))."""

    def __init__(self, dim: int, channels: int, activation: Activation) -> None:
        super().__init__()
        self.activation = nonlinearity(activation)
        self.first = Conv(dim, channels, channels)
        self.second = Conv(dim, channels, channels)

    def forward(self, x: Tensor, axes: tuple[Axis, ...]) -> Tensor:
        inner = self.activation(self.first(x, axes))
        return self.activation(x + self.second(inner, axes))


class _Dilated(nn.Module):
    """x + act(conv(norm(...)))."""

    def __init__(
        self, dim: int, channels: int, dilations: Sequence[int], activation: Activation
    ) -> None:
        super().__init__()
        self.activation = nonlinearity(activation)
        self.norms = nn.ModuleList(nn.GroupNorm(1, channels) for _ in dilations)
        self.maps = nn.ModuleList(Conv(dim, channels, channels, dilation=d) for d in dilations)

    def forward(self, x: Tensor, axes: tuple[Axis, ...]) -> Tensor:
        inner = x
        for norm, conv in zip(self.norms, self.maps):
            inner = self.activation(conv(norm(inner), axes))
        return x + inner
