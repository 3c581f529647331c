"""Boundary-embedded neural operator."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pad_sequence

from fredholm.domains import (
    Domain,
    Mesh,
    Stack,
    Unstructured,
    batched_edges,
    delaunay_edges,
    edge_vectors,
    mesh_edges,
    nearest_edges,
    shape_features,
    unordered,
)
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP, Coordinates, Interaction, SetEncoder, Told, segment_sum
from fredholm.operators import Claim, Operator, Superposition, at_least_one

_LEAST = 1e-30
"""Mean square below which data count as zero."""


class BENO(Operator):
    """Boundary-embedded neural operator: û(f, g) = û₁(f) + û₂(g), on any shape.

    A linear boundary value problem, -div(a ∇u) = f with u = g on the boundary, splits by Green's
    formula. So does the network: one graph network sees the source f, another the boundary data g,
    and nothing of one reaches the other. In each, every layer is told a vector that a transformer
    makes of the whole boundary: of its shape, and in the second of g on it. Data are scaled to size
    one and the answer is scaled back, û(λv) = λ û(v) for λ > 0: without data the answer is zero,
    and superposition holds exactly.

    Args:
        in_channels, out_channels: Channels of the functions.
        axes: Name, start, stop and whether it is periodic, for each coordinate of space: the box to
            which they are scaled.
        sources: Input channels that are sources.
        boundary: Input channels that are boundary data. Channels that are neither, a coefficient
            say, are shown to both networks as they are.
        hidden_channels: Channels of nodes, edges and of what is told of the boundary; even.
        layers: Rounds of messages in each network.
        neighbours: Nearest points that each point hears of, besides those that are joined to it by
            cells of the mesh or, on clouds, of the Delaunay triangulation.
        split: Without it one network sees sources and boundary data, and is told nothing of the
            boundary as a whole: what the split is compared with.

    Shapes:
        Field (batch, n, c) on clouds or meshes -> Field (batch, n, out_channels). Parameters
        given.params (batch, p) are the last input channels, in_channels = c + p.

    Raises:
        ValueError: Neither sources nor boundary data, another number of channels, or a domain
            without a boundary.

    Reference:
        Wang et al., ICLR 2024, arXiv:2401.09323. Departs from it: the source is not shown on the
        edges of the second network, which would break the split; answers scale with the data; the
        boundary points are nodes; one transformer without order serves all layers of a network, not
        one for each layer along the boundary's polygon; normals and the distance to the boundary
        take the place of four distances along the axes, and derivatives of the source are left out.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        axes: Sequence[tuple[str, float, float, bool]],
        *,
        sources: Sequence[int],
        boundary: Sequence[int],
        hidden_channels: int = 48,
        layers: int = 4,
        neighbours: int = 8,
        split: bool = True,
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, layers=layers, neighbours=neighbours)
        self.sources, self.boundary = tuple(sources), tuple(boundary)
        data = (*self.sources, *self.boundary)
        if not data or len(set(data)) < len(data) or not set(data) <= set(range(in_channels)):
            raise ValueError(
                f"BENO needs sources or boundary data among its {in_channels} channels, each once; "
                f"got {self.sources} and {self.boundary}"
            )
        self.in_channels = in_channels
        self.neighbours = neighbours
        self.fixed = [c for c in range(in_channels) if c not in data]
        parts = (self.sources, self.boundary) if split else (data,)
        self.groups = tuple(list(part) for part in parts if part)
        self.coordinates = Coordinates(axes)
        self.length = max(stop - start for _, start, stop, _ in axes) / 2
        dim = len(axes)
        fixed = self.coordinates.features + dim + 2 + len(self.fixed)
        self.branches = nn.ModuleList(
            _Branch(len(group) + fixed, dim, out_channels, hidden_channels, layers, told=split)
            for group in self.groups
        )

    @property
    def claims(self) -> tuple[Claim, ...]:
        split = len(self.groups) == 2
        return (Superposition(first=self.sources, second=self.boundary),) if split else ()

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only("params")
        domains = unordered(u.domain, len(u))
        graphs = _Graphs.of(domains, self.neighbours, u.values)
        values = domains.flat(u.values.flatten(1, -2))
        if given.params is not None:
            values = torch.cat([values, given.params.to(values)[graphs.owner]], dim=-1)
        if values.shape[-1] != self.in_channels:
            raise ValueError(
                f"BENO was built for {self.in_channels} channels, parameters among them, got "
                f"{values.shape[-1]}"
            )
        values, sizes = self._measured(values, domains, graphs)
        fixed = torch.cat([self._shape(domains).to(values), values[:, self.fixed]], dim=-1)
        answer = values.new_zeros(())
        for branch, group, size in zip(self.branches, self.groups, sizes):
            size = size[graphs.owner, None]
            known = torch.cat([values[:, group] / size, fixed], dim=-1)
            answer = answer + size * branch(known, graphs)
        result = u.with_values(domains.padded(answer).reshape(*u.values.shape[:-1], -1))
        return result if at is None else result.at(at)

    def _measured(
        self, values: Tensor, domains: Stack, graphs: "_Graphs"
    ) -> tuple[Float[Tensor, "n c"], list[Float[Tensor, "batch"]]]:
        """The values where they mean something, and the size of the data of each network."""
        measure = domains.flat(domains.weights()).to(values)[:, None].repeat(1, self.in_channels)
        measure[:, list(self.boundary)] = graphs.on_boundary.to(values)[:, None]
        values = values * (measure > 0)
        count = len(domains)
        squares = segment_sum(measure * values.square(), graphs.owner, count)
        squares = squares / segment_sum(measure, graphs.owner, count)
        sizes = [squares[:, group].sum(-1).clamp(min=_LEAST).sqrt() for group in self.groups]
        return values, sizes

    def _shape(self, domains: Stack) -> Float[Tensor, "n k"]:
        """Coordinates, normals, an indicator of the boundary and the distance to it."""
        points = self.coordinates(domains.flat(domains.points()))
        features = domains.flat(domains.gathered(shape_features))
        features = torch.cat([features[:, :-1], features[:, -1:] / self.length], dim=-1)
        return torch.cat([points, features], dim=-1)


