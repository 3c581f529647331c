"""Bodies inside a box on which the solution is prescribed, without a mesh that fits them."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fredholm.domains import Grid
from fredholm.fields import Field
from fredholm.solvers.finite_volume import Balance
from fredholm.solvers.stencil import Stencil


@dataclass(frozen=True, eq=False)
class Obstacle:
    """A body on which u has a given value.

    Args:
        level: Negative inside the body and positive outside, with a slope at its surface: a signed
            distance, for instance. One channel, on the grid of the coefficient.
        value: Value of u on the surface and, in the answer, inside.
    """

    level: Field
    value: float = 0.0

    def at(self, grid: Grid) -> "Obstacle":
        """The body on another grid."""
        return replace(self, level=self.level.at(grid))


def immerse(balance: Balance, obstacle: Obstacle) -> Balance:
    """Cuts the connections that cross the surface and ties them to its value instead.

    A cut connection of length h ends on the surface at θ h, θ = φᵢ/(φᵢ - φⱼ) with the level φ, and
    so has 1/θ times the conductance. The matrix stays symmetric and the solution second order.

    Reference:
        Gibou, Fedkiw, Cheng and Kang, J. Comput. Phys. 176, 2002, section 3.
    """
    stencil = balance.stencil
    inside = tuple(line.unknown for line in balance.lines)
    level = obstacle.level.values[..., 0].to(torch.float64).movedim(0, -1)[inside]
    solid = (level <= 0).to(torch.float64)
    mass, faces = stencil.mass, []
    sides = balance.sides
    for axis, conductance in enumerate(stencil.faces):
        kept, before, after = _cut(conductance, level, axis, stencil.periodic[axis])
        faces.append(kept)
        mass = mass + before + after
        sides = sides + (before + after) * obstacle.value
    # Unknowns inside the body are solved along, each tied to the value by a typical strength.
    tie = stencil.faces[0].mean()
    mass = torch.where(solid > 0, tie, mass)
    sides = torch.where(solid > 0, tie * obstacle.value, sides)
    immersed = Stencil(tuple(faces), mass, stencil.periodic)
    return replace(balance, stencil=immersed, sides=sides)


def _cut(faces: Tensor, level: Tensor, axis: int, periodic: bool) -> tuple[Tensor, Tensor, Tensor]:
    """The faces left open, and for each unknown what its two faces tie to the surface."""
    n = level.shape[axis]
    first, last = level.narrow(axis, 0, 1), level.narrow(axis, n - 1, 1)
    # Beyond the ends: the neighbour around, or the wall, which no body is behind.
    left = torch.cat([last if periodic else first, level], axis)
    right = torch.cat([level, first if periodic else last], axis)
    open_faces = torch.where((left > 0) & (right > 0), faces, 0.0)
    # A surface closer than a thousandth of h is taken to be there: bounded conductances.
    toward_right = (left / (left - right)).clamp(min=1e-3)
    toward_left = (right / (right - left)).clamp(min=1e-3)
    ties_of_left = torch.where((left > 0) & (right <= 0), faces / toward_right, 0.0)
    ties_of_right = torch.where((right > 0) & (left <= 0), faces / toward_left, 0.0)
    return open_faces, ties_of_right.narrow(axis, 0, n), ties_of_left.narrow(axis, 1, n)
