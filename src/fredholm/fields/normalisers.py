"""Affine changes of scale that live inside an operator and are saved with it."""

import torch
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.fields.field import Field


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
        weights = weights / weights.sum()
        values = u.values.to(torch.float64).flatten(1, -2)
        mean = torch.einsum("bnc,n->c", values, weights.flatten()) / len(u)
        variance = torch.einsum("bnc,n->c", (values - mean) ** 2, weights.flatten()) / len(u)
        scale = variance.sqrt()
        flat = scale <= 1e-12 * mean.abs().clamp(min=1e-30)
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(flat, torch.ones_like(scale), scale))
        return self

    def encode(self, u: Field) -> Field:
        """To zero mean and unit scale."""
        return u.with_values((u.values - self.mean) / self.scale)

    def decode(self, u: Field) -> Field:
        """Back to physical units."""
        return u.with_values(u.values * self.scale + self.mean)
