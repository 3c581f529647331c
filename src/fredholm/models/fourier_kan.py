"""A first layer of learned Fourier series."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.layers import ChannelNorm
from fredholm.operators import at_least_one


class FourierKAN(nn.Module, Recorded):
    """z = norm(Σₖ a cos(kx) + b sin(kx) + c), then a perceptron with f(z) = (z + tanh 30z) σ(z).

    Args:
        inputs: Numbers per point, in [-1, 1]; the series have period 2π, so that the function is
            not periodic on that interval.
        outputs: Components of the function.
        width: Channels.
        layers: Layers after the first.
        waves: Wavenumbers k = 1 ... waves of each coordinate.

    Shapes:
        (..., inputs) -> (..., outputs).

    Reference:
        Mehrabian et al., ICASSP 2025, arXiv:2409.09323. Departs from it: all layers have the same
        width; fewer waves by default.
    """

    smoothness = math.inf

    def __init__(
        self, inputs: int, outputs: int, *, width: int = 128, layers: int = 3, waves: int = 64
    ) -> None:
        super().__init__()
        at_least_one(inputs=inputs, outputs=outputs, width=width, layers=layers, waves=waves)
        self.waves = waves
        self.first = nn.Linear(2 * inputs * waves, width)
        nn.init.normal_(self.first.weight, std=1 / math.sqrt(inputs * waves))
        self.norm = ChannelNorm(width)
        widths = (*(width,) * (layers + 1), outputs)
        self.maps = nn.ModuleList(nn.Linear(a, b) for a, b in zip(widths[:-1], widths[1:]))

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        turns = torch.cat([k * x for k in range(1, self.waves + 1)], dim=-1)
        h = self.norm(self.first(torch.cat([torch.cos(turns), torch.sin(turns)], dim=-1)))
        *hidden, last = self.maps
        for linear in hidden:
            z = linear(h)
            h = (z + torch.tanh(30 * z)) * torch.sigmoid(z)
        return last(h)
