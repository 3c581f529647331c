"""What is known of functions at points, drawn at random, and what a symmetry makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Grid
from fredholm.equations.expand import Orders
from fredholm.equations.spread import LAPLACIAN
from fredholm.fields import NamedSymmetry

POINTS = 8
"""Draws that two expressions are compared on: one would do, but for rounding."""

Side = tuple[int, bool]
"""A side of a box: the number of its axis, and whether it is the far one."""


class Jets:
    """Random values and derivatives of all functions at points in a box, or on one of its sides."""

    def __init__(self, domain: Grid, side: Side | None = None) -> None:
        self._generator = torch.Generator().manual_seed(0)
        self._drawn: dict[tuple[str, Orders], Tensor] = {}
        self.coordinates = {"t": self._numbers()}
        for number, axis in enumerate(domain.axes):
            share = self._numbers() - 0.5
            if side is not None and side[0] == number:
                share = torch.full_like(share, float(side[1]))
            self.coordinates[axis.name] = axis.start + axis.length * share
        self.normal = {name: 0.0 for name in domain.names}
        if side is not None:
            self.normal[domain.names[side[0]]] = 1.0 if side[1] else -1.0

    def __call__(self, name: str, orders: Orders) -> Float[Tensor, "n"]:
        if (name, orders) not in self._drawn:
            self._drawn[name, orders] = self._numbers()
        return self._drawn[name, orders]

    def _numbers(self) -> Float[Tensor, "n"]:
        """Positive, as some coefficients have to be, and far from zero."""
        return 0.5 + torch.rand(POINTS, generator=self._generator, dtype=torch.float64)


@dataclass(frozen=True)
class Moved:
    """What a symmetry g makes of what is known at y = g⁻¹x: the same at x of the image.

    Coordinate i of x is, up to its direction, coordinate `order[i]` of y.
    """

    domain: Grid
    symmetry: NamedSymmetry

    def still(self) -> "Moved":
        """The same points under the identity."""
        return Moved(self.domain, NamedSymmetry.identity(self.domain.names))

    def coordinate(self, jets: Jets, name: str) -> Float[Tensor, "n"]:
        if name == "t":
            return jets.coordinates["t"]
        return self._moved(self.domain.names.index(name), jets.coordinates)

    def function(self, jets: Jets, name: str, orders: Orders) -> Float[Tensor, "n"]:
        if orders == LAPLACIAN:
            return sum(
                (self.function(jets, name, ((x, 2),)) for x in self.domain.names), torch.zeros(())
            )
        source, sign = self.symmetry.images.get(name, (name, 1))
        moved: dict[str, int] = {}
        for coord, order in orders:
            direction, own = self._direction(coord)
            sign *= direction**order
            moved[own] = order
        return sign * jets(source, tuple(sorted(moved.items())))

    def normal(self, jets: Jets, coord: str) -> float:
        direction, own = self._direction(coord)
        return direction * jets.normal[own]

    def origin(self, side: Side) -> Side:
        """The side of the box that comes to lie on this one."""
        number, far = side
        return self.symmetry.order[number], far != self.symmetry.flips[number]

    def fixes(self, place: Sequence[float]) -> bool:
        """Whether the point stays where it is."""
        y = {name: torch.tensor(float(p)) for name, p in zip(self.domain.names, place)}
        images = (self._moved(number, y) for number in range(self.domain.dim))
        return all(
            abs(float(image) - p) <= 1e-9 * axis.length
            for image, p, axis in zip(images, place, self.domain.axes)
        )

    def _direction(self, coord: str) -> tuple[int, str]:
        """The sign and the name of the coordinate of y that becomes this one of x."""
        if coord == "t":
            return 1, coord
        number = self.domain.names.index(coord)
        own = self.domain.names[self.symmetry.order[number]]
        return -1 if self.symmetry.flips[number] else 1, own

    def _moved(self, number: int, y: Mapping[str, Tensor]) -> Tensor:
        """Coordinate `number` of x; reflections keep the centre of the box."""
        axis, own = self.domain.axes[number], self.domain.axes[self.symmetry.order[number]]
        distance = y[own.name] - own.start
        return axis.stop - distance if self.symmetry.flips[number] else axis.start + distance
