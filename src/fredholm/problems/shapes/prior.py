"""What varies where shapes vary: a probability measure on regions."""

import math
from abc import ABC, abstractmethod
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calls import describe
from fredholm.domains import Polygon, Region

Bounds = tuple[tuple[float, float], ...]
BOUNDARY = "boundary"
"""Name of the boundary of shapes whose boundary is one part."""
UNIT_SQUARE = ((0.0, 1.0), (0.0, 1.0))
SIDES = ("left", "right", "bottom", "top")


class ShapePrior(ABC):
    """A random region.

    Subclasses are frozen dataclasses: their fields are the whole description. A draw does not
    depend on the mesh that is made of it. Curved boundaries are polygons of many edges, so that
    meshes of all sizes fill the same region.
    """

    @property
    @abstractmethod
    def bounds(self) -> Bounds:
        """A box that holds all draws."""

    @property
    @abstractmethod
    def parts(self) -> tuple[str, ...]:
        """Names of the parts of the boundary, which all draws have."""

    @abstractmethod
    def sample(self, *, generator: torch.Generator) -> Region:
        """One draw.

        Args:
            generator: Source of randomness; the same state gives the same region.
        """

    def describe(self) -> dict[str, Any]:
        """The prior as JSON, from which `fredholm.calls.rebuild` makes it again."""
        return describe(self)


def between(low: float, high: float, count: int, generator: torch.Generator) -> list[float]:
    """Independent uniform numbers."""
    share = torch.rand(count, generator=generator, dtype=torch.float64)
    return (low + (high - low) * share).tolist()


def angles(count: int) -> Float[Tensor, "count"]:
    """Equal steps around the circle, from zero on."""
    return 2 * math.pi * torch.arange(count, dtype=torch.float64) / count


def waves(
    k: Float[Tensor, "modes"],
    scales: Float[Tensor, "modes"],
    count: int,
    generator: torch.Generator,
) -> Float[Tensor, "count"]:
    """A Gaussian periodic function of variance one with these modes, at equal angles."""
    scales = scales / scales.square().sum().sqrt()
    cosine, sine = torch.randn(2, len(k), generator=generator, dtype=torch.float64) * scales
    phase = k * angles(count)[:, None]
    return phase.cos() @ cosine + phase.sin() @ sine


def around(centre: tuple[float, float], radii: Float[Tensor, "n"], name: str) -> Polygon:
    """The polygon with corners at these distances from the centre, in equal steps of the angle."""
    theta = angles(len(radii))
    circle = torch.stack([theta.cos(), theta.sin()], dim=-1)
    corners = torch.tensor(centre, dtype=torch.float64) + radii[:, None] * circle
    return Polygon(tuple((x, y) for x, y in corners.tolist()), name)
