"""Gaussians that move to where the function is fine."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.operators import at_least_one


class Gaussians(nn.Module, Recorded):
    """A tiny perceptron of φ_c(x) = Σⱼ w_cj exp(-½ Σ_d ((x_d - μ_cjd)/s_cjd)²): PIG.

    Centres μ and widths s are learned: a mesh that adapts. Each channel has its own.

    Args:
        inputs: Numbers per point, in [-1, 1].
        outputs: Components of the function.
        gaussians: Per channel.
        channels: Channels φ.
        width: Width of the one hidden layer of the perceptron, of tanh.
        spread: Widths s at the start.

    Shapes:
        (..., inputs) -> (..., outputs). Memory is channels × gaussians × inputs per point.

    Reference:
        Kang et al., ICLR 2025, arXiv:2412.05994. Departs from it: 1/s is the parameter, so that no
        width can pass through zero.
    """

    smoothness = math.inf

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        gaussians: int = 300,
        channels: int = 4,
        width: int = 16,
        spread: float = 0.1,
    ) -> None:
        super().__init__()
        at_least_one(
            inputs=inputs, outputs=outputs, gaussians=gaussians, channels=channels, width=width
        )
        if spread <= 0:
            raise ValueError(f"spread is a width above 0, got {spread}")
        self.centres = nn.Parameter(2 * torch.rand(channels, gaussians, inputs) - 1)
        self.sharpness = nn.Parameter(torch.full((channels, gaussians, inputs), 1 / spread))
        # The reference script's size: the function starts close to a constant.
        self.weights = nn.Parameter(0.01 * torch.randn(channels, gaussians))
        self.first = nn.Linear(channels, width)
        self.last = nn.Linear(width, outputs)

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        scaled = (x.unsqueeze(-2).unsqueeze(-2) - self.centres) * self.sharpness
        bells = torch.exp((scaled * scaled).sum(-1) * -0.5)
        return self.last(torch.tanh(self.first((bells * self.weights).sum(-1))))
