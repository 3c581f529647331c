"""A plain network of all sensor values and one query point."""

import torch

from fredholm.domains import Domain, Grid
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP
from fredholm.operators import Claim, ConsistentQuery, Operator, at_least_one


class PointwiseMLP(Operator):
    """G(u)(y) = MLP(u(x₁), ..., u(xₘ), y): the baseline against which DeepONet was introduced.

    It knows nothing of the product structure of branch and trunk, and pays for every pair of a
    function and a point.

    Args:
        in_channels, out_channels: Channels of the functions.
        sensors: Grid of the sensors and box of the query points.
        hidden_channels: Width of the hidden layers.
        layers: Number of hidden layers.

    Shapes:
        Field (batch, *points, in_channels) -> Field (batch, *query points, out_channels).

    Reference:
        "FNN" in Lu et al., Nature Machine Intelligence 2021, arXiv:1910.03193, section 4.1.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        sensors: Grid,
        *,
        hidden_channels: int = 100,
        layers: int = 2,
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, layers=layers)
        self.sensors = sensors
        inputs = in_channels * sensors.weights().numel() + sensors.dim
        self.net = MLP(
            (inputs, *(hidden_channels,) * layers, out_channels),
            activation=torch.nn.functional.relu,
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (ConsistentQuery(),)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        at = at or u.domain
        values = u.at(self.sensors).values.flatten(1)
        points = (2 * self.sensors.scaled(at.points()) - 1).to(values)
        shape = (len(u), *at.shape)
        repeated = values.reshape(len(u), *[1] * len(at.shape), -1).expand(*shape, -1)
        return Field(self.net(torch.cat([repeated, points.expand(*shape, -1)], dim=-1)), at)
