"""One axis of a grid: where its samples lie, stated and never guessed."""

import math
from dataclasses import dataclass, replace
from typing import Literal, Self, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains.chebyshev import extrema, integrals, series

Location = Literal["node", "cell", "left", "right", "chebyshev"]
_PLACES = {
    "node": "both ends",
    "cell": "cell centres",
    "left": "left ends",
    "right": "right ends",
    "chebyshev": "Chebyshev points",
}
_OFFSETS = {"node": 0.0, "cell": 0.5, "left": 0.0, "right": 1.0}


@dataclass(frozen=True)
class Axis:
    """Samples of an interval, equidistant unless they are Chebyshev points.

    Args:
        size: Number of samples n.
        start, stop: Ends of the interval, in `units`; its length is L = stop - start.
        periodic: The function continues periodically with period L.
        location: Where the samples lie. `"node"`: on the nodes; both ends where the axis is not
            periodic (h = L/(n-1)), only the start where it is (h = L/n). `"cell"`: at the centres
            of n cells (h = L/n). `"left"`: on the left ends of n cells (h = L/n); on a periodic
            axis that is the same as `"node"`, and is stored as such. `"right"`: on the right ends
            of n cells (h = L/n): the times after a given start. `"chebyshev"`: where the polynomial
            T_{n-1} of the interval is ±1, both ends included and dense there; not periodic.
        name: Name of the coordinate, used as dimension name in files.
        units: Units of the coordinate; empty means dimensionless.

    Raises:
        ValueError: Fewer than two samples, an empty interval, an unknown location, or a periodic
            axis with Chebyshev points.
    """

    size: int
    start: float = 0.0
    stop: float = 1.0
    periodic: bool = False
    location: Location = "node"
    name: str = "x"
    units: str = ""

    def __post_init__(self) -> None:
        both_ends = self.location == "chebyshev" or self.location == "node" and not self.periodic
        if self.size < (2 if both_ends else 1):
            raise ValueError(f"axis {self.name!r} has too few points: {self.size}")
        if not (math.isfinite(self.start) and math.isfinite(self.stop) and self.start < self.stop):
            raise ValueError(
                f"axis {self.name!r} needs start < stop, got [{self.start}, {self.stop}]"
            )
        if self.location not in get_args(Location):
            raise ValueError(
                f"axis {self.name!r}: location is one of {get_args(Location)}, "
                f"got {self.location!r}"
            )
        if self.periodic and self.location == "chebyshev":
            raise ValueError(f"axis {self.name!r} is periodic and has no ends for Chebyshev points")
        if self.periodic and self.location == "left":
            object.__setattr__(self, "location", "node")

    @property
    def length(self) -> float:
        """L = stop - start."""
        return self.stop - self.start

    @property
    def spacing(self) -> float:
        """Distance h between neighbouring samples.

        Raises:
            ValueError: Chebyshev points, which are not equidistant.
        """
        if self.location == "chebyshev":
            raise ValueError(
                f"axis {self.name!r} has Chebyshev points and no spacing; evaluate the function on "
                "equidistant points first: .at(grid)"
            )
        both_ends = self.location == "node" and not self.periodic
        return self.length / (self.size - 1 if both_ends else self.size)

    def points(self) -> Float[Tensor, "n"]:
        """Coordinates of the samples, float64."""
        if self.location == "chebyshev":
            return self.start + (1 + extrema(self.size)) / 2 * self.length
        index = torch.arange(self.size, dtype=torch.float64)
        return self.start + (index + _OFFSETS[self.location]) * self.spacing

    def weights(self) -> Float[Tensor, "n"]:
        """Quadrature weights, float64, with sum L.

        Those of Clenshaw and Curtis on Chebyshev points, exact for polynomials of degree below n.
        Trapezoidal where both ends are sampled, else h for each sample: exact for trigonometric
        polynomials on a periodic axis, second order on cells, first order for `"left"` and
        `"right"` unless the integrand agrees at both ends.
        """
        if self.location == "chebyshev":
            return self.length / 2 * integrals(self.size) @ series(self.size)
        weights = torch.full((self.size,), self.spacing, dtype=torch.float64)
        if self.location == "node" and not self.periodic:
            weights[0] = weights[-1] = self.spacing / 2
        return weights

    def resized(self, size: int) -> Self:
        """The same interval with another number of samples."""
        return replace(self, size=size)

    def __str__(self) -> str:
        kind = "periodic" if self.periodic else _PLACES[self.location]
        units = f" {self.units}" if self.units else ""
        return f"{self.name}: {self.size} on [{self.start:g}, {self.stop:g}]{units} ({kind})"
