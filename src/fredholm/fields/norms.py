"""Integrals, inner products and norms of functions.

All use the quadrature weights of the domain, so that they approximate the integral and agree
between resolutions. Channels are components of one vector-valued function and are summed.
"""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Domain
from fredholm.fields.field import Field


@lru_cache(maxsize=64)
def _weights(domain: Domain, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Quadrature weights where and as the values are; made once, not once per norm."""
    return domain.weights().to(device, dtype)


def integral(u: Field) -> Float[Tensor, "batch c"]:
    """∫ u dx for each function and channel."""
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
        return u.values.abs().flatten(1).amax(1)
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
