"""Convolutions in one to three dimensions that know where the domain is periodic."""

import math

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import Axis

_CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_INTERPOLATIONS = {1: "linear", 2: "bilinear", 3: "trilinear"}


class Conv(nn.Module):
    """A convolution that keeps the size: wrapped on periodic axes, zero beyond the others.

    Its stencil is counted in points, so its meaning changes with the grid.

    Args:
        dim: Dimension of the grid, one to three.
        in_channels, out_channels: Channels.
        width: Points of the stencil per axis, odd.
        dilation: Distance of neighbouring points of the stencil.
        stride: Distance of neighbouring points of the result; above one it is a coarser grid.
        groups: Groups of channels that are not mixed; with `in_channels` of them each channel has
            stencils of its own.

    Shapes:
        (batch, in_channels, *points) -> (batch, out_channels, *points / stride): channels first,
        the layout of the convolution routines.
    """

    def __init__(
        self,
        dim: int,
        in_channels: int,
        out_channels: int,
        *,
        width: int = 3,
        dilation: int = 1,
        stride: int = 1,
        groups: int = 1,
    ) -> None:
        super().__init__()
        if width % 2 == 0 or dim not in _CONVOLUTIONS:
            raise ValueError(f"Conv needs an odd width and 1 to 3 axes, got {width} and {dim}")
        self.reach = width // 2 * dilation
        self.map = _CONVOLUTIONS[dim](
            in_channels, out_channels, width, dilation=dilation, stride=stride, groups=groups
        )

    def forward(
        self, x: Float[Tensor, "batch c *points"], axes: tuple[Axis, ...]
    ) -> Float[Tensor, "batch d *points"]:
        return self.map(pad(x, axes, self.reach))


class UpConv(nn.Module):
    """The transpose of a strided convolution: to a grid with twice as many points per axis.

    Args:
        dim: Dimension of the grid, one to three.
        in_channels, out_channels: Channels.

    Shapes:
        (batch, in_channels, *points) -> (batch, out_channels, *2 points).
    """

    def __init__(self, dim: int, in_channels: int, out_channels: int) -> None:
        super().__init__()
        if dim not in _TRANSPOSED:
            raise ValueError(f"UpConv needs 1 to 3 axes, got {dim}")
        self.map = _TRANSPOSED[dim](in_channels, out_channels, 3, stride=2)
        # The routine scales with the channels that come out, this sum runs over those that go in.
        bound = 1 / math.sqrt(in_channels * 3**dim)
        for parameter in self.map.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def forward(
        self, x: Float[Tensor, "batch c *points"], axes: tuple[Axis, ...]
    ) -> Float[Tensor, "batch d *points"]:
        wide = self.map(pad(x, axes, 1))
        # One point of padding is two of the result, and the stencil reaches one further.
        for dim, size in enumerate(x.shape[2:], start=2):
            wide = wide.narrow(dim, 3, 2 * size)
        return wide


def pad(
    x: Float[Tensor, "batch c *points"], axes: tuple[Axis, ...], reach: int
) -> Float[Tensor, "batch c *more"]:
    """`reach` more points at each end: wrapped on periodic axes, zero on the others."""
    if reach == 0:
        return x
    for periodic, mode in ((True, "circular"), (False, "constant")):
        sides: list[int] = []
        for axis in reversed(axes):  # functional.pad counts axes from the last
            sides += [reach if axis.periodic == periodic else 0] * 2
        if any(sides):
            x = functional.pad(x, sides, mode=mode)
    return x


def refine(
    x: Float[Tensor, "batch c *points"], size: tuple[int, ...], axes: tuple[Axis, ...] = ()
) -> Tensor:
    """Multilinear interpolation to a finer array of that size.

    Args:
        x: Values on the coarser grid.
        size: Points of the finer one.
        axes: Axes of the grid; where they are given, those that are periodic and get twice as many
            points are interpolated across their seam.
    """
    around = [
        int(axis.periodic and fine == 2 * coarse)
        for axis, fine, coarse in zip(axes, size, x.shape[2:])
    ]
    if any(around):
        x = functional.pad(x, [wrap for wrap in reversed(around) for _ in range(2)], "circular")
        size = tuple(fine + 4 * wrap for fine, wrap in zip(size, around))
    x = functional.interpolate(x, size, mode=_INTERPOLATIONS[x.ndim - 2], align_corners=False)
    for dim, wrap in enumerate(around, start=2):
        x = x.narrow(dim, 2 * wrap, x.shape[dim] - 4 * wrap)
    return x


def coarsen(x: Float[Tensor, "batch c *points"]) -> Tensor:
    """Means over blocks of two points per axis; an odd last point is a block of its own."""
    pools = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}
    return pools[x.ndim - 2](x, 2, ceil_mode=True, count_include_pad=False)
