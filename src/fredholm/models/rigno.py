"""Region interaction graph neural operator."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import (
    Domain,
    Regions,
    Stack,
    Unstructured,
    boundary_distances,
    regions,
    unordered,
)
from fredholm.fields import NOTHING, Field, Given, difference, mean_square
from fredholm.layers import (
    MLP,
    Coordinates,
    Interaction,
    RegionEdges,
    Told,
    among_regions,
    from_regions,
    to_regions,
)
from fredholm.operators import Claim, ConsistentQuery, Operator, at_least_one

T = TypeVar("T")

_HARMONICS = 4
"""Waves that stand for a periodic coordinate; the published value."""
_OVERLAP = 2.0
"""How much further regions reach when they answer than when they listen; the published value."""


class RIGNO(Operator):
    """Region interaction graph neural operator: points -> regions -> points.

    A few regions listen to the points that lie in them, exchange messages along short and long
    edges, and tell the points what they found. Regions depend on the shape and hardly on the
    density of the points, and means over points are weighted by their volumes: the answer is that
    of a function. It can be asked at any other points, to which the input is interpolated.

    In training (`terms`, objective `Own`) a random part of all edges is left out, each time anew.
    An answer uses all edges; with `given.member` greater than zero it leaves out some that the
    number chooses, so that members differ where the operator is unsure.

    Args:
        in_channels, out_channels: Channels of the functions.
        axes: Name, start, stop and whether it is periodic, for each coordinate of space.
        regions: Number of regions.
        hidden_channels: Channels of points, regions and edges.
        layers: Exchanges of messages among the regions.
        masked: Part of the edges that is left out in training.
        conditions: Columns of `given.params`, numbers of order one such as a lead time; they are
            shown at the points and steer the normalisations.

    Shapes:
        Field (batch, n, in_channels) on clouds or meshes -> Field (batch, n, out_channels);
        given.params (batch, conditions).

    Raises:
        ValueError: Another number of conditions, or of channels, or `masked` is not in [0, 1).

    Reference:
        Mousavi et al., NeurIPS 2025, arXiv:2501.19205. Departs from it: regions as in
        `fredholm.domains.regions`; means weighted by volumes; the distance to the boundary is shown
        at the points; points that are asked start from the interpolated input.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        axes: Sequence[tuple[str, float, float, bool]],
        *,
        regions: int = 256,
        hidden_channels: int = 64,
        layers: int = 6,
        masked: float = 0.5,
        conditions: int = 0,
    ) -> None:
        super().__init__()
        at_least_one(regions=regions, hidden_channels=hidden_channels, layers=layers)
        if not 0 <= masked < 1:
            raise ValueError(f"masked is a part of the edges in [0, 1), got {masked}")
        self.in_channels = in_channels
        self.masked = masked
        self.conditions = conditions
        self.coordinates = Coordinates(axes, harmonics=_HARMONICS)
        lengths = [stop - start for _, start, stop, _ in axes]
        self.length = max(lengths) / 2
        periods = tuple(length * axis[-1] for length, axis in zip(lengths, axes))
        self.kind = regions, periods
        width, dim, places = hidden_channels, len(axes), self.coordinates.features
        self.points = _network(places + 1 + in_channels + conditions, width, width)
        self.regions = _network(places + 1, width, width)
        self.inwards, self.across, self.outwards = (
            _network(dim + 1, width, width) for _ in range(3)
        )
        self.encoder = Interaction(width, numbers=conditions)
        self.layers = nn.ModuleList(Interaction(width, numbers=conditions) for _ in range(layers))
        self.decoder = Interaction(width, numbers=conditions)
        self.projection = _network(width, width, out_channels)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (ConsistentQuery(bound=1e-9),)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        member = given.member
        sources = [torch.Generator().manual_seed(member) for _ in range(len(u))] if member else ()
        return self._answer(u, given, at, sources)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        found = self._answer(u, given, target.domain, [generator] * len(u))
        square = mean_square(difference(found, target))
        return {"root_mean_square": (square + 1e-30).sqrt().mean()}

    def _answer(
        self, u: Field, given: Given, at: Domain | None, sources: Sequence[torch.Generator]
    ) -> Field:
        """The answers; with generators, one for each function, some edges are left out."""
        at = u.domain if at is None else at
        domains, asked = unordered(u.domain, len(u)), unordered(at, len(u))
        numbers = self._numbers(given, u)
        found = [member.remembered(regions, *self.kind) for member in domains]
        inward, across, outward = (
            self._joined(parts, sources).to(u.values)
            for parts in (
                [member.remembered(to_regions, self.kind) for member in domains],
                [member.remembered(among_regions, self.kind) for member in domains],
                [_made(from_regions, *pair, _OVERLAP, self.kind) for pair in zip(asked, domains)],
            )
        )
        points = self.points(self._shown(u, domains, domains, numbers))
        nodes = self.regions(self._places(domains, found).to(points))
        told = Told(_owners(map(len, found), points), numbers=numbers)
        volumes = domains.flat(domains.weights()).to(points)[inward.pairs[0]]
        edges = self.inwards(inward.gaps)
        _, nodes = self.encoder(edges, points, nodes, inward.pairs, told, weights=volumes)
        edges = self.across(across.gaps)
        for layer in self.layers:
            edges, nodes = layer(edges, nodes, nodes, across.pairs, told)
        if at != u.domain:
            points = self.points(self._shown(u.at(at), asked, domains, numbers))
        told = Told(_owners(asked.sizes, points), numbers=numbers)
        edges = self.outwards(outward.gaps)
        _, points = self.decoder(edges, nodes, points, outward.pairs, told)
        values = asked.padded(self.projection(points))
        return Field(values.reshape(len(u), *at.shape, values.shape[-1]), at)

    def _joined(
        self, parts: Sequence[RegionEdges], sources: Sequence[torch.Generator]
    ) -> RegionEdges:
        """The edges of all functions as those of one graph; sources choose what is left out."""
        if sources:
            parts = [part.thinned(self.masked, source) for part, source in zip(parts, sources)]
        return RegionEdges.joined(parts)

    def _numbers(self, given: Given, u: Field) -> Float[Tensor, "batch p"] | None:
        """What the operator is told of each function."""
        given.only("params")
        count = 0 if given.params is None else given.params.shape[-1]
        if count != self.conditions:
            raise ValueError(f"this RIGNO is told {self.conditions} numbers, got {count}")
        return given.params.to(u.values) if given.params is not None else None

    def _shown(
        self, u: Field, points: Stack, domains: Stack, numbers: Tensor | None
    ) -> Float[Tensor, "n c"]:
        """Coordinates, distance to the boundary of the domains, input and numbers at points."""
        if u.channels != self.in_channels:
            raise ValueError(f"this RIGNO takes {self.in_channels} channels, got {u.channels}")
        values = points.flat(u.values.flatten(1, -2))
        parts = [_made(boundary_distances, *pair) for pair in zip(points, domains)]
        columns = [
            self.coordinates(points.flat(points.points())).to(values),
            (torch.cat(parts) / self.length).to(values),
            values,
        ]
        if numbers is not None:
            columns.append(numbers[_owners(points.sizes, values)])
        return torch.cat(columns, dim=-1)

    def _places(self, domains: Stack, found: Sequence[Regions]) -> Float[Tensor, "r c"]:
        """Coordinates of the centres, and the radii."""
        pairs = zip(domains, found)
        centres = torch.cat([member.coords[each.centres] for member, each in pairs])
        radii = torch.cat([each.radii for each in found])[:, None]
        return torch.cat([self.coordinates(centres), radii / self.length], dim=-1)


def _made(make: Callable[..., T], points: Unstructured, domain: Unstructured, *arguments: Any) -> T:
    """`make(points, domain, ...)`, remembered where these are the same.

    Other points may be asked once and never again, or be asked about ever new domains.
    """
    if points is domain:
        return points.remembered(make, domain, *arguments)
    return make(points, domain, *arguments)


def _owners(sizes: Iterable[int], like: Tensor) -> Int[Tensor, "n"]:
    """The function that each point belongs to, where functions have so many."""
    counts = torch.tensor([*sizes])
    return torch.arange(len(counts)).repeat_interleave(counts).to(like.device)


def _network(*widths: int) -> MLP:
    return MLP(widths, activation=functional.silu)
