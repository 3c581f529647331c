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
        Kang et al., ICLR 2025, arXiv:2412.05994. Departs from it: the parameters are 1/s
        and -μ/s, so that no width can pass through zero and all are those of linear maps.
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
        self.gaussians = gaussians
        self.scalings = nn.ModuleList(_scaling(channels * gaussians, spread) for _ in range(inputs))
        self.sums = nn.ModuleList(nn.Linear(gaussians, 1, bias=False) for _ in range(channels))
        for weight in self.sums.parameters():
            # The reference script's size: the function starts close to a constant.
            nn.init.normal_(weight, std=0.01)
        self.first = nn.Linear(channels, width)
        self.last = nn.Linear(width, outputs)

    @property
    def centres(self) -> Float[Tensor, "channels gaussians inputs"]:
        """The centres μ, as functions of the parameters."""
        columns = [-bias / weight[:, 0] for weight, bias in map(_parameters, self.scalings)]
        return torch.stack(columns, dim=-1).unflatten(0, (-1, self.gaussians))

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        scaled = [
            scaling(x[..., number : number + 1]) for number, scaling in enumerate(self.scalings)
        ]
        bells = torch.exp(torch.stack([z * z for z in scaled], dim=-1).sum(-1) * -0.5)
        n = self.gaussians
        phi = [total(bells[..., c * n : (c + 1) * n]) for c, total in enumerate(self.sums)]
        return self.last(torch.tanh(self.first(torch.cat(phi, dim=-1))))


def _scaling(count: int, spread: float) -> nn.Linear:
    """One coordinate x -> (x - μ)/s of all Gaussians, with centres drawn from [-1, 1]."""
    scaling = nn.Linear(1, count)
    nn.init.constant_(scaling.weight, 1 / spread)
    nn.init.uniform_(scaling.bias, -1 / spread, 1 / spread)
    return scaling


def _parameters(module: nn.Module) -> tuple[Tensor, ...]:
    return tuple(module.parameters())
