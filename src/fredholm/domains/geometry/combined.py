"""Unions, intersections and differences of regions."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fredholm.domains.geometry.region import Boundary, Bounds, Region
from fredholm.domains.geometry.sampling import Method, reject
from fredholm.domains.geometry.smooth import both, either, trimmed

# Fractions of the size: how far beside the boundary one looks, and what counts as the same place.
_STEP = 1e-6
_SAME = 1e-9
# Points by which parts are found and measures are estimated, and numbers that they may hold.
_PROBES = 2**10
_POINTS = 2**14
_MOST = 2**24


@dataclass(frozen=True)
class Pair(Region):
    """A region made of two; the base of the three ways to do so.

    Its measure, and those of its parts, are estimated with 16384 points of the smaller region
    each: they are exact where one lies wholly inside or outside the other, and otherwise have
    errors of the order of 0.1 %. A part of which less than about 0.1 % is left may be overlooked.

    Args:
        first, second: The two regions.

    Raises:
        ValueError: Other dimensions, parts of the same name, nothing left, one of them adds no part
            to the boundary, or both lie on the same side of a piece of boundary that they share.
    """

    first: Region
    second: Region

    def __post_init__(self) -> None:
        if self.first.dim != self.second.dim:
            raise ValueError(
                f"regions are combined in one dimension, got {self.first.dim} and {self.second.dim}"
            )
        twice = [name for name in self.first.parts if name in self.second.parts]
        if twice:
            raise ValueError(
                f"both regions have a part {twice[0]!r}: give one of them another name=..., such "
                "as Disk(centre, radius, name='hole')"
            )
        if any(start >= stop for start, stop in self.bounds) or not self.parts:
            raise ValueError(f"the {self._word} of the regions is empty")
        for region in (self.first, self.second):
            if not any(part in region.parts for part in self.parts):
                raise ValueError(
                    f"{_named(region)} adds no part to the boundary of the {self._word}: it lies "
                    "outside the other region, or covers it, or is covered; leave it out or move it"
                )
        self._check_shared()

    def _check_shared(self) -> None:
        """Refuses boundaries that run together, where it would be open whose part a piece is."""
        for part in self.second.parts:
            rows = self._drawn(part, _fixed(), "sobol")(self._affordable(_PROBES))
            rows = rows[self._kept(part, rows)]
            gaps = self.first.signed_distance(rows[:, : self.dim]).abs()
            if bool((gaps < _SAME * self.size).any()):
                raise ValueError(
                    f"{part!r} runs along the boundary of the other region, on the same side: let "
                    "the regions touch instead of overlap there, or state the shape by a Polygon"
                )

    @property
    def _word(self) -> str:
        return type(self).__name__.lower()

    @cached_property
    def parts(self) -> tuple[str, ...]:  # type: ignore[override]
        names = (*self.first.parts, *self.second.parts)
        return tuple(name for name in names if self._share(name, _PROBES) > 0)

    @abstractmethod
    def _role(self, part: str) -> tuple[Region, Region, bool, bool]:
        """The region that has the part, the other one, and two answers.

        Whether the part is what the other region encloses rather than what it leaves free, and
        whether its region is taken away, so that inside and outside of it change places.
        """

    def _owners(self, part: str) -> tuple[Region, Region]:
        if part in self.first.parts:
            return self.first, self.second
        return self.second, self.first

    def _affordable(self, points: int) -> int:
        """Fewer points where they have very many coordinates."""
        return min(points, max(1, _MOST // self.dim))

    @cached_property
    def _overlap(self) -> float:
        """Measure of the intersection of the two."""
        small, large = sorted((self.first, self.second), key=lambda region: region.measure)
        points = small.sample(self._affordable(_POINTS), generator=_fixed())
        return small.measure * float(large.inside(points).double().mean())

    def measure_of(self, part: str) -> float:
        self._require(part=part)
        return self._role(part)[0].measure_of(part) * self._share(part, _POINTS)

    def _share(self, part: str, points: int) -> float:
        """The fraction of a region's part that is a part of this boundary."""
        rows = self._drawn(part, _fixed(), "sobol")(self._affordable(points))
        return float(self._kept(part, rows).double().mean())

    def distance_everywhere(
        self, points: Float[Tensor, "*n dim"], part: str, *, outside: bool = False
    ) -> Float[Tensor, "*n"]:
        self._require(points, part)
        own, other, enclosed, taken = self._role(part)
        within = other.level(points) if enclosed else -other.level(points)
        whole = own.distance_everywhere(points, part, outside=outside != taken)
        return trimmed(whole, within, self.size)

    def boundary(
        self, n: int, *, part: str, generator: torch.Generator, method: Method = "sobol"
    ) -> Boundary:
        self._require(part=part)
        draw = self._drawn(part, generator, method)
        rows = reject(n, draw, lambda rows: self._kept(part, rows), f"the part {part!r}")
        return Boundary(*rows.chunk(2, dim=-1))

    def _drawn(self, part: str, generator: torch.Generator, method: Method):
        """Draws points and outward normals, side by side, of the part before it is cut."""
        own, _, _, taken = self._role(part)

        def draw(k: int) -> Float[Tensor, "k columns"]:
            points, normals = own.boundary(k, part=part, generator=generator, method=method)
            return torch.cat([points, -normals if taken else normals], dim=-1)

        return draw

    def _kept(self, part: str, rows: Float[Tensor, "k columns"]) -> Bool[Tensor, "k"]:
        """Whether the region lies on the inner side of these points, and on that side alone."""
        points, normals = rows.chunk(2, dim=-1)
        step = _STEP * self.size * normals
        return self.inside(points - step) & (self.signed_distance(points + step) > 0)


