"""General neural operator transformer."""

import math
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from fredholm.domains import (
    Domain,
    Grid,
    Stack,
    Unstructured,
    boundary_weights,
    scattered_of,
    stacked,
    wall,
)
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP, Coordinates, LinearAttention, Mixture, in_chunks
from fredholm.operators import AnyDensity, Claim, ConsistentQuery, Operator, at_least_one

_AT_ONCE = 1024
"""Points whose hidden channels are made at once where no gradients are kept: a cache holds them."""

_OCTAVES = 3
"""Of the waves cos π 2ᵏ x and sin π 2ᵏ x, k = 0, 1, ..., by which attention finds places."""


class GNOT(Operator):
    """General neural operator transformer: points ask the input functions, then one another.

    A query token is made of a point's coordinates, waves of them, the input there and the
    parameters; where domains have boundaries, also of the wall: where the nearest boundary points
    lie, their normals and boundary data. The functions that are read are the input on all points
    and, where there is one, all of the boundary. Each of the blocks does

        x <- x + A(x; functions),  x <- x + LN(Σₘ gₘ Eₘ(x)),
        x <- x + A(x; x at home),  x <- x + LN(Σₘ gₘ Fₘ(x))

    with linear attentions A and gates g of the position: a soft decomposition of the domain. The
    points of the input are "home"; points asked for elsewhere read them and are not read, so that
    the answer at a point does not depend on which others are asked for. The cost is linear in the
    number of points. A grid is served as the cloud of its points.

    Args:
        in_channels: Channels of the input; may be zero where only the domains vary.
        out_channels: Channels of the output.
        axes: Name, start, stop and whether it is periodic for each coordinate: the box that holds
            the domains, see `fredholm.layers.Coordinates`.
        boundary_channels: Which of the input channels mean something on the boundary alone; None
            where domains have no boundary.
        params: Number of parameters of the equation, taken from `given.params`.
        hidden_channels: Channels C of the tokens.
        layers: Number of blocks.
        heads: Heads of the attentions.
        experts: Networks in each mixture.
        weighted: Whether functions are read by quadrature, independent of where points are dense;
            otherwise every point counts the same, as published.

    Shapes:
        Field (batch, *points, in_channels) -> Field (batch, *points, out_channels).

    Raises:
        ValueError: A size below one, boundary channels that the input does not have, or heads that
            do not divide `hidden_channels`.

    Reference:
        Hao et al., ICML 2023, arXiv:2302.14376. Departs from it: quadrature weights; padding is
        left out of the sums; points asked for elsewhere are not read; query tokens hold waves, the
        input at their point and the wall; all channels inside are one function.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        axes: Sequence[tuple[str, float, float, bool]],
        *,
        boundary_channels: Sequence[int] | None = None,
        params: int = 0,
        hidden_channels: int = 64,
        layers: int = 3,
        heads: int = 4,
        experts: int = 2,
        weighted: bool = True,
    ) -> None:
        super().__init__()
        at_least_one(hidden_channels=hidden_channels, layers=layers, heads=heads, experts=experts)
        if not set(boundary_channels or ()) <= set(range(in_channels)):
            raise ValueError(
                f"boundary channels are numbers below {in_channels}, got {boundary_channels}"
            )
        self.bounded = boundary_channels is not None
        self.on_boundary = list(boundary_channels or ())
        self.inside = [c for c in range(in_channels) if c not in self.on_boundary]
        self.params = params
        self.weighted = weighted
        self.scaled = Coordinates(axes)
        width, dim = hidden_channels, self.scaled.features
        place = dim * (1 + 2 * _OCTAVES)

        def encoder(features: int) -> MLP:
            return MLP((features, width, width, width))

        edge = dim + len(axes) + len(self.on_boundary)
        self.query = encoder(place + (edge + 1) * self.bounded + len(self.inside) + params)
        self.nodes = encoder(place + len(self.inside)) if self.inside or not self.bounded else None
        self.boundary = encoder(place - dim + edge) if self.bounded else None
        sources = (self.nodes is not None) + (self.boundary is not None)
        self.blocks = nn.ModuleList(
            _Block(dim, width, sources, heads, experts) for _ in range(layers)
        )
        self.projection = MLP((width, width, width, out_channels))

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (ConsistentQuery(), *[AnyDensity(boundary=tuple(self.on_boundary))] * self.weighted)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only(*["params"] * (self.params > 0))
        home = stacked(_scattered(u.domain), len(u))
        values = u.values.flatten(1, -2)
        edge = self._edge(home, values)
        sources = self._sources(home, values, edge)
        places = [self._place(home, home, values[..., self.inside], edge, given)]
        if at is not None and at != u.domain:
            asked = stacked(_scattered(at), len(u))
            there = u.with_values(u.values[..., self.inside]).at(at).values.flatten(1, -2)
            places.append(self._place(asked, home, there, edge, given))
        weights = self._weights(home).to(values)
        tokens = [in_chunks(self.query, place.features, size=_AT_ONCE) for place in places]
        for block in self.blocks:
            tokens = block(tokens, places, sources, weights)
        out = in_chunks(self.projection, tokens[-1], size=_AT_ONCE)
        out = out * places[-1].mask.to(out)[..., None]
        domain = u.domain if at is None else at
        return Field(out.reshape(len(u), *domain.shape, -1), domain)

    def _edge(self, home: Stack, values: Tensor) -> Float[Tensor, "batch n f"]:
        """Scaled coordinates, normals and boundary data: what counts on the boundary."""
        normals = home.gathered(_normals).to(values)
        position = self.scaled(home.points().to(values))
        return torch.cat([position, normals, values[..., self.on_boundary]], dim=-1)

    def _sources(self, home: Stack, values: Tensor, edge: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Tokens and weights of the functions that are read."""
        found = []
        waves = self._waves(edge[..., : self.scaled.features])
        if self.nodes is not None:
            tokens = self.nodes(torch.cat([waves, values[..., self.inside]], dim=-1))
            found.append((tokens, self._weights(home).to(values)))
        if self.boundary is not None:
            ends = [member.boundary for member in home]
            numbers = pad_sequence(ends, batch_first=True).to(values.device)
            features = torch.cat([waves, edge[..., self.scaled.features :]], dim=-1)
            parts = [member.remembered(boundary_weights) for member in home]
            weights = pad_sequence(parts, batch_first=True)
            weights = weights if self.weighted else (weights > 0).double()
            found.append((self.boundary(_picked(features, numbers)), weights.to(values)))
        return found

    def _place(
        self, points: Stack, home: Stack, values: Tensor, edge: Tensor, given: Given
    ) -> "_Place":
        """What is known of the points before any function is read."""
        position = self.scaled(points.points().to(values))
        features = [self._waves(position), values]
        if self.bounded:
            stencils = [member.remembered(wall, other) for member, other in zip(points, home)]
            numbers, shares = (pad_sequence([*part], batch_first=True) for part in zip(*stencils))
            near = _picked(edge, numbers.to(values.device)) * shares.to(values)[..., None]
            offset, others = near.sum(-2).tensor_split([position.shape[-1]], dim=-1)
            offset = offset - position
            features += [offset, torch.linalg.vector_norm(offset, dim=-1, keepdim=True), others]
        if self.params:
            if given.params is None or given.params.shape[-1] != self.params:
                raise ValueError(
                    f"this GNOT takes {self.params} parameters per function, got "
                    f"{None if given.params is None else tuple(given.params.shape)}"
                )
            constant = given.params.to(values)[:, None]
            features.append(constant.expand(-1, position.shape[1], -1))
        return _Place(position, torch.cat(features, dim=-1), points.mask)

    def _waves(self, x: Tensor) -> Tensor:
        """Scaled coordinates and their waves."""
        turns = [math.pi * 2**octave * x for octave in range(_OCTAVES)]
        return torch.cat([x, *map(torch.cos, turns), *map(torch.sin, turns)], dim=-1)

    def _weights(self, points: Stack) -> Float[Tensor, "batch n"]:
        return points.weights() if self.weighted else points.mask.double()