@dataclass(frozen=True)
class _Graphs:
    """The graphs of a batch, joined to one, and what is known of their points.

    Args:
        owner: The function that each point belongs to.
        edges: Sender and receiver of each edge.
        gaps: From receiver to sender, and its length, in mean lengths of the graph's edges.
        on_boundary: Which points are on the boundary.
        rim: Numbers of the boundary points of each function.
        present: Which of these are points and not padding.
    """

    owner: Int[Tensor, "n"]
    edges: Int[Tensor, "2 edges"]
    gaps: Float[Tensor, "edges d"]
    on_boundary: Bool[Tensor, "n"]
    rim: Int[Tensor, "batch m"]
    present: Bool[Tensor, "batch m"]

    @classmethod
    def of(cls, domains: Stack, neighbours: int, like: Tensor) -> Self:
        """Those of some domains, where and as the values are."""
        rims = [start + member.boundary for start, member in zip(domains.starts, domains)]
        if not all(len(rim) for rim in rims):
            raise ValueError(
                "BENO needs to know the boundary: give each cloud its `parts`, or use a mesh"
            )
        owner = torch.arange(len(domains)).repeat_interleave(torch.tensor(domains.sizes))
        numbers = pad_sequence(rims, batch_first=True, padding_value=-1)
        gaps = [member.remembered(_gaps, neighbours) for member in domains]
        return cls(
            owner.to(like.device),
            batched_edges(domains, near, neighbours).to(like.device),
            torch.cat(gaps).to(like),
            torch.cat([member.on_boundary for member in domains]).to(like.device),
            numbers.clamp(min=0).to(like.device),
            (numbers >= 0).to(like.device),
        )


class _Branch(nn.Module):
    """A graph network: encode, process, decode; told of the whole boundary where asked."""

    def __init__(
        self, channels: int, dim: int, out_channels: int, hidden: int, layers: int, *, told: bool
    ) -> None:
        super().__init__()
        self.nodes = _network(channels, hidden, hidden)
        self.edges = _network(dim + 1, hidden, hidden)
        self.rim = _network(channels, hidden, hidden) if told else None
        self.summary = SetEncoder(hidden) if told else None
        token = hidden if told else 0
        self.layers = nn.ModuleList(Interaction(hidden, token=token) for _ in range(layers))
        self.decoder = _network(hidden, hidden, out_channels)

    def forward(self, known: Float[Tensor, "n c"], graphs: _Graphs) -> Float[Tensor, "n out"]:
        token = None
        if self.rim is not None and self.summary is not None:
            token = self.summary(self.rim(known)[graphs.rim], graphs.present)
        told = Told(graphs.owner, token)
        nodes, edges = self.nodes(known), self.edges(graphs.gaps)
        for layer in self.layers:
            edges, nodes = layer(edges, nodes, nodes, graphs.edges, told)
        return self.decoder(nodes)


def _network(*widths: int) -> MLP:
    return MLP(widths, activation=functional.silu)


def near(domain: Unstructured, neighbours: int) -> Int[Tensor, "2 edges"]:
    """Edges between nearest points and along the cells of the mesh, or Delaunay's of a cloud."""
    joined = mesh_edges(domain) if isinstance(domain, Mesh) else delaunay_edges(domain)
    nearest = nearest_edges(domain, min(neighbours, len(domain) - 1))
    senders, receivers = torch.cat([joined, nearest], dim=1)
    numbers = (receivers * len(domain) + senders).unique()
    return torch.stack([numbers % len(domain), numbers // len(domain)])


def _gaps(domain: Unstructured, neighbours: int) -> Float[Tensor, "edges d"]:
    """From the receiver of each edge to its sender and their distance, in mean distances."""
    vectors = edge_vectors(domain.coords, domain.remembered(near, neighbours))
    lengths = torch.linalg.vector_norm(vectors, dim=1, keepdim=True)
    return torch.cat([vectors, lengths], dim=1) / lengths.mean()
