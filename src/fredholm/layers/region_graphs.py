"""The graphs between points and regions: edges with the vectors along them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.domains import (
    Unstructured,
    batched_cross_edges,
    edge_vectors,
    region_edges,
    regions,
)

Kind = tuple[int, tuple[float, ...]]
"""Number of regions and periods, as `fredholm.domains.regions` takes them."""


@dataclass(frozen=True, eq=False)
class RegionEdges:
    """Edges between two sets of points.

    Args:
        pairs: Sender and receiver.
        gaps: The vector between them and its length, in a length of the domain.
        sizes: Number of senders and of receivers.
    """

    pairs: Int[Tensor, "2 e"]
    gaps: Float[Tensor, "e d"]
    sizes: tuple[int, int]

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The edges of several graphs as those of one."""
        senders, receivers = zip(*(part.sizes for part in parts))
        pairs = batched_cross_edges([part.pairs for part in parts], senders, receivers)
        return cls(pairs, torch.cat([part.gaps for part in parts]), (sum(senders), sum(receivers)))

    def thinned(self, part: float, source: torch.Generator) -> Self:
        """The edges without a random part of them."""
        kept = torch.rand(len(self.gaps), generator=source) >= part
        return replace(self, pairs=self.pairs[:, kept], gaps=self.gaps[kept])

    def to(self, like: Tensor) -> Self:
        """Where and as other values are."""
        return replace(self, pairs=self.pairs.to(like.device), gaps=self.gaps.to(like))


def among_regions(domain: Unstructured, kind: Kind) -> RegionEdges:
    """Edges among the regions of a domain; lengths count in that of the longest."""
    found = domain.remembered(regions, *kind)
    vectors = edge_vectors(domain.coords[found.centres], found.edges, kind[1])
    longest = float(vectors.norm(dim=1).amax())
    return RegionEdges(found.edges, _with_length(vectors / longest), (len(found), len(found)))


def from_regions(
    points: Unstructured, domain: Unstructured, factor: float, kind: Kind
) -> RegionEdges:
    """Edges from the regions of a domain to points; lengths count in the largest radius.

    Args:
        points: Any points.
        domain: The domain that has the regions.
        factor: How much further than their radii the regions reach.
        kind: Which regions.
    """
    found = domain.remembered(regions, *kind)
    pairs = region_edges(points, domain, kind[0], factor, kind[1])
    both = torch.cat([domain.coords[found.centres], points.coords])
    vectors = edge_vectors(both, pairs + torch.tensor([[0], [len(found)]]), kind[1])
    gaps = _with_length(vectors / (factor * float(found.radii.amax())))
    return RegionEdges(pairs, gaps, (len(found), len(points)))


def to_regions(domain: Unstructured, kind: Kind) -> RegionEdges:
    """Edges from the points of a domain to the regions that they lie in."""
    back = from_regions(domain, domain, 1.0, kind)
    return replace(back, pairs=back.pairs.flip(0), sizes=back.sizes[::-1])


def _with_length(vectors: Float[Tensor, "e dim"]) -> Float[Tensor, "e d"]:
    return torch.cat([vectors, vectors.norm(dim=1, keepdim=True)], dim=1)
