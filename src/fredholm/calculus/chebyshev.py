"""Differentiation of the polynomial through samples on Chebyshev points."""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis
from fredholm.domains.chebyshev import differentiation, extrema, polynomials, series


@lru_cache(maxsize=64)
def chebyshev_matrix(
    axis: Axis, order: int, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "n n"]:
    """The matrix from samples on Chebyshev points to those of the derivative of that order.

    It is made in float64. Rounding grows like n^(2 order), as for every method that is exact for
    polynomials: a second derivative on 64 points has seven digits less than its function.
    """
    count = axis.size
    steps = torch.linalg.matrix_power(2 / axis.length * differentiation(count), order)
    matrix = polynomials(extrema(count), count) @ steps @ series(count)
    return matrix.to(device, dtype)


def chebyshev_derivative(
    values: Float[Tensor, "*shape"], dim: int, axis: Axis, order: int
) -> Float[Tensor, "*shape"]:
    """The derivative along one dimension of an array; exact for polynomials of degree below n.

    Args:
        values: Samples.
        dim: The dimension that belongs to the axis.
        axis: An axis with Chebyshev points.
        order: Order of the derivative.

    Raises:
        ValueError: The axis has other points.
    """
    if axis.location != "chebyshev":
        raise ValueError(f"this derivative needs Chebyshev points, got {axis}")
    matrix = chebyshev_matrix(axis, order, values.dtype, values.device)
    return torch.tensordot(matrix, values.movedim(dim, 0), dims=1).movedim(0, dim)
