"""Waves of random directions."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.calls import Recorded


class RandomFourier(nn.Module, Recorded):
    """x -> cos(Bx), sin(Bx) with fixed B ~ N(0, scale²): fine features are learned soon.

    Args:
        inputs: Numbers per point, of order one.
        features: Length of the result; even.
        scale: Standard deviation of the angular frequencies. It decides: too small and fine
            features stay out of reach, too large and values between the points are noise.
        seed: Of the draw, so that the frequencies belong to the constructor call.

    Shapes:
        (..., inputs) -> (..., features).

    Raises:
        ValueError: An odd number of features, or none.

    Reference:
        Tancik et al., NeurIPS 2020, arXiv:2006.10739; there the phase is 2πBx.
    """

    frequencies: Tensor

    def __init__(self, inputs: int, features: int, *, scale: float = 1.0, seed: int = 0) -> None:
        super().__init__()
        if features < 2 or features % 2:
            raise ValueError(
                f"features come as pairs of cos and sin: an even number, not {features}"
            )
        self.features = features
        generator = torch.Generator().manual_seed(seed)
        frequencies = scale * torch.randn(features // 2, inputs, generator=generator)
        self.register_buffer("frequencies", frequencies)

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... features"]:
        phase = functional.linear(x, self.frequencies)
        return torch.cat([torch.cos(phase), torch.sin(phase)], dim=-1)
