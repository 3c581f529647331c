"""Whom each point receives from: edges of a graph, laid out for products of matrices."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.layers.segments import segment_sum

_SPREAD = 1.6
"""Largest ratio of the numbers of neighbours within a block: the rest would be padding."""


@dataclass(frozen=True, eq=False)
class Block:
    """Receivers with about equally many neighbours, padded to the same number.

    Args:
        rows: Numbers of the receivers.
        senders: Numbers of their neighbours; 0 in padding.
        weights: Weights of these; zero in padding.
        vectors: From the receiver to the neighbour.
    """

    rows: Int[Tensor, "rows"]
    senders: Int[Tensor, "rows near"]
    weights: Float[Tensor, "rows near"]
    vectors: Float[Tensor, "rows near dim"]


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """The neighbours of each point with weights of sum one, and the vectors that lead to them.

    Args:
        senders: Sender of each edge; edges stand in the order of their receivers.
        degrees: Number of edges that arrive at each receiver.
        weights: Weight of each edge.
        vectors: From the receiver of each edge to its sender, in units of the network.
    """

    senders: Int[Tensor, "edges"]
    degrees: Int[Tensor, "receivers"]
    weights: Float[Tensor, "edges"]
    vectors: Float[Tensor, "edges dim"]

    @classmethod
    def of(
        cls,
        edges: Int[Tensor, "2 edges"],
        receivers: int,
        weights: Float[Tensor, "edges"],
        vectors: Float[Tensor, "edges dim"],
    ) -> Self:
        """Neighbourhoods from edges (see `fredholm.domains.radius_edges`) and any weights.

        Args:
            edges: Sender and receiver of each edge, sorted by receiver.
            receivers: Number of points that receive.
            weights: Not negative; they are scaled to sum one at each receiver.
            vectors: From the receiver of each edge to its sender.
        """
        total = segment_sum(weights, edges[1], receivers).clamp(min=1e-30)
        degrees = torch.bincount(edges[1], minlength=receivers)
        return cls(edges[0], degrees, weights / total[edges[1]], vectors)

    def to(self, like: Tensor) -> Self:
        """The same with weights and vectors in the dtype, and all on the device, of a tensor."""
        device = like.device
        return type(self)(
            self.senders.to(device),
            self.degrees.to(device),
            self.weights.to(like),
            self.vectors.to(like),
        )

    def __len__(self) -> int:
        return len(self.degrees)

    def blocks(self, entries: int, least: int = 1) -> Iterator[Block]:
        """All receivers that have neighbours, in blocks.

        Args:
            entries: Largest number of edges in a block, padding counted; a single receiver may
                have more.
            least: Number of edges that a receiver counts for at least.
        """
        order = torch.argsort(self.degrees, stable=True)
        sizes = self.degrees[order]
        starts = self.degrees.cumsum(0) - self.degrees
        first = int((sizes == 0).sum())
        while first < len(order):
            most = int(_SPREAD * int(sizes[first]))
            alike = int(torch.searchsorted(sizes, most, right=True))
            stop = min(alike, first + max(1, entries // max(most, least)))
            yield self._block(order[first:stop], starts, int(sizes[stop - 1]))
            first = stop

    def _block(self, rows: Tensor, starts: Tensor, width: int) -> Block:
        place = torch.arange(width, device=rows.device)
        inside = place < self.degrees[rows, None]
        edges = torch.where(inside, starts[rows, None] + place, 0)
        return Block(
            rows,
            torch.where(inside, self.senders[edges], 0),
            self.weights[edges] * inside,
            self.vectors[edges],
        )
