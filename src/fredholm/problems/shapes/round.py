"""Shapes with smooth boundaries: stars, and squares with holes."""

import math
import operator
from dataclasses import dataclass
from functools import reduce

import torch

from fredholm.domains import Ball, Box, Disk, Region
from fredholm.problems.shapes.prior import (
    BOUNDARY,
    SIDES,
    UNIT_SQUARE,
    Bounds,
    ShapePrior,
    around,
    between,
    waves,
)


@dataclass(frozen=True)
class StarShapes(ShapePrior):
    """r(θ) = r₀ (1 + A tanh g(θ)), g = Σₖ cₖ (aₖ cos kθ + bₖ sin kθ), k = 2, ..., modes.

    aₖ and bₖ are standard normal, cₖ is proportional to k^-decay, and g has variance one: the
    radius keeps between r₀ (1 - A) and r₀ (1 + A). The mode k = 1, nearly a shift, is left out.

    Args:
        radius: Mean radius r₀.
        amplitude: A, below one.
        modes: Highest mode, at least 2.
        decay: Power by which the modes decrease.
        vertices: Corners of the polygon.
        centre: Where θ is measured.
        name: Name of the boundary.

    Raises:
        ValueError: A number out of range.
    """

    radius: float = 0.33
    amplitude: float = 0.45
    modes: int = 6
    decay: float = 1.0
    vertices: int = 48
    centre: tuple[float, float] = (0.5, 0.5)
    name: str = BOUNDARY

    def __post_init__(self) -> None:
        if not (self.radius > 0 and 0 <= self.amplitude < 1 and self.modes >= 2):
            raise ValueError(
                "star shapes have a positive radius, an amplitude in [0, 1) and modes from 2 on, "
                f"got radius={self.radius:g}, amplitude={self.amplitude:g}, modes={self.modes}"
            )

    @property
    def bounds(self) -> Bounds:
        reach = self.radius * (1 + self.amplitude)
        return tuple((c - reach, c + reach) for c in self.centre)

    @property
    def parts(self) -> tuple[str, ...]:
        return (self.name,)

    def sample(self, *, generator: torch.Generator) -> Region:
        k = torch.arange(2, self.modes + 1, dtype=torch.float64)
        g = waves(k, k**-self.decay, self.vertices, generator)
        return around(self.centre, self.radius * (1 + self.amplitude * g.tanh()), self.name)


@dataclass(frozen=True)
class PlateWithHole(ShapePrior):
    """The unit cell [0, 1]² with a hole about its middle, of radius least < r(θ) < most.

    r = least + (most - least)/(1 + exp(-g)) with g(θ) Gaussian and periodic, of mean zero and
    covariance proportional to (-d²/dθ² + tau²)^-alpha. The parts are `left`, `right`, `bottom`,
    `top` and `hole`.

    Args:
        least, most: Bounds of the radius.
        spread: Standard deviation of g.
        alpha, tau: Smoothness and inverse correlation angle of g.
        modes: Highest mode of g.
        vertices: Corners of the polygon that the hole is.

    Raises:
        ValueError: Radii that are not in this order or do not fit into the cell.

    Reference:
        Li et al., JMLR 2023, arXiv:2207.05209, section 4.2: radii 0.2 to 0.4, alpha = 1, tau = 3
        and the spread 1.63. Departs from it: alpha = 2, so that the hole has a tangent and the
        stress on it a limit.
    """

    least: float = 0.2
    most: float = 0.4
    spread: float = 1.63
    alpha: float = 2.0
    tau: float = 3.0
    modes: int = 16
    vertices: int = 64

    def __post_init__(self) -> None:
        if not 0 < self.least < self.most < 0.5:
            raise ValueError(
                "the hole in the unit cell needs 0 < least < most < 1/2, got "
                f"{self.least:g} and {self.most:g}"
            )

    @property
    def bounds(self) -> Bounds:
        return UNIT_SQUARE

    @property
    def parts(self) -> tuple[str, ...]:
        return (*SIDES, "hole")

    def sample(self, *, generator: torch.Generator) -> Region:
        k = torch.arange(self.modes + 1, dtype=torch.float64)
        scales = (k**2 + self.tau**2) ** (-self.alpha / 2)
        g = self.spread * waves(k, scales, self.vertices, generator)
        radii = self.least + (self.most - self.least) * torch.sigmoid(g)
        return Box(self.bounds) - around((0.5, 0.5), radii, "hole")


@dataclass(frozen=True)
class SquareWithHoles(ShapePrior):
    """The unit square without round holes of random sizes and places.

    The parts are the sides `left`, `right`, `bottom`, `top` and the circles `hole1`, `hole2`, ...
    A hole that does not fit beside those before it is drawn again.

    Args:
        holes: Number of holes.
        least, most: Bounds of their radii.
        gap: Least distance between holes, and between holes and sides.

    Raises:
        ValueError: So many holes of such sizes do not fit for certain.
    """

    holes: int = 2
    least: float = 0.08
    most: float = 0.16
    gap: float = 0.08

    def __post_init__(self) -> None:
        # A disk keeps the centres of small ones out of a disk of radius most + least + gap.
        room = (1 - 2 * self.gap - 2 * self.least) ** 2
        taken = (self.holes - 1) * math.pi * (self.most + self.least + self.gap) ** 2
        if not (self.holes >= 1 and 0 < self.least <= self.most and taken < room):
            raise ValueError(
                f"{self.holes} holes with radii {self.least:g} to {self.most:g} and gaps of "
                f"{self.gap:g} need not fit into the unit square: take fewer or smaller ones"
            )

    @property
    def bounds(self) -> Bounds:
        return UNIT_SQUARE

    @property
    def parts(self) -> tuple[str, ...]:
        return (*SIDES, *(f"hole{i + 1}" for i in range(self.holes)))

    def sample(self, *, generator: torch.Generator) -> Region:
        disks: list[Ball] = []
        while len(disks) < self.holes:
            (radius,) = between(self.least, self.most, 1, generator)
            x, y = between(self.gap + radius, 1 - self.gap - radius, 2, generator)
            if all(math.dist(d.centre, (x, y)) > d.radius + radius + self.gap for d in disks):
                disks.append(Disk((x, y), radius, name=f"hole{len(disks) + 1}"))
        return reduce(operator.sub, disks, Box(self.bounds))
