"""Space-time over clouds and meshes."""

from dataclasses import dataclass
from typing import Any, Self

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains.axis import Axis
from fredholm.domains.domain import Domain
from fredholm.domains.points.stack import Stack
from fredholm.domains.points.unstructured import Unstructured


@dataclass(frozen=True)
class Cylinder(Domain):
    """The product of an axis of time with points of space, the time first.

    Args:
        time: The times.
        space: One cloud or mesh, or one for each function.

    Shapes:
        points() (*batch, times, points, 1 + dim), weights() (*batch, times, points).
    """

    time: Axis
    space: Unstructured | Stack

    @property
    def dim(self) -> int:
        return 1 + self.space.dim

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.time.size, *self.space.shape)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        return ("t", *self.space.names)

    def axis(self, name: str) -> Axis:
        """The axis of time.

        Raises:
            ValueError: Another one is asked for: scattered points have no axes.
        """
        if name != "t":
            raise ValueError(f"functions on scattered points have no axis {name!r}")
        return self.time

    def without(self, name: str) -> Unstructured | Stack:
        """The points of space."""
        self.axis(name)
        return self.space

    def points(self) -> Float[Tensor, "*batch times points dim"]:
        space = self.space.points()[..., None, :, :]
        times = self.time.points()[:, None, None]
        shape = (*space.shape[:-3], self.time.size, *space.shape[-2:])
        return torch.cat([times.expand(*shape[:-1], 1), space.expand(shape)], dim=-1)

    def weights(self) -> Float[Tensor, "*batch times points"]:
        return self.time.weights()[:, None] * self.space.weights()[..., None, :]

    @property
    def count(self) -> int | None:
        return self.space.count

    def chosen(self, index: Any) -> Self:
        return type(self)(self.time, self.space.chosen(index))  # type: ignore[arg-type]

    def __str__(self) -> str:
        return f"Cylinder({self.time}; {self.space})"
