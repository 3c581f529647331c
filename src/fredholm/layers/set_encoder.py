"""A vector that stands for a set of points, whatever their order and number."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

_AT_ONCE = 1024
"""Points that attend to all others at one time: bounds the memory of large sets."""


class SetEncoder(nn.Module):
    """Transformer without positions on the points of a set, then the maximum over them.

    Where the points lie has to be among their channels. The result is the same for any order.

    Args:
        channels: Channels of the points and of the result.
        layers: Layers of attention.
        heads: Independent groups of channels in each.

    Shapes:
        x (batch, m, channels), mask (batch, m) -> (batch, channels).

    Raises:
        ValueError: `heads` does not divide `channels`.

    Reference:
        Lee et al., ICML 2019, arXiv:1810.00825 (attention on sets).
    """

    def __init__(self, channels: int, *, layers: int = 2, heads: int = 2) -> None:
        super().__init__()
        if heads < 1 or channels % heads:
            raise ValueError(f"{channels} channels cannot be shared by {heads} heads")
        self.layers = nn.ModuleList(_Layer(channels, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(channels)

    def forward(
        self, x: Float[Tensor, "batch m c"], mask: Bool[Tensor, "batch m"]
    ) -> Float[Tensor, "batch c"]:
        """The summary of each set.

        Args:
            x: The points.
            mask: Which of them are points and not padding; at least one of each set.
        """
        for layer in self.layers:
            x = layer(x, mask)
        return self.norm(x).masked_fill(~mask[..., None], -torch.inf).amax(1)


class _Layer(nn.Module):
    """Attention of each point to all of its set, then a network on each point."""

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.before, self.between = nn.LayerNorm(channels), nn.LayerNorm(channels)
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels, bias=False)  # a bias would cancel in the softmax
        self.value = nn.Linear(channels, channels)
        self.mixing = nn.Linear(channels, channels)
        self.first = nn.Linear(channels, channels)
        self.second = nn.Linear(channels, channels)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        normal = self.before(x)
        parts = (self._split(linear(normal)) for linear in (self.query, self.key, self.value))
        query, key, value = parts
        absent = ~mask[:, None, None]
        found = []
        for some in query.split(_AT_ONCE, dim=2):
            scores = some @ key.mT * key.shape[-1] ** -0.5
            found.append(torch.softmax(scores.masked_fill(absent, -torch.inf), dim=-1) @ value)
        x = x + self.mixing(torch.cat(found, dim=2).transpose(1, 2).flatten(-2))
        return x + self.second(functional.silu(self.first(self.between(x))))

    def _split(self, x: Tensor) -> Float[Tensor, "batch heads m c"]:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
