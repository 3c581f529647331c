"""Integral operators whose kernel is a network, on any points."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from fredholm.layers.mlp import MLP
from fredholm.layers.neighbourhoods import Block, Neighbourhoods

Integral = Callable[[Float[Tensor, "senders c"]], Float[Tensor, "receivers c"]]
"""A function on the senders to its integrals around the receivers."""

_KEPT = 4
"""Pieces up to which the kernel is kept, because one operator is applied to several functions."""


class KernelIntegral(nn.Module):
    """(K v)(x) = Σ_y w_xy κ(x, y) v(y): around each point a mean, weighted by learned matrices.

    The matrices are linear in the last layer h of a network of both ends: κ = Σ_k A_k h_k with
    h_0 = 1. So is the integral, Σ_k A_k Σ_y w_xy h_k(x, y) v(y), and only the inner sums run over
    edges. No matrix of an edge is ever made, which would take channels times the memory and the
    work; the numbers are the same.

    Args:
        channels: Channels of the functions.
        marks: Numbers that a point is known to the kernel by: coordinates, coefficients.
        dim: Number of coordinates.
        hidden: Width of the two hidden layers of the kernel's network.
        chunk: Largest number of edges that are looked at together. Beyond four times as many, the
            kernel is not kept but evaluated again for each function and in the backward pass:
            slower, in bounded memory.

    Reference:
        Li et al., 2020, arXiv:2003.03485. Departs from it: the weights are those of a quadrature,
        of which the mean over all neighbours is the case of equal weights; the kernel also sees the
        vector between the points.
    """

    def __init__(
        self, channels: int, marks: int, dim: int, *, hidden: int = 64, chunk: int = 2**17
    ) -> None:
        super().__init__()
        self.channels, self.chunk = channels, chunk
        self.network = MLP((2 * marks + dim, hidden, hidden))
        self.matrices = nn.Linear((hidden + 1) * channels, channels, bias=False)

    def forward(
        self,
        near: Neighbourhoods,
        senders: Float[Tensor, "senders marks"],
        receivers: Float[Tensor, "receivers marks"],
    ) -> Integral:
        """The integral operator on these points, to be applied to one function or to several.

        Args:
            near: Neighbours of the receivers among the senders.
            senders, receivers: Marks of the points.
        """
        blocks = list(near.blocks(self.chunk, self.channels))
        few = sum(block.senders.numel() for block in blocks) <= _KEPT * self.chunk
        kept = [self._kernel(block, senders, receivers) for block in blocks] if few else None

        def piece(block: Block, v: Tensor) -> Tensor:
            return self._sums(self._kernel(block, senders, receivers), block, v)

        def integral(v: Tensor) -> Tensor:
            if kept is not None:
                parts = [self._sums(h, block, v) for h, block in zip(kept, blocks)]
            elif torch.is_grad_enabled():
                parts = [checkpoint(piece, block, v, use_reentrant=False) for block in blocks]
            else:
                parts = [piece(block, v) for block in blocks]
            image = v.new_zeros(len(near), self.channels)
            if not blocks:  # nobody has a neighbour
                return image
            rows = torch.cat([block.rows for block in blocks])
            return image.index_copy(0, rows, torch.cat(parts))

        return integral

    def _kernel(self, block: Block, senders: Tensor, receivers: Tensor) -> Tensor:
        """Weighted h for each edge, h_0 = 1 first: (rows, 1 + hidden, near)."""
        seen = receivers[block.rows][:, None].expand(*block.senders.shape, -1)
        features = torch.cat([seen, senders[block.senders], block.vectors], dim=-1)
        h = functional.gelu(self.network(features))
        h = torch.cat([torch.ones_like(h[..., :1]), h], dim=-1)
        return (h * block.weights[..., None]).mT

    def _sums(self, kernel: Tensor, block: Block, v: Tensor) -> Float[Tensor, "rows c"]:
        return self.matrices((kernel @ v[block.senders]).flatten(1))
