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
        (batch, *points, in_channels) -> (batch, *points, out_channels).

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
        kept = (*(2 * k - 1 for k in modes[:-1]), modes[-1])
        scale = 1 / math.sqrt(in_channels + out_channels)
        # Real and imaginary part side by side: one real product per mode applies both, and
        # Module.double() would leave complex parameters in single precision.
        self.weight = nn.Parameter(scale * torch.randn(*kept, in_channels, 2 * out_channels))

    def forward(
        self, x: Float[Tensor, "batch *points c"], axes: tuple[Axis, ...]
    ) -> Float[Tensor, "batch *points d"]:
        """The filtered functions; `axes` says where the samples of `x` lie."""
        modes = [min(k, (axis.size + 1) // 2) for k, axis in zip(self.modes, axes, strict=True)]
        coefficients = analyse(x, axes, modes)
        return synthesise(self._multiply(coefficients, modes), axes, modes)

    def _multiply(self, pairs: Tensor, modes: list[int]) -> Tensor:
        """R_k û_k for every mode; (batch, 2, *modes, c) -> (batch, 2, *modes, d)."""
        weight = self.weight
        for number, (kept, available) in enumerate(zip(modes[:-1], self.modes[:-1])):
            weight = weight.narrow(number, available - kept, 2 * kept - 1)
        weight = weight.narrow(len(modes) - 1, 0, modes[-1])
        shape, d = pairs.shape, self.out_channels
        rows = pairs.reshape(2 * shape[0], -1, shape[-1]).transpose(0, 1)
        product = torch.bmm(rows, weight.reshape(-1, *weight.shape[-2:]))
        product = product.transpose(0, 1).reshape(shape[0], 2, *shape[2:-1], 2 * d)
        real, imaginary = product[..., :d], product[..., d:]
        return torch.stack([real[:, 0] - imaginary[:, 1], real[:, 1] + imaginary[:, 0]], dim=1)


def analyse(
    x: Float[Tensor, "batch *points c"], axes: tuple[Axis, ...], modes: list[int]
) -> Float[Tensor, "batch 2 *modes c"]:
    """Fourier coefficients of real samples as pairs (real, imaginary).

    k = 0 ... modes-1 on the last axis (the others follow by symmetry), |k| < modes elsewhere.
    """
    batch, points, c = x.shape[0], x.shape[1:-1], x.shape[-1]
    matrix = real_analysis(axes[-1], modes[-1], x.dtype, x.device)
    pairs = _left(matrix, x.reshape(-1, points[-1], c))
    kept = modes[-1] * c
    for number in range(len(points) - 2, -1, -1):
        # The pair stands behind the axis and must come before it, to be summed with it.
        rows = pairs.reshape(-1, points[number], 2, kept).transpose(1, 2)
        matrix = pair_analysis(axes[number], modes[number], x.dtype, x.device)
        pairs = _left(matrix, rows.reshape(-1, 2 * points[number], kept))
        kept *= 2 * modes[number] - 1
    widths = [2 * k - 1 for k in modes[:-1]]
    return pairs.reshape(batch, 2, *widths, modes[-1], c)


def synthesise(
    pairs: Float[Tensor, "batch 2 *modes c"], axes: tuple[Axis, ...], modes: list[int]
) -> Float[Tensor, "batch *points c"]:
    """The real functions with these coefficients, on the points of the axes."""
    batch, c = pairs.shape[0], pairs.shape[-1]
    dtype, device, lead = pairs.dtype, pairs.device, batch
    for axis, k in zip(axes[:-1], modes[:-1]):
        rows = pairs.reshape(lead, 2 * (2 * k - 1), -1)
        moved = _left(pair_synthesis(axis, k, dtype, device), rows)
        pairs = moved.reshape(lead, 2, axis.size, -1).transpose(1, 2)
        lead *= axis.size
    matrix = real_synthesis(axes[-1], modes[-1], dtype, device)
    values = _left(matrix, pairs.reshape(lead, 2 * modes[-1], c))
    return values.reshape(batch, *(axis.size for axis in axes), c)


def _left(
    matrix: Float[Tensor, "m n"], rows: Float[Tensor, "batch n c"]
) -> Float[Tensor, "batch m c"]:
    """The matrix applied to every member of a batch, without copies of the matrix."""
    return torch.bmm(matrix.expand(len(rows), -1, -1), rows)
