"""A linear map whose rows have scales of their own."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional


class FactorisedLinear(nn.Module):
    """x -> diag(exp(s)) V x + b: the same map as the given one, with other directions of descent.

    The scales let a step move whole neurons, and shorten the way to distant weights.

    Args:
        linear: The map to begin with; it is not changed.
        mean, std: Of the logarithms s of the scales, which are drawn from a normal distribution.
        generator: Of the draw.

    Shapes:
        (..., in_features) -> (..., out_features).

    Reference:
        Wang et al., 2022, arXiv:2210.01274 (random weight factorisation).
    """

    def __init__(
        self,
        linear: nn.Linear,
        *,
        mean: float = 1.0,
        std: float = 0.1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        weight, bias = linear.weight.detach(), linear.bias.detach()
        scale = mean + std * torch.randn(len(weight), generator=generator)
        self.scale = nn.Parameter(scale.to(weight))
        self.direction = nn.Parameter(weight / torch.exp(self.scale.detach())[:, None])
        self.bias = nn.Parameter(bias.clone())

    @property
    def weight(self) -> Float[Tensor, "out_features in_features"]:
        """The matrix of the map."""
        return torch.exp(self.scale)[:, None] * self.direction

    def forward(self, x: Float[Tensor, "... in_features"]) -> Float[Tensor, "... out_features"]:
        return functional.linear(x, self.weight, self.bias)
