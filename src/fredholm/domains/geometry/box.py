"""Boxes in any dimension: intervals, rectangles, cuboids."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains.geometry.region import Boundary, Bounds, Region, check_name
from fredholm.domains.geometry.sampling import Method, fill_cube
from fredholm.domains.geometry.smooth import NEAR, both, joined, trimmed

_SIDES = (("left", "right"), ("bottom", "top"), ("back", "front"))


@dataclass(frozen=True)
class Box(Region):
    """The product of intervals.

    Its parts are the sides: `left`, `right`, `bottom`, `top`, `back`, `front` in up to three
    dimensions, `x0-`, `x0+`, `x1-`, ... beyond. In the box the distance from a side is that from
    its whole plane, exact and smooth; where the box is combined with others it is cut to the side.

    Args:
        bounds: (start, stop) of each coordinate.
        name: Makes the whole boundary one part of that name, as an obstacle needs it. The distance
            from it joins all sides; in many dimensions that is a small number everywhere.

    Raises:
        ValueError: No interval, one that is empty or not finite, or a name that cannot be used.
    """

    bounds: Bounds
    name: str = ""

    def __post_init__(self) -> None:
        pairs = tuple((float(start), float(stop)) for start, stop in self.bounds)
        wrong = [p for p in pairs if not (p[0] < p[1] and all(map(math.isfinite, p)))]
        if wrong or not pairs:
            raise ValueError(f"a box needs start < stop along each axis, got {wrong or 'no axis'}")
        if self.name:
            check_name(self.name)
        object.__setattr__(self, "bounds", pairs)

    @classmethod
    def cube(cls, dim: int, start: float = 0.0, stop: float = 1.0, *, name: str = "") -> Self:
        """The cube [start, stop]^dim."""
        return cls(((start, stop),) * dim, name)

    @cached_property
    def parts(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.name,) if self.name else self._sides

    @cached_property
    def _sides(self) -> tuple[str, ...]:
        """Names of the sides: side i bounds axis i // 2, below where i is even."""
        if self.dim <= len(_SIDES):
            return tuple(side for pair in _SIDES[: self.dim] for side in pair)
        return tuple(f"x{axis}{end}" for axis in range(self.dim) for end in "-+")

    @property
    def measure(self) -> float:
        return math.prod(stop - start for start, stop in self.bounds)

    def measure_of(self, part: str) -> float:
        self._require(part=part)
        return sum(self._area(side // 2) for side in self._numbers(part))

    def _area(self, axis: int) -> float:
        lengths = [stop - start for start, stop in self.bounds]
        return math.prod(lengths[:axis] + lengths[axis + 1 :])

    def _numbers(self, part: str) -> range:
        """The sides that a part consists of."""
        if self.name:
            return range(2 * self.dim)
        side = self.parts.index(part)
        return range(side, side + 1)

    def signed_distance(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        self._require(points)
        start, stop = self._corners.to(points)
        beyond = torch.maximum(start - points, points - stop)
        return torch.linalg.vector_norm(beyond.relu(), dim=-1) + beyond.amax(-1).clamp(max=0)

    def level(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        self._require(points)
        return reduce(both, self._bumps(points).unbind(-1))

    def _bumps(self, points: Tensor) -> Float[Tensor, "*n dim"]:
        """The level of each interval on its own: (x - a)(b - x)/(b - a)."""
        start, stop = self._corners.to(points)
        return (points - start) * (stop - points) / (stop - start)

    def _depths(self, points: Tensor) -> Float[Tensor, "*n sides"]:
        """Distances from the planes of all sides, positive inside."""
        start, stop = self._corners.to(points)
        return torch.stack([points - start, stop - points], dim=-1).flatten(-2)

    def distance(self, points: Float[Tensor, "*n dim"], part: str) -> Float[Tensor, "*n"]:
        self._require(points, part)
        if self.name:
            return joined(self._depths(points))
        return self._depth(points, self.parts.index(part))

    def _depth(self, points: Tensor, side: int) -> Float[Tensor, "*n"]:
        start, stop = self.bounds[side // 2]
        x = points[..., side // 2]
        return stop - x if side % 2 else x - start

    def distance_everywhere(
        self, points: Float[Tensor, "*n dim"], part: str, *, outside: bool = False
    ) -> Float[Tensor, "*n"]:
        self._require(points, part)
        sign = -1 if outside else 1
        bumps = self._bumps(points).unbind(-1)
        faces = [
            self._cut(sign * self._depth(points, side), bumps, side) for side in self._numbers(part)
        ]
        return joined(torch.stack(faces, dim=-1))

    def _cut(self, depth: Tensor, bumps: Sequence[Tensor], side: int) -> Float[Tensor, "*n"]:
        """The distance from a plane, cut to the side of the box that lies in it."""
        others = [*bumps[: side // 2], *bumps[side // 2 + 1 :]]
        if not others:
            return torch.where(depth > -NEAR * self.size, depth, -depth)
        return trimmed(depth, reduce(both, others), self.size)

    def sample(
        self, n: int, *, generator: torch.Generator, method: Method = "sobol"
    ) -> Float[Tensor, "n dim"]:
        return self._scaled(fill_cube(n, self.dim, generator=generator, method=method))

    def _scaled(self, cube: Tensor) -> Float[Tensor, "n dim"]:
        start, stop = self._corners
        return start + (stop - start) * cube

    def boundary(
        self, n: int, *, part: str, generator: torch.Generator, method: Method = "sobol"
    ) -> Boundary:
        self._require(part=part)
        cube = fill_cube(n, self.dim + 1, generator=generator, method=method)
        sides = self._choose(cube[:, 0], self._numbers(part))
        axes, ends = sides // 2, sides % 2
        points = self._scaled(cube[:, 1:])
        rows = torch.arange(n)
        points[rows, axes] = self._corners[ends, axes]
        normals = torch.zeros_like(points)
        normals[rows, axes] = (2 * ends - 1).double()
        return Boundary(points, normals)

    def _choose(self, at: Float[Tensor, "n"], sides: range) -> Tensor:
        """Sides with probabilities proportional to their areas, which are volume / length."""
        start, stop = self._corners
        shares = (1 / (stop - start)).repeat_interleave(2)[sides.start : sides.stop]
        steps = (shares / shares.sum()).cumsum(0)[:-1]
        return sides.start + torch.searchsorted(steps, at.contiguous())


def Interval(start: float = 0.0, stop: float = 1.0, *, name: str = "") -> Box:
    """The interval [start, stop], with the parts `left` and `right`.

    Raises:
        ValueError: The interval is empty or not finite.
    """
    return Box(((start, stop),), name)


def Rectangle(x: tuple[float, float], y: tuple[float, float], *, name: str = "") -> Box:
    """The rectangle [x₀, x₁] × [y₀, y₁], with the parts `left`, `right`, `bottom` and `top`.

    Raises:
        ValueError: A side is empty or not finite.
    """
    return Box((x, y), name)
