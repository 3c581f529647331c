"""Affine changes of scale that live inside an operator and are saved with it."""

import torch
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.fields.field import Field
from fredholm.fields.norms import cleared


class Standardise(nn.Module, Recorded):
    """(u - mean)/scale with one mean and one scale per channel.

    One pair per channel and not per point, so that it does not depend on the grid. Means and scales
    are integrals over the domain, averaged over the functions.

    Args:
        channels: Channels of the functions.

    Shapes:
        Field (batch, *points, channels) -> the same.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("scale", torch.ones(channels))

    def fit(self, u: Field) -> "Standardise":
        """Takes mean and root-mean-square deviation from a batch; returns itself.

        A constant channel keeps scale one: there is nothing to divide by.
        """
        weights = u.domain.weights().to(u.values.device, torch.float64)
        if u.domain.count is None:
            weights = weights[None]
        weights = weights.flatten(1) / weights.flatten(1).sum(1, keepdim=True)
        values, weights = u.values.to(torch.float64).flatten(1, -2), weights.expand(len(u), -1)
        mean = torch.einsum("bnc,bn->c", values, weights) / len(u)
        variance = torch.einsum("bnc,bn->c", (values - mean) ** 2, weights) / len(u)
        scale = variance.sqrt()
        flat = scale <= 1e-12 * mean.abs().clamp(min=1e-30)
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(flat, torch.ones_like(scale), scale))
        return self

    def encode(self, u: Field) -> Field:
        """To zero mean and unit scale."""
        return cleared(u.with_values((u.values - self.mean) / self.scale))

    def decode(self, u: Field) -> Field:
        """Back to physical units."""
        return cleared(u.with_values(u.values * self.scale + self.mean))
