"""Differentiation of the trigonometric interpolant."""

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from fredholm.domains import Axis


def wavenumbers(axis: Axis, *, half: bool = False) -> Float[Tensor, "k"]:
    """2πj/L of each Fourier mode of a periodic axis, float64, in the order of the FFT.

    Args:
        axis: A periodic axis.
        half: Only the non-negative ones, as a transform of real values stores them.
    """
    frequencies = torch.fft.rfftfreq if half else torch.fft.fftfreq
    scale = 2 * torch.pi * axis.size / axis.length
    return frequencies(axis.size, dtype=torch.float64) * scale


def multiplier(axis: Axis, order: int, *, half: bool = False) -> Complex[Tensor, "k"]:
    """(ik)ⁿ for each mode, complex128.

    On an even number of points the last mode is a cosine alone. Its odd derivatives are sines that
    vanish on every sample, so they are zero.
    """
    factor = (1j * wavenumbers(axis, half=half)) ** order
    if axis.size % 2 == 0 and order % 2 == 1:
        factor[axis.size // 2] = 0
    return factor


def translation(axis: Axis, by: float, *, half: bool = False) -> Complex[Tensor, "k"]:
    """exp(ik·by) for each mode, which moves a function to the left by that distance; complex128.

    On an even number of points the last mode is a cosine alone, of which cos(k·by) is left on the
    samples; a shift by whole spacings is exact.
    """
    k = wavenumbers(axis, half=half)
    factor = torch.exp(1j * k * by)
    if axis.size % 2 == 0:
        last = axis.size // 2
        factor[last] = torch.cos(k[last] * by).to(factor)
    return factor


def spectral_derivative(
    values: Float[Tensor, "*shape"], dim: int, axis: Axis, order: int
) -> Float[Tensor, "*shape"]:
    """The derivative along one dimension of an array; exact for resolved periodic functions.

    Args:
        values: Samples.
        dim: The dimension that belongs to the axis.
        axis: A periodic axis.
        order: Order of the derivative.

    Raises:
        ValueError: The axis is not periodic.
    """
    if not axis.periodic:
        raise ValueError(f"spectral derivatives need a periodic axis, got {axis}; use method='fd4'")
    return _multiplied(values, dim, axis, multiplier(axis, order, half=True))


def spectral_shift(
    values: Float[Tensor, "*shape"], dim: int, axis: Axis, by: float
) -> Float[Tensor, "*shape"]:
    """The trigonometric interpolant at the points x + by, along one dimension of an array.

    Raises:
        ValueError: The axis is not periodic.
    """
    if not axis.periodic:
        raise ValueError(f"a shift needs a periodic axis, got {axis}")
    return _multiplied(values, dim, axis, translation(axis, by, half=True))


def _multiplied(values: Tensor, dim: int, axis: Axis, factor: Tensor) -> Tensor:
    """The function whose modes along one dimension are multiplied."""
    modes = torch.fft.rfft(values, dim=dim, norm="forward")
    shape = [1] * values.ndim
    shape[dim] = len(factor)
    factor = factor.to(modes).reshape(shape)
    return torch.fft.irfft(modes * factor, n=axis.size, dim=dim, norm="forward")
