"""Balls in any dimension: disks, spheres."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains.geometry.region import Boundary, Bounds, Region, check_name
from fredholm.domains.geometry.sampling import Method, fill_cube, normal_quantiles


@dataclass(frozen=True)
class Ball(Region):
    """The points nearer to the centre c than the radius r; its boundary is one part.

    The smooth distance is (r² - |x - c|²)/(2 r) inside. Outside it is the true one, |x - c| - r,
    which has no kink there, and grows as slowly as a distance does: in a square with four holes the
    same network met Laplace's equation ten times better than with the negative of the other.

    Args:
        centre: Coordinates of c.
        radius: r, positive.
        name: Name of the boundary.

    Raises:
        ValueError: A radius that is not positive, numbers that are not finite, or no coordinate.
    """

    centre: tuple[float, ...]
    radius: float
    name: str = "ball"

    def __post_init__(self) -> None:
        check_name(self.name)
        object.__setattr__(self, "centre", tuple(map(float, self.centre)))
        object.__setattr__(self, "radius", float(self.radius))
        if not self.centre or not all(map(math.isfinite, self.centre)):
            raise ValueError(f"the centre of a ball has finite coordinates, got {self.centre}")
        if not 0 < self.radius < math.inf:
            raise ValueError(f"the radius of a ball is positive, got {self.radius}")

    @cached_property
    def bounds(self) -> Bounds:  # type: ignore[override]
        return tuple((c - self.radius, c + self.radius) for c in self.centre)

    @property
    def parts(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.name,)

    @cached_property
    def _centre(self) -> Float[Tensor, "dim"]:
        return torch.tensor(self.centre, dtype=torch.float64)

    @property
    def measure(self) -> float:
        """π^(d/2) r^d / Γ(d/2 + 1)."""
        d = self.dim
        log = d / 2 * math.log(math.pi) - math.lgamma(d / 2 + 1) + d * math.log(self.radius)
        return math.exp(log) if log < math.log(torch.finfo(torch.float64).max) else math.inf

    def measure_of(self, part: str) -> float:
        self._require(part=part)
        return self.measure * self.dim / self.radius

    def signed_distance(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        self._require(points)
        return torch.linalg.vector_norm(points - self._centre.to(points), dim=-1) - self.radius

    def level(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        self._require(points)
        square = ((points - self._centre.to(points)) ** 2).sum(dim=-1)
        return (self.radius**2 - square) / (2 * self.radius)

    def distance_everywhere(
        self, points: Float[Tensor, "*n dim"], part: str, *, outside: bool = False
    ) -> Float[Tensor, "*n"]:
        self._require(part=part)
        return self.signed_distance(points) if outside else self.level(points)

    def distance_laplacian(self, points: Float[Tensor, "*n dim"], part: str) -> Float[Tensor, "*n"]:
        self._require(points, part)
        return torch.full_like(points[..., 0], -self.dim / self.radius)

    def sample(
        self, n: int, *, generator: torch.Generator, method: Method = "sobol"
    ) -> Float[Tensor, "n dim"]:
        if method == "radii":
            cube = fill_cube(n, self.dim + 1, generator=generator, method="uniform")
            return self._centre + self.radius * cube[:, :1] * _directions(cube[:, 1:])
        if self.dim <= 3:
            return super().sample(n, generator=generator, method=method)
        # A ball of many dimensions is a vanishing part of its box: direction times radius.
        cube = fill_cube(n, self.dim + 1, generator=generator, method=method)
        radii = self.radius * cube[:, :1] ** (1 / self.dim)
        return self._centre + radii * _directions(cube[:, 1:])

    def boundary(
        self, n: int, *, part: str, generator: torch.Generator, method: Method = "sobol"
    ) -> Boundary:
        self._require(part=part)
        method = "uniform" if method == "radii" else method
        if self.dim == 2:
            angle = 2 * math.pi * fill_cube(n, 1, generator=generator, method=method)
            normals = torch.cat([angle.cos(), angle.sin()], dim=-1)
        else:
            normals = _directions(fill_cube(n, self.dim, generator=generator, method=method))
        return Boundary(self._centre + self.radius * normals, normals)


def _directions(cube: Float[Tensor, "n dim"]) -> Float[Tensor, "n dim"]:
    """Uniform unit vectors from points of the cube."""
    return torch.nn.functional.normalize(normal_quantiles(cube), dim=-1)


def Disk(centre: Sequence[float], radius: float, *, name: str = "disk") -> Ball:
    """The ball in the plane, whose boundary is a circle.

    Raises:
        ValueError: A centre that has not two coordinates, or a radius that is not positive.
    """
    if len(centre) != 2:
        raise ValueError(f"the centre of a disk has two coordinates, got {tuple(centre)}")
    return Ball(tuple(centre), radius, name)
