"""Attention of points to functions, at a cost linear in the number of points."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

Source = tuple[Float[Tensor, "batch m c"], Float[Tensor, "batch m"]]
"""Tokens of a function at its points, and the weight of each point; zero marks padding."""
Summary = tuple[Float[Tensor, "batch heads k c"], Float[Tensor, "batch heads k"]]
"""∫ k̃ vᵀ and ∫ k̃: all that a query needs to know of a function."""


class LinearAttention(nn.Module):
    """Normalised linear attention to several functions at once, each on points of its own.

    With q̃ = softmax(W_q x) and k̃ᵢ = softmax(W_kᵢ zᵢ) over the channels of a head and vᵢ = W_vᵢ zᵢ:

        a(x) = W (q̃ + Σᵢ q̃ᵀ Σₙ wᵢₙ k̃ᵢₙ vᵢₙᵀ / q̃ᵀ Σₙ wᵢₙ k̃ᵢₙ).

    The sums do not depend on the query: they are made once, and the cost is linear in the points
    and in the queries. Points of weight zero do not enter them. With quadrature weights they are
    integrals, which do not depend on where the points are dense.

    Args:
        channels: Channels of queries and tokens.
        sources: Number of functions.
        heads: Independent groups of channels.

    Raises:
        ValueError: `heads` does not divide `channels`.

    Reference:
        Hao et al., ICML 2023, arXiv:2302.14376, section 3.2. Departs from it: weights.
    """

    def __init__(self, channels: int, *, sources: int = 1, heads: int = 1) -> None:
        super().__init__()
        if heads < 1 or channels % heads:
            raise ValueError(f"{channels} channels cannot be shared by {heads} heads")
        self.heads = heads
        self.query = nn.Linear(channels, channels)
        self.keys = nn.ModuleList(nn.Linear(channels, channels) for _ in range(sources))
        self.values = nn.ModuleList(nn.Linear(channels, channels) for _ in range(sources))
        self.mixing = nn.Linear(channels, channels)

    def read(self, sources: Sequence[Source]) -> list[Summary]:
        """The summaries of the functions."""
        summaries = []
        for (tokens, weights), to_key, to_value in zip(
            sources, self.keys, self.values, strict=True
        ):
            # Shares and not weights: their size would decide the rounding error of the quotient.
            shares = weights / weights.sum(1, keepdim=True).clamp(min=1e-30)
            key = torch.softmax(self._split(to_key(tokens)), dim=-1) * shares[..., None, None]
            value = self._split(to_value(tokens))
            summaries.append((torch.einsum("bmhk,bmhc->bhkc", key, value), key.sum(1)))
        return summaries

    def forward(
        self, x: Float[Tensor, "batch n c"], summaries: Sequence[Summary]
    ) -> Float[Tensor, "batch n c"]:
        """What the queries find in functions of which these are the summaries."""
        query = torch.softmax(self._split(self.query(x)), dim=-1)
        found = query
        for moments, totals in summaries:
            # A function without points has a total of zero and contributes nothing.
            size = torch.einsum("bnhk,bhk->bnh", query, totals).clamp(min=1e-30)
            found = found + torch.einsum("bnhk,bhkc->bnhc", query, moments) / size[..., None]
        return self.mixing(found.flatten(-2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1))


def in_chunks(
    function: Callable[..., Tensor], *tensors: Tensor, size: int
) -> Float[Tensor, "batch n c"]:
    """`function(*tensors)` for a function of single points, so many points at a time.

    Bounds the memory of what lies between arguments and result; gradients would keep it anyway.

    Shapes:
        tensors (batch, n, *), result (batch, n, c).
    """
    if torch.is_grad_enabled() or tensors[0].shape[1] <= size:
        return function(*tensors)
    parts = zip(*(tensor.split(size, dim=1) for tensor in tensors), strict=True)
    return torch.cat([function(*part) for part in parts], dim=1)
