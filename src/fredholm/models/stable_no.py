"""Neural operator whose step does not amplify fine waves."""

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

from fredholm.domains import Axis, Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import BoundedFilter
from fredholm.operators import (
    AnyResolution,
    Claim,
    Operator,
    PassiveBeyond,
    ShiftEquivariant,
    at_least_one,
)


class StableNO(Operator):
    """Residual neural operator with bounded gains: v <- v + W S(M(v)), between a linear E and D.

    M is a network on the channels of each point, S multiplies Fourier coefficients by numbers of
    modulus at most one and keeps those of a disc, and W mixes channels. All maps of channels are
    divided by their spectral norm. What M makes of waves beyond the disc never leaves the block: a
    step makes no such waves and passes those that it is given through D E, whose norm is at most
    one. Repeated steps therefore cannot fill the fine end of the spectrum, which is how rollouts
    of an FNO fail. Within the disc each block can amplify, as a chaotic flow needs, and rollouts
    of a step that is trained too little can still blow up there.

    Args:
        in_channels: Channels of the input function, coordinates not counted.
        out_channels: Channels of the output function.
        modes: Wavenumbers kept per axis (exclusive), the radii of the disc; its length is the
            dimension.
        hidden_channels: Channels between E and D.
        layers: Number of blocks.
        dynamic: The gains of S depend on the function (see `BoundedFilter`).
        coordinates: Append the coordinates, scaled to [0, 1], to the input. Needed for maps that
            depend on position; costs translation equivariance and the claim on fine waves.

    Shapes:
        Field (batch, *points, in_channels) on a Grid -> Field (batch, *points, out_channels).

    Raises:
        ValueError: A size below one, or an input that is not on a `len(modes)`-dimensional grid.

    Reference:
        McCabe, Harrington, Subramanian and Brown, TMLR 2023, arXiv:2306.10619. Departs from it:
        coordinates in place of a learned map of positions, and what `BoundedFilter` says, so that
        the weights do not depend on the grid; orthogonal matrices to begin with; no sphere.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: tuple[int, ...],
        *,
        hidden_channels: int = 64,
        layers: int = 4,
        dynamic: bool = False,
        coordinates: bool = True,
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, layers=layers)
        self.dim = len(modes)
        self.modes = tuple(modes)
        self.coordinates = coordinates
        width = hidden_channels
        # A map of unit norm spreads a function over the channels: this makes each of order one.
        self.scale = (width / out_channels) ** 0.5
        lifting = _orthogonal(in_channels + self.dim * coordinates, width)
        projection = _orthogonal(width, out_channels)
        # A step begins as the identity: D reads off what E wrote of the channels that it answers.
        read = min(in_channels, out_channels)
        projection.weight.data[:read] = lifting.weight.data.T[:read]
        self.lifting, self.projection = spectral_norm(lifting), spectral_norm(projection)
        self.blocks = nn.ModuleList(_Block(width, self.modes, dynamic) for _ in range(layers))

    @property
    def claims(self) -> tuple[Claim, ...]:
        if self.coordinates:
            return (AnyResolution(bound=1e-2),)
        # The power iteration behind the spectral norms leaves errors of this size.
        return AnyResolution(), ShiftEquivariant(), PassiveBeyond(bound=1e-2, modes=self.modes)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        axes = u.grid.axes
        if len(axes) != self.dim:
            raise ValueError(
                f"StableNO has {self.dim} axes of modes, the input has {len(axes)} axes"
            )
        x = u.values
        if self.coordinates:
            points = u.grid.scaled(u.grid.points()).to(x)
            x = torch.cat([x, points.expand(len(u), *points.shape)], dim=-1)
        # Points first, as the filters want them.
        x = self.scale * self.lifting(x).movedim(0, -2).contiguous()
        for block in self.blocks:
            x = block(x, axes)
        out = u.with_values(self.projection(x / self.scale).movedim(-2, 0))
        return out if at is None else out.at(at)


class _Block(nn.Module):
    """v + W S(M(v))."""

    def __init__(self, channels: int, modes: tuple[int, ...], dynamic: bool) -> None:
        super().__init__()
        self.widen = _unit(channels, 4 * channels)
        self.narrow = _unit(4 * channels, channels)
        self.filter = BoundedFilter(channels, modes, dynamic=dynamic)
        self.mix = _unit(channels, channels)

    def forward(self, x: torch.Tensor, axes: tuple[Axis, ...]) -> torch.Tensor:
        inner = self.narrow(functional.silu(self.widen(x)))
        return x + self.mix(self.filter(inner, axes))


def _unit(inputs: int, outputs: int) -> nn.Module:
    """An affine map of the channels whose linear part has norm one."""
    return spectral_norm(_orthogonal(inputs, outputs))


def _orthogonal(inputs: int, outputs: int) -> nn.Linear:
    """A linear map that keeps lengths as far as it can.

    Divided by its norm, a matrix of independent numbers would shrink most vectors to a third.
    """
    linear = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(linear.weight)
    return linear
