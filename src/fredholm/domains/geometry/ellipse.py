"""Ellipses with axes along the coordinates."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains.geometry.region import Boundary, Bounds, Region, check_name
from fredholm.domains.geometry.sampling import Method, fill_cube

_ARCS = 4096
_STEPS = 20


@dataclass(frozen=True)
class Ellipse(Region):
    """The points where ((x - x₀)/a)² + ((y - y₀)/b)² < 1; its boundary is one part.

    With w = 1 - ((x - x₀)/a)² - ((y - y₀)/b)² and L = min(a, b), the smooth distance is
    L w / √(w² + L² |∇w|²).

    Args:
        centre: (x₀, y₀).
        radii: Half-axes (a, b), positive.
        name: Name of the boundary.

    Raises:
        ValueError: Not two numbers each, or half-axes that are not positive.

    Reference:
        Rvachev & Sheiko, Appl. Mech. Rev. 48, 1995 (normalised functions).
    """

    centre: tuple[float, float]
    radii: tuple[float, float]
    name: str = "ellipse"

    def __post_init__(self) -> None:
        check_name(self.name)
        object.__setattr__(self, "centre", _pair(self.centre, "centre"))
        object.__setattr__(self, "radii", _pair(self.radii, "radii"))
        if min(self.radii) <= 0:
            raise ValueError(f"the half-axes of an ellipse are positive, got {self.radii}")

    @property
    def bounds(self) -> Bounds:  # type: ignore[override]
        return tuple((c - r, c + r) for c, r in zip(self.centre, self.radii))

    @property
    def parts(self) -> tuple[str, ...]:  # type: ignore[override]
        return (self.name,)

    @cached_property
    def _shape(self) -> Float[Tensor, "2 2"]:
        """Centre and half-axes."""
        return torch.tensor((self.centre, self.radii), dtype=torch.float64)

    @property
    def measure(self) -> float:
        return math.pi * self.radii[0] * self.radii[1]

    def measure_of(self, part: str) -> float:
        self._require(part=part)
        return float(self._arcs[-1])

    @cached_property
    def _arcs(self) -> Float[Tensor, "arcs"]:
        """Lengths of the boundary from angle zero to the end of each of equal steps in angle."""
        angle = (torch.arange(_ARCS, dtype=torch.float64) + 0.5) * (2 * math.pi / _ARCS)
        a, b = self.radii
        speed = torch.hypot(a * angle.sin(), b * angle.cos())
        return (speed * (2 * math.pi / _ARCS)).cumsum(0)

    def signed_distance(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        self._require(points)
        centre, radii = self._shape.to(points)
        offset = points - centre
        with torch.no_grad():
            nearest = _nearest(offset.abs(), radii) * torch.where(offset < 0, -1.0, 1.0)
            normals = torch.nn.functional.normalize(nearest / radii**2, dim=-1)
        # The nearest point moves along the boundary, so that the slope is the normal alone.
        return ((offset - nearest) * normals).sum(-1)

    def level(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        self._require(points)
        centre, radii = self._shape.to(points)
        offset = (points - centre) / radii
        w, length = 1 - (offset**2).sum(-1), min(self.radii)
        slope = 4 * ((offset / radii) ** 2).sum(-1)
        return length * w / torch.sqrt(w**2 + length**2 * slope)

    def distance_everywhere(
        self, points: Float[Tensor, "*n dim"], part: str, *, outside: bool = False
    ) -> Float[Tensor, "*n"]:
        self._require(part=part)
        return -self.level(points) if outside else self.level(points)

    def boundary(
        self, n: int, *, part: str, generator: torch.Generator, method: Method = "sobol"
    ) -> Boundary:
        self._require(part=part)
        at = fill_cube(n, 1, generator=generator, method=method)[:, 0] * self._arcs[-1]
        step = torch.searchsorted(self._arcs[:-1], at)
        pieces = self._arcs.diff(prepend=self._arcs.new_zeros(1))
        share = 1 - (self._arcs[step] - at) / pieces[step]
        angle = (step + share) * (2 * math.pi / _ARCS)
        circle = torch.stack([angle.cos(), angle.sin()], dim=-1)
        centre, radii = self._shape
        return Boundary(
            centre + radii * circle, torch.nn.functional.normalize(circle / radii, dim=-1)
        )


def _nearest(offset: Float[Tensor, "*n 2"], radii: Float[Tensor, "2"]) -> Float[Tensor, "*n 2"]:
    """The nearest points of the ellipse in the first quadrant.

    They are rᵢ² pᵢ/(s + gᵢ) with gᵢ = rᵢ² - min rⱼ², where s > 0 is the root of the convex function
    Σ (rᵢ pᵢ/(s + gᵢ))² - 1: Newton's method rises to it, from where the larger term is one.
    """
    # On an axis, as good as next to it: there the root is a limit.
    offset = torch.maximum(offset, torch.finfo(offset.dtype).eps * radii)
    scaled, gaps = radii * offset, radii**2 - (radii**2).min()
    root = (scaled - gaps).amax(-1, keepdim=True)
    for _ in range(_STEPS):
        terms = (scaled / (root + gaps)) ** 2
        slope = 2 * (terms / (root + gaps)).sum(-1, keepdim=True)
        root = root + (terms.sum(-1, keepdim=True) - 1) / slope
    return radii * scaled / (root + gaps)


def _pair(numbers: Sequence[float], what: str) -> tuple[float, float]:
    values = tuple(map(float, numbers))
    if len(values) != 2 or not all(map(math.isfinite, values)):
        raise ValueError(f"the {what} of an ellipse is two finite numbers, got {tuple(numbers)}")
    return values
