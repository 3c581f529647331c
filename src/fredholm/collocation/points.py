"""Where the terms of a statement are demanded: points in the interior and on its boundary."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.collocation.terms import GAUGE, INITIAL, INTERIOR
from fredholm.domains import Domain, Grid
from fredholm.domains.geometry import Box, Method, Region
from fredholm.fields import Field
from fredholm.problems import Problem

_ON_BOUNDARY = 1e-9
"""Points so close to a region, relative to its size, lie on its boundary and not outside."""


@dataclass(frozen=True, eq=False)
class Points:
    """Points over the coordinates of a problem, float64.

    Args:
        points: One column per coordinate, time last.
        normals: The outward unit normals, on a boundary.
    """

    points: Float[Tensor, "n d"]
    normals: Float[Tensor, "n dim"] | None = None

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, rows: Tensor) -> "Points":
        return Points(self.points[rows], None if self.normals is None else self.normals[rows])

    def and_also(self, other: "Points") -> "Points":
        """Both sets together."""
        if self.normals is None or other.normals is None:
            return Points(torch.cat([self.points, other.points]))
        normals = torch.cat([self.normals, other.normals])
        return Points(torch.cat([self.points, other.points]), normals)

    def to(self, like: Tensor) -> "Points":
        """The same points in the dtype and on the device of a tensor."""
        normals = None if self.normals is None else self.normals.to(like)
        return Points(self.points.to(like), normals)


def coordinates(problem: Problem) -> tuple[str, ...]:
    """Names of the columns of points: the coordinates of space, then time."""
    return problem.domain.names + ("t",) * (problem.time is not None)


def region_of(problem: Problem) -> Region:
    """The region in which the equations hold."""
    return Region.of_grid(problem.domain) if problem.region is None else problem.region


def points_of(problem: Problem, domain: Domain) -> Float[Tensor, "*points d"]:
    """The points of a domain with one column per coordinate of a problem, time last, float64.

    Raises:
        ValueError: It is a grid with other axes.
    """
    points, coords = domain.points(), coordinates(problem)
    if not isinstance(domain, Grid):
        return points
    if sorted(domain.names) != sorted(coords):
        raise ValueError(
            f"the solution depends on {', '.join(coords)}, got a grid over "
            f"{', '.join(domain.names)}"
        )
    return points[..., [domain.names.index(name) for name in coords]]


def inside(problem: Problem, u: Field) -> Field:
    """The same functions, without values (NaN) at points that lie outside the region."""
    if problem.region is None:
        return u
    space = points_of(problem, u.domain)[..., : problem.region.dim]
    size = max(stop - start for start, stop in problem.region.bounds)
    outside = problem.region.signed_distance(space) > _ON_BOUNDARY * size
    return u.with_values(u.values.masked_fill(outside[..., None], torch.nan))


class Places:
    """Draws points of the places where a problem demands something.

    Args:
        problem: The problem.
        method: How points are spread: by a scrambled Sobol sequence, or otherwise.
    """

    def __init__(self, problem: Problem, method: Method = "sobol") -> None:
        self.problem = problem
        self.method: Method = method
        self.region = region_of(problem)

    def draw(self, place: str, n: int, *, generator: torch.Generator) -> Points:
        """Points of the interior, of a part of the boundary, of the start, or of the gauge."""
        if place == INITIAL:
            return self._at_start(n, generator)
        if place == INTERIOR:
            return Points(self._inside(n, generator))
        if place.startswith(GAUGE):
            return self._gauge(place, n, generator)
        found = self.region.boundary(n, part=place, generator=generator, method=self.method)
        return Points(self._timed(found.points, generator), found.normals)

    def _inside(self, n: int, generator: torch.Generator) -> Tensor:
        time = self.problem.time
        if self.problem.lattice:
            return self._timed(self._sites(n, generator), generator)
        if time is None or not isinstance(self.region, Box):
            space = self.region.sample(n, generator=generator, method=self.method)
            return self._timed(space, generator)
        # One sequence over space and time: points spread evenly in both together.
        box = Box((*self.region.bounds, (time.start, time.stop)))
        return box.sample(n, generator=generator, method=self.method)

    def _at_start(self, n: int, generator: torch.Generator) -> Points:
        assert self.problem.time is not None
        if self.problem.lattice:
            space = self._sites(n, generator)
        else:
            space = self.region.sample(n, generator=generator, method=self.method)
        return Points(torch.cat([space, torch.full((n, 1), self.problem.time.start).to(space)], 1))

    def _sites(self, n: int, generator: torch.Generator) -> Tensor:
        """Points of a lattice: there are no others."""
        sites = self.problem.domain.points().reshape(-1, self.problem.domain.dim)
        return sites[torch.randint(len(sites), (n,), generator=generator)]

    def _gauge(self, place: str, n: int, generator: torch.Generator) -> Points:
        unknown = place.removeprefix(f"{GAUGE} ")
        point = torch.tensor([*self.problem.gauge[unknown]], dtype=torch.float64)
        count = n if self.problem.time is not None else 1
        return Points(self._timed(point.expand(count, -1), generator))

    def _timed(self, space: Tensor, generator: torch.Generator) -> Tensor:
        """Points of space with times behind them, evenly spread and in no order."""
        time = self.problem.time
        if time is None:
            return space
        n = len(space)
        jitter = torch.rand(n, generator=generator, dtype=torch.float64)
        shares = (torch.randperm(n, generator=generator) + jitter) / n
        return torch.cat([space, (time.start + time.length * shares)[:, None]], dim=1)
