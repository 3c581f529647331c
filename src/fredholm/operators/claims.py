"""What an operator promises, as numbers that a test can refute.

A claim holds for any weights: it is a property of the architecture. `defect` measures by how much
a given operator breaks it on given functions, relative to the size of the output, and `bound` says
how much may be left (rounding, aliasing of the activation).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from fredholm.fields import Field, difference, norm

if TYPE_CHECKING:
    from fredholm.operators.operator import Operator


@dataclass(frozen=True)
class Claim(ABC):
    """A promise about every operator of a class.

    Args:
        bound: Largest relative defect that is accepted, in float64.
    """

    bound: float = 1e-10

    @abstractmethod
    def defect(self, operator: "Operator", u: Field) -> float:
        """Relative L2 size of the violation on the functions `u`."""


def distance(found: Field, expected: Field) -> float:
    """‖found - expected‖ / ‖expected‖ over the whole batch."""
    gap, size = norm(difference(found, expected)), norm(expected)
    return float(gap.square().sum().sqrt() / size.square().sum().sqrt().clamp(min=1e-300))


@dataclass(frozen=True)
class AnyResolution(Claim):
    """Refining the input's grid changes the output by no more than the aliasing of activations.

    The functions must be resolved by their grid; the bound is for a batch of band-limited ones.

    Args:
        factor: How much finer the second grid is.
    """

    bound: float = 1e-3
    factor: int = 2

    def defect(self, operator: "Operator", u: Field) -> float:
        sizes = [
            axis.size * self.factor - (axis.location == "node" and not axis.periodic)
            for axis in u.grid.axes
        ]
        fine = u.at(u.grid.resized(sizes))
        return distance(operator(u), operator(fine).at(u.grid))


@dataclass(frozen=True)
class ShiftEquivariant(Claim):
    """On a periodic grid, shifting the input shifts the output."""

    def defect(self, operator: "Operator", u: Field) -> float:
        axes = tuple(range(1, 1 + u.grid.dim))
        by = tuple(axis.size // 3 for axis in u.grid.axes)
        shifted = operator(u.with_values(torch.roll(u.values, by, axes)))
        image = operator(u)
        return distance(shifted, image.with_values(torch.roll(image.values, by, axes)))


@dataclass(frozen=True)
class Linear(Claim):
    """G(αu + βv) = αG(u) + βG(v)."""

    def defect(self, operator: "Operator", u: Field) -> float:
        v = u.with_values(u.values.flip(0) ** 2)
        mixed = operator(u.with_values(0.7 * u.values - 1.3 * v.values))
        expected = 0.7 * operator(u).values - 1.3 * operator(v).values
        return distance(mixed, mixed.with_values(expected))


@dataclass(frozen=True)
class ZeroOnBoundary(Claim):
    """The output vanishes on every sampled point of the boundary of a box."""

    def defect(self, operator: "Operator", u: Field) -> float:
        image = operator(u)
        worst = 0.0
        for number, axis in enumerate(image.grid.axes, start=1):
            sides = {"node": (0, axis.size - 1), "left": (0,), "cell": ()}[axis.location]
            for side in () if axis.periodic else sides:
                worst = max(worst, float(image.values.select(number, side).abs().max()))
        return worst / float(norm(image, p=float("inf")).max().clamp(min=1e-300))
