"""Numbers that steer a network, as vectors."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.layers.mlp import MLP

_FASTEST, _SLOWEST = 1000.0, 0.1
"""Angular frequencies: numbers of order one are told apart at a distance of a thousandth."""


class Embedding(nn.Module):
    """Sines and cosines of each number at geometrically spaced frequencies, then a network.

    Args:
        numbers: How many numbers describe one function.
        channels: Length of the vector.

    Shapes:
        (batch, numbers), of order one -> (batch, channels).

    Reference:
        Vaswani et al., NeurIPS 2017, arXiv:1706.03762, section 3.5.
    """

    def __init__(self, numbers: int, channels: int) -> None:
        super().__init__()
        self.waves = channels // 2
        self.network = MLP((2 * self.waves * numbers, channels, channels))

    def forward(self, numbers: Float[Tensor, "batch p"]) -> Float[Tensor, "batch c"]:
        octaves = torch.linspace(0, 1, self.waves, dtype=numbers.dtype, device=numbers.device)
        frequencies = _FASTEST * torch.exp(octaves * math.log(_SLOWEST / _FASTEST))
        phase = (numbers[..., None] * frequencies).flatten(1)
        return self.network(torch.cat([phase.cos(), phase.sin()], dim=-1))
