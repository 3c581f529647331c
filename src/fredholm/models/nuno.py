"""Non-uniform neural operator: a grid operator on small grids in boxes."""

from collections.abc import Iterable, Sequence
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from fredholm.domains import Domain, Grid, Stack, Unstructured, scattered_of, stacked
from fredholm.domains.points.box_grids import (
    Boxes,
    Stencils,
    distances_in_boxes,
    from_boxes,
    plain,
    to_boxes,
)
from fredholm.domains.points.kd_boxes import kd_boxes
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators import Operator, at_least_one


class NUNO(Operator):
    """Serves scattered points with an operator on grids, by small grids where points are dense.

    The domain is covered by boxes in which the points are nearly uniform (`place` finds them). The
    input is interpolated onto a grid of the same shape in each box, the grids are stacked as
    channels, one operator maps them all, and the answer is interpolated back to the points. Beside
    the input each grid shows the distance to the nearest point, in spacings of the coarsest grid:
    the shape of the domain.

    Args:
        operator: On grids, from `count · (in_channels + 1)` channels to `count · out_channels`.
        bounds: Box that holds the domains. Before `place` the boxes share it evenly.
        count: Number of boxes.
        shape: Points of the grid in a box, along each axis.

    Shapes:
        Field (batch, *points, in_channels) -> Field (batch, *points, out_channels).

    Raises:
        ValueError: A size below one, grids with fewer than two points along an axis, or bounds of
            another dimension than `shape`.

    Reference:
        Liu et al., ICML 2023, arXiv:2305.18694. Departs from it: all grids are laid with the same
        shape and not brought to it by their spectra; the shape is shown by distances and not by an
        estimated density; interpolation back to the points is linear.
    """

    boxes: Tensor

    def __init__(
        self,
        operator: Operator,
        bounds: Sequence[tuple[float, float]],
        count: int,
        shape: Sequence[int],
    ) -> None:
        super().__init__()
        at_least_one(count=count)
        if len(bounds) != len(shape) or min(shape) < 2:
            raise ValueError(
                f"a grid in {len(bounds)} dimensions has as many axes of at least 2 points, got "
                f"{tuple(shape)}"
            )
        self.operator = operator
        self.count = count
        self.grid = Grid(tuple(shape))
        lattice = Grid((32,) * len(bounds), extent=tuple(bounds), location="cell")
        points = lattice.points().flatten(0, -2)
        self.register_buffer("boxes", kd_boxes(points, count, least=1).float())

    def place(self, clouds: Iterable[Unstructured]) -> Self:
        """Puts the boxes where the points of these clouds, taken together, are dense.

        Raises:
            ValueError: They have too few points for so many boxes.
        """
        pooled = torch.cat([cloud.coords for cloud in dict.fromkeys(clouds)])
        self.boxes.copy_(kd_boxes(pooled, self.count))
        return self

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        asked = u.domain if at is None else at
        home, there = (stacked(_scattered(domain), len(u)) for domain in (u.domain, asked))
        boxes, shape = plain(self.boxes), self.grid.shape
        stacks = self._in_boxes(u.values.flatten(1, -2), home, boxes)
        image = self.operator(Field(stacks, self.grid), given).values
        image = image.unflatten(-1, (self.count, -1)).movedim(-2, 1).flatten(1, -2)
        back = [member.remembered(from_boxes, boxes, shape) for member in there]
        values = pad_sequence(_applied(back, image), batch_first=True)
        return Field(values.reshape(len(u), *asked.shape, -1), asked)

    def _in_boxes(self, values: Tensor, home: Stack, boxes: Boxes) -> Float[Tensor, "b *grid kc"]:
        """The input and the distances on the grids of all boxes, stacked as channels."""
        shape = self.grid.shape
        forth = [member.remembered(to_boxes, boxes, shape) for member in home]
        found = torch.stack(_applied(forth, values)).unflatten(1, (self.count, *shape))
        distances = [member.remembered(distances_in_boxes, boxes, shape) for member in home]
        spacing = (self.boxes[:, 1] - self.boxes[:, 0]).max() / (max(shape) - 1)
        distances = torch.stack(distances).to(values)[..., None] / spacing
        return torch.cat([found, distances], dim=-1).movedim(1, -2).flatten(-2)


def _applied(stencils: Sequence[Stencils], values: Float[Tensor, "b n c"]) -> list[Tensor]:
    """The values of each function at its new points."""
    return [
        torch.einsum("mk,mkc->mc", weights.to(old), old[numbers.to(old.device)])
        for (numbers, weights), old in zip(stencils, values, strict=True)
    ]


def _scattered(domain: Domain) -> Domain:
    return scattered_of(domain) if isinstance(domain, Grid) else domain
