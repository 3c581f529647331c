"""Functions on the boundary, continued to the inside by an integral over the boundary."""

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Stack, Unstructured, boundary_weights

_AT_ONCE = 2**22
"""Largest number of pairs of a point and a boundary point that are looked at together."""


def continued_inside(
    domains: Stack, values: Float[Tensor, "total c"], periods: tuple[float, ...] = ()
) -> Float[Tensor, "total c"]:
    """b(x) = ∫ g(y) |x - y|^-dim dy / ∫ |x - y|^-dim dy, both over the boundary.

    On the boundary b is g. In a ball it is Poisson's integral, the harmonic function with these
    boundary values, and on a line the straight one; in other shapes it is a mean of the data that
    is near to it. It is a function on all of the shape, which integrals over the volume see alike
    on every mesh, while data that stand at the boundary points alone fill a layer as thin as the
    cells. The cost is points times boundary points.

    Args:
        domains: The points of each function.
        values: What is known at the boundary points; all other values are not read. Flat
            (`Stack.flat`).
        periods: Period of each coordinate, zero for one that has none; none by default. Of several
            images of a point the nearest counts.

    Returns:
        The values at all points; zero where a domain has no boundary.
    """
    parts = values.split(domains.sizes)
    return torch.cat([_continued(*each, periods) for each in zip(domains, parts)])


def _continued(
    domain: Unstructured, values: Float[Tensor, "n c"], periods: tuple[float, ...]
) -> Float[Tensor, "n c"]:
    numbers = domain.boundary.to(values.device)
    if not len(numbers):
        return torch.zeros_like(values)
    points = domain.coords.to(values)
    weights = domain.remembered(boundary_weights).to(values)
    known, ends = values[numbers], points[numbers]
    pieces = points.split(max(1, _AT_ONCE // len(numbers)))
    return torch.cat([_shares(piece, ends, weights, periods) @ known for piece in pieces])


def _shares(
    points: Float[Tensor, "k dim"],
    ends: Float[Tensor, "m dim"],
    weights: Float[Tensor, "m"],
    periods: tuple[float, ...],
) -> Float[Tensor, "k m"]:
    """Share of each boundary point in the mean at each point."""
    squares = points.new_zeros(len(points), len(ends))
    for axis, period in enumerate(periods or (0.0,) * points.shape[1]):
        gap = points[:, axis, None] - ends[:, axis]
        if period:
            gap = gap - period * torch.round(gap / period)
        squares += gap.square()
    # Relative to the nearest, so that a boundary point, at distance zero, has its own share alone.
    squares = squares.clamp(min=torch.finfo(squares.dtype).tiny)
    shares = weights * (squares.amin(1, keepdim=True) / squares) ** (points.shape[1] / 2)
    return shares / shares.sum(1, keepdim=True)
