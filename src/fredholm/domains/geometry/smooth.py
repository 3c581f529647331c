"""Smooth distance functions: how primitives are trimmed, joined and combined (R-functions).

Reference:
    Rvachev & Sheiko, R-functions in boundary value problems in mechanics, Appl. Mech. Rev. 48,
    1995; Biswas & Shapiro, Approximate distance fields with non-vanishing gradients, Graphical
    Models 66, 2004; Sukumar & Srivastava, Exact imposition of boundary conditions with distance
    functions in physics-informed deep neural networks, CMAME 389, 2022, arXiv:2104.08426,
    equations (5) to (9). Departs from it: lengths are scaled, so that no formula depends on the
    unit of length, and what is zero keeps its sign, so that slopes exist on the boundary too.
"""

import torch
from jaxtyping import Float
from torch import Tensor

NEAR = 1e-5
"""Up to this fraction of the size behind a boundary a point counts as lying on it."""


def joined(distances: Float[Tensor, "*n parts"], order: int = 1) -> Float[Tensor, "*n"]:
    """Distance from several parts: φ = (Σ φᵢ⁻ᵐ)^(-1/m), which vanishes where one of them does.

    Near one part and away from the others φ = φᵢ + O(φᵢ^(m+1)): a larger order follows the true
    distance longer, and bends more sharply between the parts.

    Args:
        distances: Distances φᵢ from the parts.
        order: m, positive.

    Raises:
        ValueError: The order is not positive, or there are no parts.
    """
    if order < 1 or distances.shape[-1] == 0:
        raise ValueError(
            f"distances join with a positive order and at least one part, got order {order} and "
            f"{distances.shape[-1]} parts"
        )
    # Divided by the smallest, so that nothing overflows and a zero stays an exact zero.
    least = distances.gather(-1, distances.abs().argmin(dim=-1, keepdim=True))
    zero = distances == 0
    ratios = torch.where(zero, 1.0, least / torch.where(zero, 1.0, distances))
    return least.squeeze(-1) / (ratios**order).sum(dim=-1) ** (1 / order)


def trimmed(
    boundary: Float[Tensor, "*n"], within: Float[Tensor, "*n"], size: float
) -> Float[Tensor, "*n"]:
    """The distance f from a whole line or surface, cut to where t >= 0.

    φ = √(f² + ((√(t² + f⁴/L²) - t)/2)²): zero where f = 0 and t >= 0 only, and of slope one there.

    Args:
        boundary: f, zero on the whole line, of slope one and positive on the side of interest.
        within: t, positive where the line belongs to the part, negative elsewhere.
        size: Length L of the part; it sets how fast φ leaves f.
    """
    root = safe_sqrt(within**2 + boundary**4 / size**2)
    # Beside the part φ = f √(1 + c²) is the same formula, without the kink of √f² at f = 0.
    beside = (within > 0) & (boundary > -NEAR * size)
    cut = boundary**3 / (2 * size**2 * torch.where(beside, root + within, 1.0))
    near = boundary * torch.sqrt(1 + torch.where(beside, cut, 0.0) ** 2)
    squares = boundary**2 + ((root - within) / 2) ** 2
    return torch.where(beside, near, safe_sqrt(torch.where(beside, 1.0, squares)))


def both(a: Float[Tensor, "*n"], b: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """R-conjunction a + b - √(a² + b²): positive where both are."""
    return a + b - safe_sqrt(a**2 + b**2)


def either(a: Float[Tensor, "*n"], b: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """R-disjunction a + b + √(a² + b²): positive where one of them is."""
    return a + b + safe_sqrt(a**2 + b**2)


def safe_sqrt(square: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """√s, with derivatives zero instead of infinite at s = 0."""
    positive = square > torch.finfo(square.dtype).tiny ** 0.5
    return torch.where(positive, torch.sqrt(torch.where(positive, square, 1.0)), 0.0)