@dataclass(frozen=True)
class Union(Pair):
    """The points of one region or the other: `a | b`.

    Where the two only touch, the points of the face between them count as boundary in
    `signed_distance` and `level`, though they belong to no part.
    """

    @cached_property
    def bounds(self) -> Bounds:  # type: ignore[override]
        pairs = zip(self.first.bounds, self.second.bounds)
        return tuple((min(a[0], b[0]), max(a[1], b[1])) for a, b in pairs)

    @property
    def measure(self) -> float:
        return self.first.measure + self.second.measure - self._overlap

    def _role(self, part: str) -> tuple[Region, Region, bool, bool]:
        return *self._owners(part), False, False

    def signed_distance(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        return torch.minimum(
            self.first.signed_distance(points), self.second.signed_distance(points)
        )

    def level(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        return either(self.first.level(points), self.second.level(points))


@dataclass(frozen=True)
class Intersection(Pair):
    """The points that both regions have: `a & b`."""

    @cached_property
    def bounds(self) -> Bounds:  # type: ignore[override]
        pairs = zip(self.first.bounds, self.second.bounds)
        return tuple((max(a[0], b[0]), min(a[1], b[1])) for a, b in pairs)

    @property
    def measure(self) -> float:
        return self._overlap

    def _role(self, part: str) -> tuple[Region, Region, bool, bool]:
        return *self._owners(part), True, False

    def signed_distance(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        return torch.maximum(
            self.first.signed_distance(points), self.second.signed_distance(points)
        )

    def level(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        return both(self.first.level(points), self.second.level(points))

    def distance(self, points: Float[Tensor, "*n dim"], part: str) -> Float[Tensor, "*n"]:
        # All points lie in the region that has the part, so that nothing has to be cut.
        self._require(points, part)
        return self._owners(part)[0].distance(points, part)

    def sample(
        self, n: int, *, generator: torch.Generator, method: Method = "sobol"
    ) -> Float[Tensor, "n dim"]:
        small = min(self.first, self.second, key=lambda region: region.measure)

        def draw(k: int) -> Tensor:
            return small.sample(k, generator=generator, method=method)

        return reject(n, draw, self.inside, "the intersection")


@dataclass(frozen=True)
class Difference(Pair):
    """The points of the first region that the second has not: `a - b`."""

    @property
    def bounds(self) -> Bounds:  # type: ignore[override]
        return self.first.bounds

    @property
    def measure(self) -> float:
        return self.first.measure - self._overlap

    def _role(self, part: str) -> tuple[Region, Region, bool, bool]:
        taken = part not in self.first.parts
        return *self._owners(part), taken, taken

    def signed_distance(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        return torch.maximum(
            self.first.signed_distance(points), -self.second.signed_distance(points)
        )

    def level(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        return both(self.first.level(points), -self.second.level(points))

    def distance(self, points: Float[Tensor, "*n dim"], part: str) -> Float[Tensor, "*n"]:
        # All points lie in the first region and outside the second: nothing has to be cut.
        self._require(points, part)
        if part in self.first.parts:
            return self.first.distance(points, part)
        return self.second.distance_everywhere(points, part, outside=True)

    def sample(
        self, n: int, *, generator: torch.Generator, method: Method = "sobol"
    ) -> Float[Tensor, "n dim"]:
        def draw(k: int) -> Tensor:
            return self.first.sample(k, generator=generator, method=method)

        return reject(n, draw, self.inside, "the difference")


def _named(region: Region) -> str:
    return f"the region with the parts {', '.join(region.parts[:6])}"


def _fixed() -> torch.Generator:
    """The source of what is drawn to look at a region, which is then the same every time."""
    return torch.Generator().manual_seed(0)
