"""What a network is told of the points that a function is known at."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.domains import Stack, boundary_distances
from fredholm.layers.boundary_continuation import continued_inside
from fredholm.layers.coordinates import Coordinates


class PointFeatures(nn.Module, Recorded):
    """Coordinates and the distance to the boundary, beside the values of a function.

    All of them are functions on the whole domain. What differs from zero at the boundary points
    alone lives on a set without volume, whose share of the points falls as points are added.
    Networks of integrals that were shown normals, or an indicator of the boundary, had 2.5 times
    the error on twice as many points per axis (Darcy, GNO), and the same error without. So these
    are left out, and data that is known on the boundary is continued to the inside by an integral
    over the boundary (`continued_inside`).

    Args:
        axes: Name, start, stop and whether it is periodic for each coordinate: the box to which
            they are scaled, see `Coordinates`.
        coordinates: Show the coordinates; without them a shift of shape and function is not seen.
        boundary_channels: Which of the values are known on the boundary alone.
    """

    def __init__(
        self,
        axes: Sequence[tuple[str, float, float, bool]],
        *,
        coordinates: bool = True,
        boundary_channels: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.dim, self.boundary_channels = len(axes), tuple(boundary_channels)
        self.coordinates = Coordinates(axes) if coordinates else None
        self.count = 1 + (self.coordinates.features if self.coordinates else 0)
        wraps = any(periodic for *_, periodic in axes)
        self.periods = tuple((b - a) * periodic for _, a, b, periodic in axes) if wraps else ()
        self.length = max(stop - start for _, start, stop, _ in axes) / 2

    def marks(self, channels: int) -> int:
        """How many numbers a point is known by, of functions with so many channels.

        Raises:
            ValueError: They do not have the boundary channels.
        """
        if not set(self.boundary_channels) <= set(range(channels)):
            raise ValueError(
                f"boundary channels are numbers below {channels}, got {self.boundary_channels}"
            )
        return self.count + channels

    def forward(
        self, domains: Stack, values: Float[Tensor, "total c"]
    ) -> Float[Tensor, "total count+c"]:
        """Scaled coordinates, the scaled distance to the boundary, then the values.

        Args:
            domains: The points of each function.
            values: What is known at them, flat (`Stack.flat`).
        """
        if self.boundary_channels:
            which = torch.tensor(self.boundary_channels, device=values.device)
            known = continued_inside(domains, values[:, which], self.periods)
            values = values.index_copy(1, which, known)
        distances = domains.flat(domains.gathered(boundary_distances)) / self.length
        parts = [distances.to(values), values]
        if self.coordinates is not None:
            places = self.coordinates(domains.flat(domains.points()))
            parts.insert(0, places.to(values))
        return torch.cat(parts, dim=-1)
