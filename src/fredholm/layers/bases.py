"""Fourier coefficients on any grid, as products with small real matrices.

Samples on any grid are turned into coefficients, and back, by

    ûₖ = Σᵢ wᵢ exp(-2πik(xᵢ - start)/L) u(xᵢ)/L        u(xᵢ) = Σₖ ûₖ exp(2πik(xᵢ - start)/L)

The quadrature weights wᵢ make û an approximation of an integral, so that the coefficients of a
resolved function do not depend on the grid; on equidistant periodic samples the two maps are the
discrete Fourier transform and its inverse. Complex numbers are kept as pairs of real ones, because
real matrix products are the fastest thing that a processor does.
"""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis


def _waves(axis: Axis, first: int, last: int) -> tuple[Tensor, Tensor]:
    """cos and sin of 2πk(xᵢ - start)/L as matrices (k, n)."""
    k = torch.arange(first, last + 1, dtype=torch.float64)
    phase = 2 * torch.pi * k[:, None] * (axis.points() - axis.start) / axis.length
    return torch.cos(phase), torch.sin(phase)


@lru_cache(maxsize=256)
def real_analysis(
    axis: Axis, modes: int, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "2k n"]:
    """Real samples to coefficients k = 0 ... modes-1: all real parts, then all imaginary."""
    cos, sin = _waves(axis, 0, modes - 1)
    matrix = torch.cat([cos, -sin]) * axis.weights() / axis.length
    return matrix.to(device, dtype)


@lru_cache(maxsize=256)
def real_synthesis(
    axis: Axis, modes: int, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "n 2k"]:
    """Coefficients k = 0 ... modes-1 to real samples; k > 0 stands for itself and for -k."""
    cos, sin = _waves(axis, 0, modes - 1)
    twice = torch.full((modes, 1), 2.0, dtype=torch.float64)
    twice[0] = 1.0
    return torch.cat([twice * cos, -twice * sin]).T.to(device, dtype).contiguous()


@lru_cache(maxsize=256)
def pair_analysis(
    axis: Axis, modes: int, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "2k 2n"]:
    """Pairs of samples to pairs of coefficients |k| < modes."""
    cos, sin = (part * axis.weights() / axis.length for part in _waves(axis, 1 - modes, modes - 1))
    return _block(cos, -sin).to(device, dtype)


@lru_cache(maxsize=256)
def pair_synthesis(
    axis: Axis, modes: int, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "2n 2k"]:
    """Pairs of coefficients |k| < modes to pairs of samples."""
    cos, sin = _waves(axis, 1 - modes, modes - 1)
    return _block(cos.T, sin.T).to(device, dtype)


def _block(real: Tensor, imaginary: Tensor) -> Tensor:
    """The real matrix of a complex one: [[R, -I], [I, R]]."""
    return torch.cat([torch.cat([real, -imaginary], 1), torch.cat([imaginary, real], 1)])
