"""A mixture of networks, weighted by position."""

from jaxtyping import Float
from torch import Tensor, nn

from fredholm.layers.mlp import MLP


class Mixture(nn.Module):
    """Σₘ gₘ Eₘ(x): experts Eₘ, each a network of one hidden layer, and given gates gₘ.

    With gates that depend on the position alone it is a decomposition of the domain whose parts
    have soft edges and are learned.

    Args:
        channels: Channels of each point.
        experts: Number of networks.
        expansion: Hidden channels of each, relative to `channels`.

    Shapes:
        x (..., channels), gates (..., experts) -> (..., channels).
    """

    def __init__(self, channels: int, experts: int, *, expansion: int = 4) -> None:
        super().__init__()
        widths = (channels, expansion * channels, channels)
        self.experts = nn.ModuleList(MLP(widths) for _ in range(experts))

    def forward(
        self, x: Float[Tensor, "... c"], gates: Float[Tensor, "... experts"]
    ) -> Float[Tensor, "... c"]:
        return sum(  # type: ignore[return-value]
            gate[..., None] * expert(x) for gate, expert in zip(gates.unbind(-1), self.experts)
        )
