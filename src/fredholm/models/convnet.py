"""Fully convolutional network, the local baseline."""

from torch import nn

from fredholm.domains import Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import Activation, Conv, nonlinearity
from fredholm.operators import Claim, Operator, ShiftEquivariant, at_least_one


class ConvNet(Operator):
    """Convolutions with an activation between them, all at the resolution of the input.

    Each output point sees layers · (width - 1)/2 points to each side and nothing beyond. The
    stencils are counted in points: wrap it in `OnGrid` to serve other resolutions.

    Args:
        in_channels, out_channels: Channels of the functions.
        dim: Dimension of the grid.
        hidden_channels: Channels between the convolutions.
        layers: Number of convolutions.
        width: Points of the stencils per axis, odd.
        activation: `"gelu"`, `"relu"`, `"silu"` or `"tanh"`.

    Shapes:
        Field (batch, *points, in_channels) on a Grid -> Field (batch, *points, out_channels).

    Raises:
        ValueError: The grid has another dimension.

    Reference:
        The network called Conv in APEBench (Koehler et al., NeurIPS 2024, arXiv:2411.00180).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        dim: int,
        *,
        hidden_channels: int = 34,
        layers: int = 11,
        width: int = 3,
        activation: Activation = "gelu",
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, layers=layers)
        self.dim = dim
        self.activation = nonlinearity(activation)
        channels = (in_channels, *(hidden_channels,) * (layers - 1), out_channels)
        self.maps = nn.ModuleList(
            Conv(dim, a, b, width=width) for a, b in zip(channels[:-1], channels[1:])
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (ShiftEquivariant(),)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        axes = u.grid.axes
        if len(axes) != self.dim:
            raise ValueError(f"this network needs {self.dim} axes, the input has {len(axes)}")
        x = u.values.movedim(-1, 1)
        for number, conv in enumerate(self.maps):
            x = conv(x if number == 0 else self.activation(x), axes)
        out = u.with_values(x.movedim(1, -1))
        return out if at is None else out.at(at)
