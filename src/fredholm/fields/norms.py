"""Integrals, inner products and norms of functions.

All use the quadrature weights of the domain, so that they approximate the integral and agree
between resolutions. Channels are components of one vector-valued function and are summed.
"""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Domain, Grid
from fredholm.fields.field import Field


@lru_cache(maxsize=64)
def _weights(domain: Domain, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Quadrature weights where and as the values are; made once, not once per norm."""
    return domain.weights().to(device, dtype)


def integral(u: Field) -> Float[Tensor, "batch c"]:
    """∫ u dx for each function and channel."""
    if u.domain.count is not None:
        weights = u.domain.weights().to(u.values)
        return (u.values * weights[..., None]).flatten(1, -2).sum(1)
    weights = _weights(u.domain, u.values.dtype, u.values.device)
    return torch.tensordot(u.values.movedim(-1, 1), weights, dims=weights.ndim)


def inner(u: Field, v: Field) -> Float[Tensor, "batch"]:
    """⟨u, v⟩ = Σ_c ∫ u_c v_c dx.

    Raises:
        ValueError: The functions live on different domains.
    """
    if u.domain != v.domain:
        raise ValueError(f"inner product of functions on {u.domain} and {v.domain}: use v.at(...)")
    return integral(u.with_values(u.values * v.values)).sum(-1)


def norm(u: Field, *, p: float = 2.0) -> Float[Tensor, "batch"]:
    """‖u‖_p = (Σ_c ∫ |u_c|^p dx)^{1/p}; `p=inf` gives the maximum of |u|."""
    if p == float("inf"):
        return cleared(u).values.abs().flatten(1).amax(1)
    return integral(u.with_values(u.values.abs() ** p)).sum(-1) ** (1 / p)


def difference(u: Field, v: Field) -> Field:
    """u - v.

    Raises:
        ValueError: The functions live on different domains or have different channels.
    """
    if u.domain != v.domain or u.channels != v.channels:
        raise ValueError(
            f"difference of functions with {u.channels} channels on {u.domain} "
            f"and {v.channels} channels on {v.domain}"
        )
    return u.with_values(u.values - v.values)


def mean_square(u: Field) -> Float[Tensor, "batch"]:
    """The mean of u² over points and channels; over the volume where functions are scattered."""
    square = u.values.square()
    if isinstance(u.domain, Grid):
        return square.flatten(1).mean(1)
    ones = u.with_values(torch.ones_like(u.values[..., :1]))
    return (integral(u.with_values(square)) / integral(ones)).mean(-1)


def cleared(u: Field) -> Field:
    """The same functions with zeros in the padding of their domains."""
    if u.domain.count is None:
        return u
    inside = u.domain.weights().to(u.values) > 0
    return u.with_values(torch.where(inside[..., None], u.values, torch.zeros_like(u.values)))
