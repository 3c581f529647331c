"""Squares from which rectangles are cut: shapes with re-entrant corners."""

from dataclasses import dataclass

import torch

from fredholm.domains import Polygon, Region
from fredholm.problems.shapes.prior import BOUNDARY, UNIT_SQUARE, Bounds, ShapePrior, between


class CutSquares(ShapePrior):
    """A random part of the unit square, with a boundary that is one part."""

    @property
    def bounds(self) -> Bounds:
        return UNIT_SQUARE

    @property
    def parts(self) -> tuple[str, ...]:
        return (BOUNDARY,)


@dataclass(frozen=True)
class LShapes(CutSquares):
    """The unit square without the rectangle between its upper right corner and a random point.

    Args:
        least, most: Bounds of the coordinates of that point, the re-entrant corner.
    """

    least: float = 0.3
    most: float = 0.7

    def sample(self, *, generator: torch.Generator) -> Region:
        x, y = between(self.least, self.most, 2, generator)
        return Polygon(((0, 0), (1, 0), (1, y), (x, y), (x, 1), (0, 1)), BOUNDARY)


@dataclass(frozen=True)
class UShapes(CutSquares):
    """The unit square with a notch from above, of random place, width and depth.

    Args:
        width: Bounds of the width of the notch.
        depth: Bounds of its depth.
        wall: Least width of what remains beside it.

    Raises:
        ValueError: The widest notch leaves no wall, or the deepest no floor.
    """

    width: tuple[float, float] = (0.2, 0.5)
    depth: tuple[float, float] = (0.3, 0.8)
    wall: float = 0.15

    def __post_init__(self) -> None:
        if self.width[1] + 2 * self.wall > 1 or self.depth[1] >= 1:
            raise ValueError(
                f"a notch of width {self.width[1]:g} and depth {self.depth[1]:g} does not fit into "
                f"the unit square with walls of {self.wall:g}"
            )

    def sample(self, *, generator: torch.Generator) -> Region:
        width, depth, place = between(0.0, 1.0, 3, generator)
        width = self.width[0] + (self.width[1] - self.width[0]) * width
        floor = 1 - self.depth[0] - (self.depth[1] - self.depth[0]) * depth
        left = self.wall + (1 - 2 * self.wall - width) * place
        right = left + width
        notch = ((right, 1), (right, floor), (left, floor), (left, 1))
        return Polygon(((0, 0), (1, 0), (1, 1), *notch, (0, 1)), BOUNDARY)


@dataclass(frozen=True)
class CutCorners(CutSquares):
    """The unit square without rectangles of random sides at some of its corners.

    Args:
        fewest, most: Bounds of the number of corners that are cut; which ones is random.
        least, longest: Bounds of the sides of the rectangles.

    Raises:
        ValueError: Numbers or sides out of range.

    Reference:
        Wang et al., ICLR 2024, arXiv:2401.09323 (BENO): squares with 0 to 4 cut corners.
    """

    fewest: int = 0
    most: int = 4
    least: float = 0.1
    longest: float = 0.4

    def __post_init__(self) -> None:
        if not (0 <= self.fewest <= self.most <= 4 and 0 < self.least <= self.longest < 0.5):
            raise ValueError(
                "0 to 4 corners are cut, by rectangles with sides below 1/2, got "
                f"{self.fewest} to {self.most} of {self.least:g} to {self.longest:g}"
            )

    def sample(self, *, generator: torch.Generator) -> Region:
        count = int(torch.randint(self.fewest, self.most + 1, (), generator=generator))
        cut = torch.randperm(4, generator=generator)[:count].tolist()
        sides = between(self.least, self.longest, 8, generator)
        vertices: list[tuple[float, float]] = []
        for number, (x, y) in enumerate(((0, 0), (1, 0), (1, 1), (0, 1))):
            if number not in cut:
                vertices.append((x, y))
                continue
            inner_x, inner_y = abs(x - sides[2 * number]), abs(y - sides[2 * number + 1])
            on_sides = (x, inner_y), (inner_x, inner_y), (inner_x, y)
            vertices += on_sides if x == y else on_sides[::-1]
        return Polygon(tuple(vertices), BOUNDARY)
