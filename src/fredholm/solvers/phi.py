"""The functions φ₀(z) = eᶻ, φₗ₊₁(z) = (φₗ(z) - 1/l!)/z of exponential integrators.

The recurrence cancels for small z. A Taylor series does not, and takes over there; no contour
integral is needed, and gradients flow.
"""

import math

import torch
from jaxtyping import Complex
from torch import Tensor

_TERMS = 20


def phi_scalars(z: Complex[Tensor, "..."], count: int) -> list[Complex[Tensor, "..."]]:
    """φ₀ ... φ_count of each number, to rounding.

    Args:
        z: Arguments, complex128.
        count: The last index.
    """
    small = z.abs() < 1
    # The branch that is not taken must be finite, or its gradient is not a number.
    near = torch.where(small, z, 0.0)
    far = torch.where(small, 1.0, z)
    values = [torch.exp(z)]
    recurrence = torch.exp(far)
    for index in range(1, count + 1):
        recurrence = (recurrence - 1 / math.factorial(index - 1)) / far
        values.append(torch.where(small, _series(near, index), recurrence))
    return values


def _series(z: Tensor, index: int) -> Tensor:
    """Σⱼ zʲ/(j + index)! by Horner's rule."""
    result = torch.full_like(z, 1 / math.factorial(_TERMS + index))
    for power in reversed(range(_TERMS)):
        result = result * z + 1 / math.factorial(power + index)
    return result


def phi_matrices(z: Complex[Tensor, "... m m"], count: int) -> list[Complex[Tensor, "... m m"]]:
    """φ₀ ... φ_count of each matrix, by Taylor series and repeated doubling.

    φₗ(2z) = 2⁻ˡ (φ₀(z) φₗ(z) + Σⱼ φⱼ(z)/(l - j)!), which stays stable for stiff z and needs no
    eigenvectors, so that defective matrices (waves at k = 0) are no exception.

    Args:
        z: Square matrices, complex128.
        count: The last index.

    Reference:
        Skaflestad and Wright, Appl. Numer. Math. 59, 2009.
    """
    size = z.detach().abs().sum(-1).amax(-1)
    doublings = torch.log2(size.clamp(min=1.0)).ceil().to(torch.int64)
    scaled = z / (2.0**doublings)[..., None, None]
    values = [_matrix_series(scaled, index) for index in range(count + 1)]
    for step in range(int(doublings.max())):
        doubled = [_double(values, index) for index in range(count + 1)]
        active = (step < doublings)[..., None, None]
        values = [torch.where(active, new, old) for new, old in zip(doubled, values)]
    return values


def _matrix_series(z: Tensor, index: int) -> Tensor:
    one = torch.eye(z.shape[-1], dtype=z.dtype, device=z.device)
    result = (one * (1 / math.factorial(_TERMS + index))).expand_as(z)
    for power in reversed(range(_TERMS)):
        result = result @ z + one * (1 / math.factorial(power + index))
    return result


def _double(values: list[Tensor], index: int) -> Tensor:
    total = values[0] @ values[index]
    for j in range(1, index + 1):
        total = total + values[j] / math.factorial(index - j)
    return total / 2.0**index
