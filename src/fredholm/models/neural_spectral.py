"""Neural operator that mixes the channels of each spectral coefficient by itself."""

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.domains import Domain, Grid
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import (
    MLP,
    Activation,
    Transform,
    count,
    natural,
    nonlinearity,
    to_coefficients,
    to_points,
)
from fredholm.operators import ConsistentQuery, Operator, at_least_one


class NeuralSpectral(Operator):
    """Lift, repeat v <- σ(F⁻¹ K F v + W v + b), project, all on the points of one grid.

    F takes all the coefficients that the grid determines: Fourier on periodic axes, Chebyshev on
    axes with Chebyshev points. K has a matrix over the channels for each coefficient, W acts at
    each point. The answer is the function of these bases through its samples, and so can be
    differentiated, squared and asked for at any point without a finer grid.

    The number of points of the grid is a size of the architecture, some tens along each axis; odd
    on periodic ones, where the last wave of an even number of points has no derivative.

    Args:
        in_channels: Channels of the input function, coordinates not counted.
        out_channels: Channels of the output function.
        grid: The grid that it computes on; axes with ends have Chebyshev points as a rule.
        hidden_channels: Channels between lifting and projection.
        layers: Number of layers with coefficients.
        activation: σ, by name or as a function; smooth, where derivatives of the answer matter.
        coordinates: Append the coordinates, scaled to [0, 1], to the input.

    Shapes:
        Field (batch, *points, in_channels) on a grid of the same box -> Field (batch, *points,
        out_channels) on any grid there.

    Raises:
        ValueError: A size below one.

    Reference:
        Du, Chalapathi and Krishnapriyan, ICLR 2024, arXiv:2312.05225. Departs from it: weights
        that keep the size of the coefficients in the place of small ones; gelu in the place of
        ReLU or tanh: after 400 updates on a residual the error was 1.0 % with it, 1.4 % with tanh.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        grid: Grid,
        *,
        hidden_channels: int = 32,
        layers: int = 4,
        activation: Activation | Callable[[Tensor], Tensor] = "gelu",
        coordinates: bool = True,
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, layers=layers)
        width = hidden_channels
        self.grid = grid
        self.coordinates = coordinates
        self.activation = nonlinearity(activation)
        shown = in_channels + grid.dim * coordinates
        self.lifting = MLP((shown, 4 * width, width), activation=self.activation)
        self.kernels = nn.ModuleList(_Kernel(width, grid) for _ in range(layers))
        self.skips = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.projection = MLP((width, 4 * width, out_channels), activation=self.activation)

    @property
    def claims(self) -> tuple[ConsistentQuery, ...]:
        return (ConsistentQuery(bound=1e-10),)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        x = u.at(self.grid).values
        if self.coordinates:
            points = self.grid.scaled(self.grid.points()).to(x)
            x = torch.cat([x, points.expand(len(u), *points.shape)], dim=-1)
        x = self.lifting(x).movedim(0, -2).contiguous()  # points first, as the kernels want them
        for kernel, skip in zip(self.kernels, self.skips):
            x = self.activation(kernel(x) + skip(x))
        answer = Field(self.projection(x).movedim(-2, 0), self.grid)
        return answer.at(u.domain if at is None else at)


class _Kernel(nn.Module):
    """F⁻¹ K F with one matrix over the channels for each coefficient."""

    def __init__(self, width: int, grid: Grid) -> None:
        super().__init__()
        self.axes = grid.axes
        self.transforms: tuple[Transform, ...] = tuple(natural(axis) for axis in grid.axes)
        self.modes = tuple((n + 1) // 2 if a.periodic else n for n, a in zip(grid.shape, grid.axes))
        kept = math.prod(count(k, name) for k, name in zip(self.modes, self.transforms))
        self.weight = nn.Parameter(torch.randn(kept, width, width) / math.sqrt(2 * width))

    def forward(self, x: Float[Tensor, "*points batch c"]) -> Float[Tensor, "*points batch c"]:
        coefficients = to_coefficients(x, self.axes, self.modes, self.transforms)
        mixed = torch.bmm(coefficients.flatten(0, -3), self.weight).reshape(coefficients.shape)
        return to_points(mixed, self.axes, self.axes, self.modes, self.transforms)
