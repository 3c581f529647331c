"""Graph neural operator: integrals over balls with a learned kernel."""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.domains import Domain, Stack, batched_edges, edge_vectors, radius_edges, unordered
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP, KernelIntegral, Neighbourhoods, PointFeatures
from fredholm.operators import AnyDensity, AnyResolution, Claim, Operator, at_least_one

Aggregation = Literal["quadrature", "mean"]


class GNO(Operator):
    """Graph neural operator: lift, repeat v <- gelu(W v + K v), project.

    (K v)(x) is a mean over the ball around x of κ(x, y, a(x), a(y)) v(y), with κ a network whose
    values are matrices. W and K are the same in each repetition. Points may lie anywhere, on grids
    too, as densely as they like: sums are weighted as the quadrature of the domain says.

    Args:
        in_channels, out_channels: Channels of the functions, coordinates not counted.
        features: What is known of each point beside the values: the box of the coordinates, whether
            they are shown, and which channels are known on the boundary alone.
        radius: Radius of the balls, in the units of the coordinates.
        hidden_channels: Channels between lifting and projection.
        layers: Number of repetitions.
        kernel_channels: Width of the two hidden layers of κ.
        aggregation: `"quadrature"`: the mean is an integral, in which points count less towards the
            edge of the ball, so that none enters with a jump. `"mean"`: all points of the ball
            count alike, as published; then the answer depends on where points are dense.

    Shapes:
        Field (batch, *points, in_channels) on a Grid, Mesh, PointCloud or Stack -> Field (batch,
        *points, out_channels).

    Raises:
        ValueError: A size below one, a radius that is not positive, or an unknown aggregation.

    Reference:
        Li et al., 2020, arXiv:2003.03485; Kovachki et al., JMLR 2023, arXiv:2108.08481. Departs
        from it: gelu in place of ReLU; the fading weights; the distance to the boundary among the
        inputs, in place of derivatives of the coefficient; boundary data continued to the inside.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        features: PointFeatures,
        radius: float,
        *,
        hidden_channels: int = 32,
        layers: int = 4,
        kernel_channels: int = 32,
        aggregation: Aggregation = "quadrature",
    ) -> None:
        super().__init__()
        at_least_one(
            hidden_channels=hidden_channels, layers=layers, kernel_channels=kernel_channels
        )
        if aggregation not in get_args(Aggregation):
            raise ValueError(f"aggregation is one of {get_args(Aggregation)}, got {aggregation!r}")
        if not radius > 0:
            raise ValueError(f"the radius of a ball is positive, got {radius}")
        self.radius, self.layers, self.aggregation = float(radius), layers, aggregation
        self.features = features
        marks, width = features.marks(in_channels), hidden_channels
        self.lifting = nn.Linear(marks, width)
        self.root = nn.Linear(width, width)
        self.kernel = KernelIntegral(width, marks, features.dim, hidden=kernel_channels)
        self.projection = MLP((width, 2 * width, out_channels))

    @property
    def claims(self) -> tuple[Claim, ...]:
        if self.aggregation == "mean":
            return ()
        boundary = self.features.boundary_channels
        return AnyResolution(bound=1e-2), AnyDensity(bound=1e-2, boundary=boundary)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        domains = unordered(u.domain, len(u))
        marks = self.features(domains, domains.flat(u.values.flatten(1, -2)))
        v = self.lifting(marks)
        integral = self.kernel(self._near(domains, v), marks, marks)
        for _ in range(self.layers):
            v = functional.gelu(self.root(v) + integral(v))
        image = domains.padded(self.projection(v))
        out = u.with_values(image.reshape(*u.values.shape[:-1], image.shape[-1]))
        return out if at is None else out.at(at)

    def _near(self, domains: Stack, like: Float[Tensor, "total c"]) -> Neighbourhoods:
        """The points of the ball around each point, which is one of them."""
        periods = self.features.periods
        edges = batched_edges(domains, radius_edges, self.radius, periods, True)
        vectors = edge_vectors(domains.flat(domains.points()), edges, periods) / self.radius
        weights = torch.ones(len(vectors), dtype=vectors.dtype)
        if self.aggregation == "quadrature":
            volumes = domains.flat(domains.weights())[edges[0]]
            weights = volumes * (1 - vectors.square().sum(-1)).clamp(min=0).square()
        return Neighbourhoods.of(edges, len(like), weights, vectors).to(like)
