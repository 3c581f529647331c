"""Messages along the edges of graphs: the layer that graph networks are made of."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from fredholm.layers.mlp import MLP
from fredholm.layers.segments import segment_sum

_AT_ONCE = 2**18
"""Edges whose intermediate values are held at one time, where no gradients are wanted."""
_NARROW = 16
"""Hidden channels of the networks that steer normalisations; the published value."""


@dataclass(frozen=True)
class Told:
    """What whole graphs are told, for graphs that are joined to one batch.

    Args:
        owner: The graph that each receiver belongs to.
        token: Channels for each graph, which every receiver sees.
        numbers: Numbers of order one for each graph, which steer the normalisations.
    """

    owner: Int[Tensor, "receivers"]
    token: Float[Tensor, "graphs t"] | None = None
    numbers: Float[Tensor, "graphs p"] | None = None


class SteeredNorm(nn.Module):
    """Layer normalisation, then x -> x (1 + Σ_k τ_k a_k(τ)) + Σ_k τ_k b_k(τ) for numbers τ.

    Where all numbers are zero, and nearly so with the initial weights, it is layer normalisation.

    Args:
        channels: Length of the last dimension of x.
        numbers: How many numbers a graph is told.

    Reference:
        Herde et al., NeurIPS 2024, arXiv:2405.19101 (norms conditioned on time), in the form of
        Mousavi et al., NeurIPS 2025, arXiv:2501.19205.
    """

    def __init__(self, channels: int, numbers: int = 0) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.steering = None
        if numbers:
            self.steering = MLP(
                (numbers, _NARROW, 2 * channels * numbers), activation=torch.sigmoid
            )
            for linear in self.steering.maps:
                nn.init.normal_(linear.weight, std=0.01)  # type: ignore[arg-type]
                nn.init.normal_(linear.bias, std=0.01)  # type: ignore[arg-type]

    def forward(
        self,
        x: Float[Tensor, "rows c"],
        numbers: Float[Tensor, "graphs p"] | None,
        owner: Int[Tensor, "rows"] | None,
    ) -> Float[Tensor, "rows c"]:
        x = self.norm(x)
        if self.steering is None:
            return x
        assert numbers is not None and owner is not None
        each = self.steering(numbers).unflatten(-1, (numbers.shape[-1], -1))
        stretch, shift = (numbers[..., None] * each).sum(1).chunk(2, dim=-1)
        return x * (1 + stretch[owner]) + shift[owner]


class Interaction(nn.Module):
    """Nodes send messages along edges; edges and receivers are updated by them.

        m_ij = N(φ(e_ij, s_j, r_i)),   e_ij <- e_ij + m_ij,
        r_i <- r_i + N(ψ(r_i, Σ_j w_ij m_ij / Σ_j w_ij, token))

    with networks φ and ψ of one hidden layer and normalisations N. A node at which no edge arrives
    sees a mean of zero. The first map of φ is applied to the nodes before they are gathered, so
    that its cost follows the nodes and not the edges.

    Args:
        channels: Channels of edges, senders and receivers.
        token: Channels of what a whole graph is told (`Told.token`).
        numbers: Count of the numbers that steer the normalisations (`Told.numbers`).

    Reference:
        Sanchez-Gonzalez et al., ICML 2020, arXiv:2002.09405; means for sums.
    """

    def __init__(self, channels: int, *, token: int = 0, numbers: int = 0) -> None:
        super().__init__()
        self.of_edge = nn.Linear(channels, channels)
        self.of_sender = nn.Linear(channels, channels, bias=False)
        self.of_receiver = nn.Linear(channels, channels, bias=False)
        self.message = nn.Linear(channels, channels)
        self.message_norm = SteeredNorm(channels, numbers)
        self.of_node = nn.Linear(channels, channels)
        self.of_mean = nn.Linear(channels, channels, bias=False)
        self.of_token = nn.Linear(token, channels, bias=False) if token else None
        self.change = nn.Linear(channels, channels)
        self.change_norm = SteeredNorm(channels, numbers)

    def forward(
        self,
        edges: Float[Tensor, "edges c"],
        senders: Float[Tensor, "senders c"],
        receivers: Float[Tensor, "receivers c"],
        graph: Int[Tensor, "2 edges"],
        told: Told | None = None,
        *,
        weights: Float[Tensor, "edges"] | None = None,
    ) -> tuple[Float[Tensor, "edges c"], Float[Tensor, "receivers c"]]:
        """The updated edges and receivers.

        Args:
            edges, senders, receivers: Their channels.
            graph: Number of the sender, then of the receiver, of each edge.
            told: What whole graphs are told.
            weights: Positive weights of the edges in the means; equal without them.
        """
        messages = self._messages(edges, senders, receivers, graph, told)
        counted = messages if weights is None else weights[:, None] * messages
        weights = messages.new_ones(len(messages)) if weights is None else weights
        total = segment_sum(weights, graph[1], len(receivers)).clamp(min=1e-30)
        mean = segment_sum(counted, graph[1], len(receivers)) / total[:, None]
        hidden = self.of_node(receivers) + self.of_mean(mean)
        if self.of_token is not None:
            assert told is not None and told.token is not None
            hidden = hidden + self.of_token(told.token)[told.owner]
        numbers, owner = (None, None) if told is None else (told.numbers, told.owner)
        change = self.change_norm(self.change(functional.silu(hidden)), numbers, owner)
        return edges + messages, receivers + change

    def _messages(
        self, edges: Tensor, senders: Tensor, receivers: Tensor, graph: Tensor, told: Told | None
    ) -> Float[Tensor, "edges c"]:
        sent, received = self.of_sender(senders), self.of_receiver(receivers)
        size = max(len(edges), 1) if torch.is_grad_enabled() else _AT_ONCE
        parts = []
        for part, (j, i) in zip(edges.split(size), (g.unbind() for g in graph.split(size, dim=1))):
            nodes = sent.index_select(0, j) + received.index_select(0, i)
            hidden = functional.silu(self.of_edge(part) + nodes)
            numbers, owner = (None, None) if told is None else (told.numbers, told.owner[i])
            parts.append(self.message_norm(self.message(hidden), numbers, owner))
        return torch.cat(parts)
