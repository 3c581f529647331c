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
    modes = torch.fft.rfft(values, dim=dim, norm="forward")
    factor = multiplier(axis, order, half=True).to(modes)
    shape = [1] * values.ndim
    shape[dim] = len(factor)
    return torch.fft.irfft(modes * factor.reshape(shape), n=axis.size, dim=dim, norm="forward")
