"""Conjugate gradients on a batch of systems at a time."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.errors import DivergedError
from fredholm.solvers.stencil import Stencil

ADVICE = "check that the coefficient is positive and finite, and of moderate contrast"


def conjugate_gradients(
    stencil: Stencil,
    b: Float[Tensor, "*points batch"],
    precondition: Callable[[Tensor], Tensor],
    tol: float,
    limit: int,
) -> tuple[Float[Tensor, "*points batch"], Int[Tensor, "batch"]]:
    """Preconditioned conjugate gradients on a batch; each system stops at its own tolerance.

    Args:
        stencil: Symmetric positive (semi)definite matrices.
        b: Right-hand sides.
        precondition: A symmetric positive definite map close to A⁻¹.
        tol: ‖r‖/‖b‖ at which a system is finished.
        limit: Largest number of iterations.

    Raises:
        DivergedError: A system is not finished after `limit` iterations.

    Reference:
        Saad, Iterative Methods for Sparse Linear Systems, 2003, algorithm 9.1.
    """
    b = b.contiguous()
    u, r = torch.zeros_like(b), b.clone()
    z = precondition(r)
    p, rz, size = z.clone(), _dot(r, z), norms(b)
    iterations = torch.zeros(b.shape[-1], dtype=torch.long, device=b.device)
    for _ in range(limit):
        left = norms(r)
        active = left > tol * size
        if not bool(torch.isfinite(left).all()):
            break
        if not bool(active.any()):
            return (u - means(u) if stencil.singular else u), iterations
        iterations += active
        q = stencil.apply(p)
        step = torch.where(active, rz / _dot(p, q), 0.0)
        u.addcmul_(step, p)
        r.addcmul_(step, q, value=-1)
        z = precondition(r)
        before, rz = rz, _dot(r, z)
        p = torch.addcmul(z, torch.where(active, rz / before, 0.0), p)
    worst = float((norms(r) / size).nan_to_num(nan=torch.inf).max())
    raise DivergedError(
        f"conjugate gradients reached a relative residual of {worst:.1e} in {limit} iterations, "
        f'not {tol:.0e}; loosen tol, use method="direct", or {ADVICE}'
    )


def norms(x: Float[Tensor, "*points batch"]) -> Float[Tensor, "batch"]:
    """Euclidean norm of each vector of a batch."""
    return x.flatten(0, -2).norm(dim=0)


def means(x: Float[Tensor, "*points batch"]) -> Float[Tensor, "batch"]:
    """Mean of the entries of each vector of a batch."""
    return x.flatten(0, -2).mean(0)


def _dot(x: Tensor, y: Tensor) -> Float[Tensor, "batch"]:
    return (x * y).flatten(0, -2).sum(0)
