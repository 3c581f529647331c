"""Multipole graph kernel network: integrals over near and far, on nested levels of points."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import (
    Domain,
    Stack,
    Unstructured,
    batched_cross_edges,
    coarse_cloud,
    coarse_levels,
    cross_edges,
    edge_vectors,
    radius_edges,
    unordered,
)
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP, Integral, KernelIntegral, Neighbourhoods, PointFeatures
from fredholm.operators import AnyDensity, AnyResolution, Claim, Operator, at_least_one


class MGKN(Operator):
    """Multipole graph kernel network: lift, repeat a V-cycle over levels of points, project.

    Level 0 holds all points, level l the fewer of `counts`, spread over the shape; balls have twice
    the radius from one level to the next, so that each holds about as many points. A cycle goes
    down, v_{l+1} <- gelu(v_{l+1} + K_{l,l+1} v_l), and comes up, v_l <- v_l + W_l v_l + K_{ll} v_l
    and v_{l-1} <- gelu(v_{l-1} + K_{l,l-1} v_l), with integrals K as in a GNO, the same in each
    cycle. Far points are heard through few coarse ones: the cost is linear in the number of points.

    Args:
        in_channels, out_channels: Channels of the functions, coordinates not counted.
        features: What is known of each point beside the values: the box of the coordinates, whether
            they are shown, and which channels are known on the boundary alone.
        radius: Radius of the balls of level 0, in the units of the coordinates.
        counts: Points of the coarser levels, descending; a smaller domain has fewer.
        hidden_channels: Channels between lifting and projection.
        cycles: Number of V-cycles.
        kernel_channels: Width of the kernels' hidden layers on level 0; half of it on the next.

    Shapes:
        Field (batch, *points, in_channels) on a Grid, Mesh, PointCloud or Stack -> Field (batch,
        *points, out_channels).

    Raises:
        ValueError: A size below one, no coarser level, or a radius that is not positive.

    Reference:
        Li et al., NeurIPS 2020, arXiv:2006.09535. Departs from it: all points are on level 0, and
        coarser ones are chosen by farthest points, not at random; quadrature weights; v_l + W_l v_l
        in place of W_l v_l, which is the same but for where training starts; gelu in place of ReLU;
        the distance to the boundary among the inputs, in place of derivatives; boundary data
        continued to the inside.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        features: PointFeatures,
        radius: float,
        *,
        counts: Sequence[int] = (256, 64, 16),
        hidden_channels: int = 32,
        cycles: int = 4,
        kernel_channels: int = 32,
    ) -> None:
        super().__init__()
        at_least_one(
            hidden_channels=hidden_channels,
            cycles=cycles,
            kernel_channels=kernel_channels,
            levels=len(counts),
        )
        if not radius > 0:
            raise ValueError(f"the radius of a ball is positive, got {radius}")
        self.radius, self.counts, self.cycles = float(radius), tuple(counts), cycles
        self.features = features
        marks, width, levels = features.marks(in_channels), hidden_channels, len(counts) + 1

        def kernels(first: int) -> nn.ModuleList:
            sizes = (max(kernel_channels // 2**level, 4) for level in range(first, levels))
            return nn.ModuleList(
                KernelIntegral(width, marks, features.dim, hidden=size) for size in sizes
            )

        self.lifting = nn.Linear(marks, width)
        self.down, self.within, self.up = kernels(1), kernels(0), kernels(1)
        self.roots = nn.ModuleList(nn.Linear(width, width, bias=False) for _ in range(levels))
        self.projection = MLP((width, 2 * width, out_channels))

    @property
    def claims(self) -> tuple[Claim, ...]:
        # Other points have other coarse points among them: no more than their quadrature is left.
        boundary = self.features.boundary_channels
        return AnyResolution(bound=5e-2), AnyDensity(bound=5e-2, boundary=boundary)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        domains = unordered(u.domain, len(u))
        marks = self.features(domains, domains.flat(u.values.flatten(1, -2)))
        levels = _Batch(domains, self.counts, self.radius, self.features.periods)
        seen = [marks[chosen] for chosen in levels.chosen]

        def integral(kernel: nn.Module, sender: int, receiver: int) -> Integral:
            near = levels.near(sender, receiver).to(marks)
            return kernel(near, seen[sender], seen[receiver])

        down = [integral(kernel, level, level + 1) for level, kernel in enumerate(self.down)]
        within = [integral(kernel, level, level) for level, kernel in enumerate(self.within)]
        up = [integral(kernel, level + 1, level) for level, kernel in enumerate(self.up)]
        v = [self.lifting(x) for x in seen]
        for _ in range(self.cycles):
            for level, gather in enumerate(down):
                v[level + 1] = functional.gelu(v[level + 1] + gather(v[level]))
            for level in reversed(range(len(v))):
                if level < len(up):
                    v[level] = functional.gelu(v[level] + up[level](v[level + 1]))
                v[level] = v[level] + self.roots[level](v[level]) + within[level](v[level])
        image = domains.padded(self.projection(functional.gelu(v[0])))
        out = u.with_values(image.reshape(*u.values.shape[:-1], image.shape[-1]))
        return out if at is None else out.at(at)


@dataclass(frozen=True)
class _Levels:
    """The levels of one domain.

    Args:
        chosen: Numbers of the points of each level.
        weights: Their quadrature weights.
        edges: Edges by level of the senders and of the receivers, whose points they count.
    """

    chosen: list[Int[Tensor, "k"]]
    weights: list[Float[Tensor, "k"]]
    edges: dict[tuple[int, int], Int[Tensor, "2 edges"]]


def _levels(
    domain: Unstructured, counts: tuple[int, ...], radius: float, periods: tuple[float, ...]
) -> _Levels:
    """The levels of a domain, the finest with all its points."""
    coarser = coarse_levels(domain, tuple(min(count, len(domain)) for count in counts))
    chosen = [torch.arange(len(domain)), *coarser]
    weights = [domain.weights(), *(coarse_cloud(domain, numbers).weights() for numbers in coarser)]
    edges = {}
    for level, numbers in enumerate(chosen):
        coords, reach = domain.coords[numbers], radius * 2**level
        edges[level, level] = radius_edges(coords, reach, periods, True)
        if level + 1 < len(chosen):
            coarse = domain.coords[chosen[level + 1]]
            inside = cross_edges(coarse, coords, radius=reach, periods=periods)
            # Where balls leave a gap, the nearest coarse point serves the fine one.
            nearest = cross_edges(coarse, coords, nearest=1, periods=periods)
            both = torch.cat([inside, nearest], dim=1)
            edges[level + 1, level] = _in_order(both, len(coarse))
            edges[level, level + 1] = _in_order(both.flip(0), len(coords))
    return _Levels(chosen, weights, edges)


def _in_order(edges: Int[Tensor, "2 e"], senders: int) -> Int[Tensor, "2 edges"]:
    """Each edge once, sorted by receiver."""
    numbers = (edges[1] * senders + edges[0]).unique()
    return torch.stack([numbers % senders, numbers // senders])


class _Batch:
    """The levels of the domains of a batch, as those of one domain."""

    def __init__(
        self, domains: Stack, counts: tuple[int, ...], radius: float, periods: tuple[float, ...]
    ) -> None:
        self.members = [m.remembered(_levels, counts, radius, periods) for m in domains]
        self.points = domains.flat(domains.points())
        self.radius, self.periods = radius, periods
        each = [[part.chosen[level] for part in self.members] for level in range(len(counts) + 1)]
        self.sizes = [[len(numbers) for numbers in parts] for parts in each]
        self.chosen = [
            torch.cat([numbers + start for numbers, start in zip(parts, domains.starts)])
            for parts in each
        ]

    def near(self, sender: int, receiver: int) -> Neighbourhoods:
        """For each point of a level, its neighbours in the same or in the next one."""
        parts = [member.edges[sender, receiver] for member in self.members]
        edges = batched_cross_edges(parts, self.sizes[sender], self.sizes[receiver])
        ends = torch.stack([self.chosen[sender][edges[0]], self.chosen[receiver][edges[1]]])
        reach = self.radius * 2 ** min(sender, receiver)
        vectors = edge_vectors(self.points, ends, self.periods) / reach
        weights = torch.cat([member.weights[sender] for member in self.members])[edges[0]]
        if sender == receiver:  # between levels the nearest may lie beyond
            weights = weights * (1 - vectors.square().sum(-1)).clamp(min=0).square()
        return Neighbourhoods.of(edges, len(self.chosen[receiver]), weights, vectors)
