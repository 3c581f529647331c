"""Bells at equidistant centres: an encoding whose width is the scale of what it can tell apart."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded


class ShiftedGaussians(nn.Module, Recorded):
    """x -> exp(-(xᵢ - tⱼ)²/2s²) for each coordinate and centre tⱼ, equidistant on [-1, 1].

    Narrow bells can take any values (their matrix has a high rank) and know nothing between them;
    wide ones are smooth and blur. With as many centres as samples a linear map after them is
    enough.

    Args:
        inputs: Numbers per point, in [-1, 1].
        centres: Per coordinate, at least two.
        width: s; half the shortest length of the function, or less.

    Shapes:
        (..., inputs) -> (..., features).

    Raises:
        ValueError: Fewer than two centres, or a width that is not above 0.

    Reference:
        Zheng, Ramasinghe & Lucey, 2021, arXiv:2107.02561 (Rethinking Positional Encoding).
    """

    def __init__(self, inputs: int, centres: int, *, width: float) -> None:
        super().__init__()
        if centres < 2 or width <= 0:
            raise ValueError(
                f"ShiftedGaussians needs two centres and a width above 0, got {centres} and {width}"
            )
        self.centres = centres
        self.width = width
        self.features = inputs * centres

    def forward(self, x: Float[Tensor, "... d"]) -> Float[Tensor, "... features"]:
        places = torch.linspace(-1, 1, self.centres, dtype=x.dtype, device=x.device)
        scaled = (x.unsqueeze(-1) - places) * (1 / self.width)
        bells = torch.exp((scaled * scaled) * -0.5)
        return bells.reshape(*bells.shape[:-2], bells.shape[-2] * bells.shape[-1])
