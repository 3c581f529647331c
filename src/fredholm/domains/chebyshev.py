"""Chebyshev polynomials on an interval, and what is exact for them as matrices.

The points are those where Tₙ₋₁ is ±1, both ends included, from left to right: s_j = -cos(πj/(n-1))
on [-1, 1]. Samples on them determine a polynomial of degree below n, which is differentiated,
integrated and evaluated anywhere without further error.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor


def extrema(count: int) -> Float[Tensor, "n"]:
    """The points s_j on [-1, 1], float64; both ends are exact."""
    # A sine of a symmetric angle: the points are symmetric to rounding, and the middle is zero.
    index = torch.arange(count, dtype=torch.float64)
    return torch.sin(math.pi * (2 * index - (count - 1)) / (2 * (count - 1)))


def polynomials(s: Float[Tensor, "n"], count: int) -> Float[Tensor, "n k"]:
    """T₀ ... T_{count-1} at points of [-1, 1], float64."""
    angle = torch.acos(s.to(torch.float64).clamp(-1, 1))
    return torch.cos(angle[:, None] * torch.arange(count, dtype=torch.float64))


def series(count: int) -> Float[Tensor, "k n"]:
    """The matrix from samples at the `count` points to the coefficients of T₀ ... T_{count-1}."""
    ends = torch.ones(count, dtype=torch.float64)
    ends[0] = ends[-1] = 2.0
    values = polynomials(extrema(count), count)
    return 2 / (count - 1) * values.T / ends / ends[:, None]


def differentiation(count: int) -> Float[Tensor, "k k"]:
    """The matrix from the coefficients of a polynomial to those of its derivative on [-1, 1].

    T'ₖ = 2k (Tₖ₋₁ + Tₖ₋₃ + ...), where T₀ counts half.
    """
    row, column = torch.meshgrid(torch.arange(count), torch.arange(count), indexing="ij")
    below = (column > row) & ((column - row) % 2 == 1)
    matrix = torch.where(below, 2.0 * column, 0.0).to(torch.float64)
    matrix[0] /= 2
    return matrix


def integrals(count: int) -> Float[Tensor, "k"]:
    """The integrals of T₀ ... T_{count-1} over [-1, 1]: 2/(1 - k²) for even k, else 0."""
    k = torch.arange(count, dtype=torch.float64)
    return torch.where(k % 2 == 0, 2 / (1 - k**2), 0.0)
