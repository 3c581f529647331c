"""Fourier neural operator."""

import torch
from torch import nn
from torch.nn import functional

from fredholm.domains import Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP, SpectralConv
from fredholm.operators import AnyResolution, Claim, Operator, ShiftEquivariant, at_least_one


class FNO(Operator):
    """Fourier neural operator: lift, repeat v <- gelu(K v + W v + b), project.

    K multiplies the lowest Fourier coefficients by learned matrices; W acts pointwise. The last
    layer has no activation: the projection has one.

    Args:
        in_channels: Channels of the input function, coordinates not counted.
        out_channels: Channels of the output function.
        modes: Retained wavenumbers per axis (exclusive); its length is the dimension.
        hidden_channels: Channels between lifting and projection.
        layers: Number of spectral layers.
        coordinates: Append the coordinates, scaled to [0, 1], to the input. Needed for maps that
            depend on position (walls, forcing); costs translation equivariance.
        projection_channels: Hidden channels of the projection, by default four times
            `hidden_channels`; with 0 it is a linear map, and the last layer has an activation.

    Shapes:
        Field (batch, *points, in_channels) on a Grid -> Field (batch, *points, out_channels).

    Raises:
        ValueError: A size below one, or an input that is not on a `len(modes)`-dimensional grid.

    Reference:
        Li et al., ICLR 2021, arXiv:2010.08895. Departs from it: weights of K with mean zero.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        modes: tuple[int, ...],
        *,
        hidden_channels: int = 32,
        layers: int = 4,
        coordinates: bool = True,
        projection_channels: int | None = None,
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, layers=layers)
        self.dim = len(modes)
        self.coordinates = coordinates
        width = hidden_channels
        self.lifting = nn.Linear(in_channels + self.dim * coordinates, width)
        self.kernels = nn.ModuleList(SpectralConv(width, width, modes) for _ in range(layers))
        self.skips = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        inner = 4 * width if projection_channels is None else projection_channels
        self.activated = layers if inner == 0 else layers - 1
        self.projection = MLP((width, *(inner,) * (inner > 0), out_channels))

    @property
    def claims(self) -> tuple[Claim, ...]:
        if self.coordinates:
            # On a periodic grid the coordinate jumps at the seam: measured defects up to 4e-3.
            return (AnyResolution(bound=1e-2),)
        return AnyResolution(), ShiftEquivariant()

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        axes = u.grid.axes
        if len(axes) != self.dim:
            raise ValueError(f"FNO has {self.dim} axes of modes, the input has {len(axes)} axes")
        x = u.values
        if self.coordinates:
            points = u.grid.scaled(u.grid.points()).to(x)
            x = torch.cat([x, points.expand(len(u), *points.shape)], dim=-1)
        x = self.lifting(x).movedim(0, -2).contiguous()  # points first, as the kernels want them
        for number, (kernel, skip) in enumerate(zip(self.kernels, self.skips)):
            x = kernel(x, axes) + skip(x)
            if number < self.activated:
                x = functional.gelu(x)
        out = u.with_values(self.projection(x).movedim(-2, 0))
        return out if at is None else out.at(at)
