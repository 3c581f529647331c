"""Spectral convolution: a learned multiplier on the lowest Fourier modes."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.domains import Axis
from fredholm.layers.bases import pair_analysis, pair_synthesis, real_analysis, real_synthesis


class SpectralConv(nn.Module):
    """Multiplies the Fourier coefficients with |k| < modes by learned matrices.

    (K u)(x) = Σ_{|k| < modes} R_k û_k exp(2πik·x/L), with û from the quadrature of the axes (see
    `layers.bases`), so that the weights do not depend on the grid. Only the coefficients that are
    kept are ever computed: for few modes that is faster than a full FFT that is then cut, and any
    placement of the samples is served alike.

    Args:
        in_channels, out_channels: Channels of the functions.
        modes: Wavenumbers kept per axis, exclusive; its length is the dimension. On a grid of
            fewer than 2 modes - 1 points the modes beyond its Nyquist limit are left out.

    Shapes:
        (*points, batch, in_channels) -> (*points, batch, out_channels): points first, so that every
        transform is one product with long rows and nothing is copied.

    Raises:
        ValueError: No modes, or no channels.

    Reference:
        Li et al., ICLR 2021, arXiv:2010.08895, eq. 5. Departs from it: R is drawn with mean zero
        and variance 1/(in + out), not from [0, 1); negative wavenumbers are kept symmetrically.
    """

    def __init__(self, in_channels: int, out_channels: int, modes: tuple[int, ...]) -> None:
        super().__init__()
        if not modes or min(modes) < 1 or min(in_channels, out_channels) < 1:
            raise ValueError(
                f"SpectralConv needs at least one mode and channel, got modes={modes}, "
                f"{in_channels} -> {out_channels} channels"
            )
        self.modes = tuple(modes)
        self.out_channels = out_channels
        kept = (modes[0], *(2 * k - 1 for k in modes[1:]))
        scale = 1 / math.sqrt(in_channels + out_channels)
        # Real and imaginary part side by side: one real product per mode applies both, and
        # Module.double() would leave complex parameters in single precision.
        self.weight = nn.Parameter(scale * torch.randn(*kept, in_channels, 2 * out_channels))

    def forward(
        self,
        x: Float[Tensor, "*points batch c"],
        axes: tuple[Axis, ...],
        onto: tuple[Axis, ...] | None = None,
    ) -> Float[Tensor, "*points batch d"]:
        """The filtered functions; `axes` says where the samples of `x` lie.

        With `onto` they are given at the points of other axes, each of which stands for the same
        interval as the axis that it replaces.
        """
        onto = onto or axes
        limits = [min(a.size, b.size) for a, b in zip(axes, onto, strict=True)]
        modes = [min(k, (n + 1) // 2) for k, n in zip(self.modes, limits, strict=True)]
        coefficients = analyse(x, axes, modes)
        return synthesise(self._multiply(coefficients, modes), onto, modes)

    def _multiply(
        self, pairs: Float[Tensor, "*modes 2 batch c"], modes: list[int]
    ) -> Float[Tensor, "*modes 2 batch d"]:
        """R_k û_k for every mode."""
        weight = self.weight.narrow(0, 0, modes[0])
        for number, (kept, available) in enumerate(zip(modes[1:], self.modes[1:]), start=1):
            weight = weight.narrow(number, available - kept, 2 * kept - 1)
        *kept, _, batch, c = pairs.shape
        rows = pairs.reshape(-1, 2 * batch, c)
        product = torch.bmm(rows, weight.reshape(-1, *weight.shape[-2:]))
        real, imaginary = product.reshape(*kept, 2, batch, 2, self.out_channels).unbind(-2)
        first, second = real.unbind(-3), imaginary.unbind(-3)
        return torch.stack([first[0] - second[1], first[1] + second[0]], dim=-3)


def analyse(
    x: Float[Tensor, "*points batch c"], axes: tuple[Axis, ...], modes: list[int]
) -> Float[Tensor, "*modes 2 batch c"]:
    """Fourier coefficients of real samples as pairs (real, imaginary).

    k = 0 ... modes-1 on the first axis (the others follow by symmetry), |k| < modes elsewhere.
    """
    *points, batch, c = x.shape
    matrix = real_analysis(axes[0], modes[0], x.dtype, x.device)
    pairs = (matrix @ x.reshape(points[0], -1)).reshape(2, modes[0], -1).transpose(0, 1)
    done = modes[0]
    for axis, k in zip(axes[1:], modes[1:]):
        rows = pairs.reshape(done, 2 * axis.size, -1)
        moved = _left(pair_analysis(axis, k, x.dtype, x.device), rows)
        # The pair stays behind the modes that are done, next to the axis that follows.
        pairs = moved.reshape(done, 2, 2 * k - 1, -1).transpose(1, 2)
        done *= 2 * k - 1
    return pairs.reshape(modes[0], *(2 * k - 1 for k in modes[1:]), 2, batch, c)


def synthesise(
    pairs: Float[Tensor, "*modes 2 batch c"], axes: tuple[Axis, ...], modes: list[int]
) -> Float[Tensor, "*points batch c"]:
    """The real functions with these coefficients, on the points of the axes."""
    batch, c = pairs.shape[-2:]
    dtype, device = pairs.dtype, pairs.device
    left = math.prod(pairs.shape[:-3])
    pairs = pairs.reshape(left, 2, -1)
    for axis, k in zip(reversed(axes[1:]), reversed(modes[1:])):
        left //= 2 * k - 1
        rows = pairs.reshape(left, 2 * k - 1, 2, -1).transpose(1, 2).reshape(left, 4 * k - 2, -1)
        moved = _left(pair_synthesis(axis, k, dtype, device), rows)
        pairs = moved.reshape(left, 2, -1)
    first = real_synthesis(axes[0], modes[0], dtype, device)
    values = first @ pairs.transpose(0, 1).reshape(2 * modes[0], -1)
    return values.reshape(*(axis.size for axis in axes), batch, c)


def _left(
    matrix: Float[Tensor, "m n"], rows: Float[Tensor, "batch n c"]
) -> Float[Tensor, "batch m c"]:
    """The matrix applied to every member of a batch, without copies of the matrix."""
    return torch.bmm(matrix.expand(len(rows), -1, -1), rows)