class _Place(NamedTuple):
    """Points at which tokens live: scaled coordinates, features, and which are no padding."""

    position: Tensor
    features: Tensor
    mask: Tensor


class _Block(nn.Module):
    """Reading the functions, then the home points, each followed by a mixture of experts."""

    def __init__(self, dim: int, width: int, sources: int, heads: int, experts: int) -> None:
        super().__init__()
        self.gates = MLP((dim, width, width, experts))
        self.cross = LinearAttention(width, sources=sources, heads=heads)
        self.own = LinearAttention(width, heads=heads)
        self.mixtures = nn.ModuleList(Mixture(width, experts) for _ in range(2))
        self.source_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(sources))
        self.query_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.mixture_norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))

    def forward(
        self,
        tokens: list[Tensor],
        places: list[_Place],
        sources: list[tuple[Tensor, Tensor]],
        weights: Tensor,
    ) -> list[Tensor]:
        """The tokens of each place after the block; those of the first, home, are read."""
        functions = [(norm(z), w) for norm, (z, w) in zip(self.source_norms, sources)]
        first = partial(self._half, 0, self.cross, self.cross.read(functions))
        tokens = [
            in_chunks(first, x, place.position, size=_AT_ONCE) for x, place in zip(tokens, places)
        ]
        home = self.query_norms[1](tokens[0])
        second = partial(self._half, 1, self.own, self.own.read([(home, weights)]))
        return [
            in_chunks(second, x, place.position, size=_AT_ONCE) for x, place in zip(tokens, places)
        ]

    def _half(self, which: int, attention, summaries, x: Tensor, position: Tensor) -> Tensor:
        """One attention and one mixture, at single points."""
        x = x + attention(self.query_norms[which](x), summaries)
        gates = torch.softmax(self.gates(position), dim=-1)
        return x + self.mixture_norms[which](self.mixtures[which](x, gates))


def _scattered(domain: Domain) -> Unstructured | Domain:
    return scattered_of(domain) if isinstance(domain, Grid) else domain


def _picked(
    values: Float[Tensor, "batch n c"], numbers: Int[Tensor, "batch *k"]
) -> Float[Tensor, "batch *k c"]:
    """The values of each function at points of its own."""
    rows = torch.arange(len(values), device=values.device)
    return values[rows.reshape(-1, *[1] * (numbers.ndim - 1)), numbers]


def _normals(member: Unstructured) -> Float[Tensor, "n dim"]:
    return member.normals
