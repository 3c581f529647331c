"""Kernel ridge regression: a cheap nonlinear predictor with no setting of its own."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

_LENGTHS = (0.5, 1.0, 2.0, 4.0)
_RIDGES = torch.logspace(-10, 1, 12, dtype=torch.float64)


@dataclass(frozen=True, eq=False)
class KernelRidge:
    """Fits k(a, b) = ⟨a, b⟩ + exp(-|a - b|²/2ℓ²); ℓ and the ridge by leave-one-out error.

    Args:
        inputs: Training inputs, centred and scaled.
        weights: Coefficients of the kernel functions.
        length: ℓ.
        centre, scale: Of the inputs.
        mean: Of the targets.
    """

    inputs: Float[Tensor, "n m"]
    weights: Float[Tensor, "n k"]
    length: float
    centre: Float[Tensor, "m"]
    scale: float
    mean: Float[Tensor, "k"]

    @classmethod
    def fit(cls, a: Float[Tensor, "n m"], u: Float[Tensor, "n k"]) -> "KernelRidge":
        """The predictor of u from a, both in float64."""
        centre, mean = a.mean(0), u.mean(0)
        # Of unit mean square length: both parts of the kernel then have the same size.
        scale = max(float((a - centre).square().sum(1).mean().sqrt()), 1e-300)
        a, u = (a - centre) / scale, u - mean
        candidates = [(*_leave_one_out(_kernel(a, a, length), u), length) for length in _LENGTHS]
        _, weights, length = min(candidates, key=lambda candidate: candidate[0])
        return cls(a, weights, length, centre, scale, mean)

    def __call__(self, a: Float[Tensor, "b m"]) -> Float[Tensor, "b k"]:
        """Predicted targets."""
        kernel = _kernel((a - self.centre) / self.scale, self.inputs, self.length)
        return self.mean + kernel @ self.weights


def _kernel(a: Tensor, b: Tensor, length: float) -> Float[Tensor, "n n2"]:
    return a @ b.T + torch.exp(-torch.cdist(a, b).square() / (2 * length**2))


def _leave_one_out(kernel: Tensor, u: Tensor) -> tuple[float, Tensor]:
    """Least leave-one-out error over the ridges, and the weights that have it.

    With (K + λ)⁻¹ = V (Λ + λ)⁻¹ Vᵀ the error at i is [(K + λ)⁻¹u]ᵢ / [(K + λ)⁻¹]ᵢᵢ.
    """
    values, vectors = torch.linalg.eigh(kernel)
    rotated = vectors.T @ u
    best = None
    for ridge in _RIDGES:
        inverse = 1 / (values.clamp(min=0) + ridge)
        weights = vectors @ (inverse[:, None] * rotated)
        error = float((weights / (vectors.square() @ inverse)[:, None]).square().sum())
        if best is None or error < best[0]:
            best = (error, weights)
    assert best is not None
    return best
