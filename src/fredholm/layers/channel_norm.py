"""Layer normalisation in elementary operations."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

_LEAST = 1e-5
"""Added to the variance; the customary value."""


class ChannelNorm(nn.Module):
    """The channels of each point with mean zero and variance one, then scaled and shifted.

    It is `torch.nn.LayerNorm` over the last dimension, written so that jets pass through.

    Args:
        channels: Length of the last dimension.

    Shapes:
        (..., channels) -> (..., channels).

    Reference:
        Ba, Kiros & Hinton, 2016, arXiv:1607.06450.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.share = 1 / channels
        self.gain = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Float[Tensor, "... c"]) -> Float[Tensor, "... c"]:
        centred = x - x.sum(-1, keepdim=True) * self.share
        variance = (centred * centred).sum(-1, keepdim=True) * self.share
        return centred * torch.reciprocal(torch.sqrt(variance + _LEAST)) * self.gain + self.shift
