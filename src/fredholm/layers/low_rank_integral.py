"""Integral operators of low rank over a whole domain, at linear cost."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.layers.mlp import MLP


class LowRankIntegral(nn.Module):
    """(K v)(x) = Σ_r ψ_r(x) Σ_y w_y φ_r(y) v(y), with matrices ψ_r(x) and φ_r(y) made by networks.

    Both are linear in the last layers of their networks, φ_r(y) = Σ_k Φ_rk p_k(y) with p_0 = 1, so
    that only the moments Σ_y w_y p_k(y) v(y) run over the points: their cost is linear in the
    number of points, and no matrix of a point is ever made.

    Args:
        channels: Channels of the functions.
        marks: Numbers that a point is known by: coordinates, coefficients.
        rank: Number of products ψ_r φ_r.
        hidden: Width of the three hidden layers of the two networks.

    Reference:
        Kovachki et al., JMLR 2023, arXiv:2108.08481, section 4.2. Departs from it: weights of a
        quadrature, of which the mean over all points is the case of equal weights.
    """

    def __init__(self, channels: int, marks: int, *, rank: int = 1, hidden: int = 64) -> None:
        super().__init__()
        self.inner = MLP((marks, hidden, hidden, hidden))
        self.outer = MLP((marks, hidden, hidden, hidden))
        self.moments = nn.Linear((hidden + 1) * channels, rank * channels, bias=False)
        self.spread = nn.Linear(rank * channels, (hidden + 1) * channels, bias=False)

    def forward(
        self,
        v: Float[Tensor, "batch n c"],
        marks: Float[Tensor, "batch n marks"],
        weights: Float[Tensor, "batch n"],
    ) -> Float[Tensor, "batch n c"]:
        """The integrals at the points themselves.

        Args:
            v: The functions.
            marks: Marks of their points.
            weights: Quadrature weights with sum one for each function, zero in padding.
        """
        inner = _with_one(self.inner(marks)) * weights[..., None]
        moments = self.moments((inner.mT @ v).flatten(1))
        spread = self.spread(moments).unflatten(1, (-1, v.shape[-1]))
        return _with_one(self.outer(marks)) @ spread


def _with_one(h: Float[Tensor, "batch n k"]) -> Float[Tensor, "batch n 1+k"]:
    h = functional.gelu(h)
    return torch.cat([torch.ones_like(h[..., :1]), h], dim=-1)
