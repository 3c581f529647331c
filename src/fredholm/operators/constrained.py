"""Conditions that an answer fulfils whatever the weights."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, get_args

import torch
from torch import Tensor

from fredholm.domains import Axis, Domain, Grid
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators.operator import Operator

Profile = Literal["sine", "parabola"]


class Constrained(Operator):
    """lift + factor · operator(u), with initial values and walls in the lift and the factor.

    With K initial conditions, times from t₀ on over a length T, and walls at the ends of some axes,

        lift(t, x) = Σₖ (t - t₀)ᵏ/k! gₖ(x)
        factor(t, x) = scale ((t - t₀)/T)ᴷ Πⱼ w((xⱼ - startⱼ)/Lⱼ)

    where gₖ, the k-th derivative in time at the start, is a channel of the input or zero, and w
    vanishes at 0 and 1 alone: the answer starts as it should, and where the initial values vanish
    at the walls, so does the answer at all times. Without initial conditions there is no lift.

    Args:
        operator: Answers on (t, *space) where there are initial conditions.
        initial: For each order of the derivative in time from 0 on, the channel of the input that
            each channel of the answer starts with; None stands for zero.
        walls: Axes at whose two ends the answer is zero.
        profile: w(s), one in the middle: `"sine"`, sin(πs), or `"parabola"`, 4s(1 - s), which adds
            two to the degree of a polynomial and no more.
        scale: Size of an answer where the operator gives one; small where the lift is nearly right.

    Raises:
        ValueError: An unknown profile.

    Reference:
        Lagaris, Likas and Fotiadis, IEEE Trans. Neural Networks 9, 1998, arXiv:physics/9705023.
    """

    def __init__(
        self,
        operator: Operator,
        *,
        initial: Sequence[Sequence[int | None]] = (),
        walls: Sequence[str] = (),
        profile: Profile = "sine",
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        if profile not in get_args(Profile):
            raise ValueError(f"profile is one of {get_args(Profile)}, got {profile!r}")
        self.operator = operator
        self.initial = tuple(tuple(channels) for channels in initial)
        self.walls = tuple(walls)
        self.profile: Profile = profile
        self.scale = scale

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        image = self.operator(u, given, at=at)
        free = self.scale * self._factor(image.grid).to(image.values) * image.values
        return image.with_values(self._lift(u, image) + free if self.initial else free)

    def _factor(self, grid: Grid) -> Tensor:
        return _factor(grid, len(self.initial), self.walls, self.profile)

    def _lift(self, u: Field, like: Field) -> Tensor:
        """Σₖ (t - t₀)ᵏ/k! gₖ on the grid of another function."""
        grid = like.grid
        place = 1 + grid.names.index(grid.axis("t").name)
        starts = u.at(grid.without("t")).values.unsqueeze(place)
        elapsed = _along(_elapsed(grid.axis("t")), "t", grid).to(like.values)
        total = torch.zeros_like(like.values)
        for order, channels in enumerate(self.initial):
            if len(channels) != like.channels:
                raise ValueError(
                    f"initial names {len(channels)} channels of the input for the derivative of "
                    f"order {order}, the operator answers with {like.channels}"
                )
            zero = torch.zeros_like(starts[..., 0])
            parts = [zero if i is None else starts[..., i] for i in channels]
            rate = torch.stack(parts, dim=-1) / math.factorial(order)
            total = total + elapsed**order * rate
        return total


class OverTime(Operator):
    """Shows an operator on (t, *space) a function of space as one that does not change in time.

    Args:
        operator: Maps functions on (t, *space) to such functions.
        time: The times at which the operator sees it.

    Shapes:
        Field (batch, *points, c) -> Field (batch, times, *points, d).
    """

    def __init__(self, operator: Operator, time: Axis) -> None:
        super().__init__()
        self.operator = operator
        self.time = time

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        values = u.values.unsqueeze(1).expand(-1, self.time.size, *u.values.shape[1:])
        return self.operator(Field(values, Grid.of(self.time, *u.grid.axes)), given, at=at)


@lru_cache(maxsize=64)
def _factor(grid: Grid, order: int, walls: tuple[str, ...], profile: Profile) -> Tensor:
    """((t - t₀)/T)ᴷ Πⱼ w((xⱼ - startⱼ)/Lⱼ) on a grid, with a dimension of channels."""
    factor = torch.ones((1,) * (grid.dim + 1), dtype=torch.float64)
    if order:
        time = grid.axis("t")
        factor = factor * _along((_elapsed(time) / time.length) ** order, "t", grid)
    for name in walls:
        axis = grid.axis(name)
        s = (axis.points() - axis.start) / axis.length
        # sin(π) is not zero in floating point; the nearer end is.
        inner = (
            torch.sin(math.pi * torch.minimum(s, 1 - s)) if profile == "sine" else 4 * s * (1 - s)
        )
        factor = factor * _along(inner, name, grid)
    return factor


def _elapsed(time: Axis) -> Tensor:
    return time.points() - time.start


def _along(values: Tensor, name: str, grid: Grid) -> Tensor:
    """Values along one axis, shaped to broadcast against (*points, channels)."""
    shape = [1] * (grid.dim + 1)
    shape[grid.names.index(name)] = -1
    return values.reshape(shape)
