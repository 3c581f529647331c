"""Low-rank neural operator: integrals over the whole domain at linear cost."""

from torch import nn
from torch.nn import functional

from fredholm.domains import Domain, unordered
from fredholm.fields import NOTHING, Field, Given
from fredholm.layers import MLP, LowRankIntegral, PointFeatures
from fredholm.operators import AnyDensity, AnyResolution, Claim, Operator, at_least_one


class LNO(Operator):
    """Low-rank neural operator: lift, repeat v <- gelu(W v + K v), project.

    (K v)(x) = Σ_r ψ_r(x) ∫ φ_r(y) v(y) dy / |D|, with ψ and φ networks of (x, a(x)) whose values
    are matrices: every point sees the whole domain, at a cost linear in the number of points (but
    boundary data is continued at that of points times boundary points).

    Args:
        in_channels, out_channels: Channels of the functions, coordinates not counted.
        features: What is known of each point beside the values: the box of the coordinates, whether
            they are shown, and which channels are known on the boundary alone.
        hidden_channels: Channels between lifting and projection.
        layers: Number of integral operators, each with weights of its own.
        rank: Rank of each.
        kernel_channels: Width of the three hidden layers of ψ and φ.

    Shapes:
        Field (batch, *points, in_channels) on a Grid, Mesh, PointCloud or Stack -> Field (batch,
        *points, out_channels).

    Raises:
        ValueError: A size below one.

    Reference:
        Kovachki et al., JMLR 2023, arXiv:2108.08481, section 4.2. Departs from it: gelu in place of
        ReLU; no batch norm, through which functions of a batch would see one another; the distance
        to the boundary among the inputs; boundary data continued to the inside.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        features: PointFeatures,
        *,
        hidden_channels: int = 32,
        layers: int = 4,
        rank: int = 4,
        kernel_channels: int = 64,
    ) -> None:
        super().__init__()
        at_least_one(
            hidden_channels=hidden_channels,
            layers=layers,
            rank=rank,
            kernel_channels=kernel_channels,
        )
        self.features = features
        marks, width = features.marks(in_channels), hidden_channels
        self.lifting = nn.Linear(marks, width)
        self.roots = nn.ModuleList(nn.Linear(width, width) for _ in range(layers))
        self.integrals = nn.ModuleList(
            LowRankIntegral(width, marks, rank=rank, hidden=kernel_channels) for _ in range(layers)
        )
        self.projection = MLP((width, 2 * width, out_channels))

    @property
    def claims(self) -> tuple[Claim, ...]:
        boundary = self.features.boundary_channels
        return AnyResolution(bound=1e-2), AnyDensity(bound=1e-2, boundary=boundary)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        domains = unordered(u.domain, len(u))
        values = domains.flat(u.values.flatten(1, -2))
        marks = domains.padded(self.features(domains, values))
        weights = domains.weights()
        weights = (weights / weights.sum(1, keepdim=True)).to(marks)
        v = self.lifting(marks)
        for root, integral in zip(self.roots, self.integrals):
            v = functional.gelu(root(v) + integral(v, marks, weights))
        image = domains.padded(domains.flat(self.projection(v)))  # zero in padding
        out = u.with_values(image.reshape(*u.values.shape[:-1], image.shape[-1]))
        return out if at is None else out.at(at)
