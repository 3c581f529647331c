"""What a network is told of the points that a function is known at."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.domains import Stack, shape_features
from fredholm.layers.coordinates import Coordinates


class PointFeatures(nn.Module):
    """Coordinates beside the values of a function, and where points stand towards the boundary.

    Args:
        axes: Name, start, stop and whether it is periodic for each coordinate: the box to which
            they are scaled, see `Coordinates`.
        coordinates: Show the coordinates; without them a shift of shape and function is not seen.
        harmonics: Waves that stand for a periodic coordinate.
    """

    def __init__(
        self,
        axes: Sequence[tuple[str, float, float, bool]],
        *,
        coordinates: bool = True,
        harmonics: int = 1,
    ) -> None:
        super().__init__()
        self.coordinates = Coordinates(axes, harmonics=harmonics) if coordinates else None
        self.count = self.coordinates.features if self.coordinates else 0
        self.shape_count = len(axes) + 2
        wraps = any(periodic for *_, periodic in axes)
        self.periods = tuple((b - a) * periodic for _, a, b, periodic in axes) if wraps else ()
        self.length = max(stop - start for _, start, stop, _ in axes) / 2

    def forward(
        self, domains: Stack, values: Float[Tensor, "total c"]
    ) -> Float[Tensor, "total count+c"]:
        """Scaled coordinates, then the values.

        Args:
            domains: The points of each function.
            values: What is known at them, flat (`Stack.flat`).
        """
        if self.coordinates is None:
            return values
        places = self.coordinates(domains.flat(domains.points())).to(values)
        return torch.cat([places, values], dim=-1)

    def shapes(
        self, domains: Stack, like: Float[Tensor, "total c"]
    ) -> Float[Tensor, "total shape_count"]:
        """Outward normals, whether a point is on the boundary, and its distance to it, scaled.

        Args:
            domains: The points of each function.
            like: Says device and dtype.
        """
        found = domains.flat(domains.gathered(shape_features)).clone()
        found[:, -1] /= self.length
        return found.to(like)
