"""Deep operator network."""

import torch
from torch import nn
from torch.nn import functional

from fredholm.domains import Domain, Grid
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP
from fredholm.operators import Claim, ConsistentQuery, Operator, at_least_one


class DeepONet(Operator):
    """Deep operator network: G(u)(y) = Σₖ bₖ(u(x₁), ..., u(xₘ)) tₖ(y) + b₀.

    The branch net b sees the input on fixed sensors, the trunk net t the query point; the last
    layer of the trunk is activated, that of the branch is not. All functions of a batch share
    their query points (the Cartesian product), which costs one trunk evaluation per batch.

    Args:
        in_channels: Channels of the input function.
        out_channels: Channels of the output function; each has its own block of basis functions.
        sensors: Grid of the sensors; an input on another grid of the same box is interpolated.
        query: Box in which the output is asked for, as any grid on it; by default that of the
            sensors. Coordinates are scaled to it.
        basis: Number of basis functions tₖ per output channel.
        hidden_channels: Width of the hidden layers of both nets.
        layers: Hidden layers of both nets.

    Shapes:
        Field (batch, *points, in_channels) -> Field (batch, *query points, out_channels).

    Reference:
        Lu et al., Nature Machine Intelligence 2021, arXiv:1910.03193, eq. 2 (unstacked, with bias).
        Departs from it: several channels; the widths here are larger than its 40.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        sensors: Grid,
        *,
        query: Grid | None = None,
        basis: int = 64,
        hidden_channels: int = 128,
        layers: int = 2,
    ) -> None:
        super().__init__()
        at_least_one(basis=basis, hidden_channels=hidden_channels, layers=layers)
        self.sensors = sensors
        self.query = query or sensors
        self.out_channels = out_channels
        inputs = in_channels * sensors.points()[..., 0].numel()
        hidden = (hidden_channels,) * layers
        terms = basis * out_channels
        self.branch = MLP((inputs, *hidden, terms), activation=functional.relu)
        self.trunk = MLP((self.query.dim, *hidden, terms), activation=functional.relu)
        self.bias = nn.Parameter(torch.zeros(out_channels))
        for linear in (*self.branch.maps, *self.trunk.maps):
            nn.init.xavier_normal_(linear.weight)  # type: ignore[arg-type]
            nn.init.zeros_(linear.bias)  # type: ignore[arg-type]

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (ConsistentQuery(),)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        at = at or (u.domain if self.query is self.sensors else self.query)
        values = u.at(self.sensors).values
        coefficients = self.branch(values.flatten(1)).unflatten(1, (self.out_channels, -1))
        basis = functional.relu(self.trunk(self._unit(at).to(values)))
        basis = basis.unflatten(-1, (self.out_channels, -1))
        out = torch.einsum("bck,...ck->b...c", coefficients, basis)
        return Field(out + self.bias, at)

    def _unit(self, at: Domain) -> torch.Tensor:
        """Query points scaled to [-1, 1] in each coordinate of the box."""
        if at.dim != self.query.dim:
            raise ValueError(f"DeepONet answers in {self.query.dim} dimensions, not {at.dim}")
        return 2 * self.query.scaled(at.points()) - 1
