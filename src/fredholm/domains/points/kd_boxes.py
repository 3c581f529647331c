"""Boxes in which scattered points are nearly uniform."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

_LEVELS = torch.arange(1, 8, dtype=torch.float64) / 8
"""Shares of the points below the cuts that are tried."""


def kd_boxes(
    coords: Float[Tensor, "n dim"], count: int, *, cells: int = 64, least: int = 16
) -> Float[Tensor, "count 2 dim"]:
    """Lower and upper corners of boxes that hold all points, tight and disjoint.

    The box whose points are spread least evenly, KL times their number, is cut across one of its
    sides where the points of the two halves are spread most evenly; so on until there are `count`.
    The measure of uneven spreading is the Kullback-Leibler divergence of the share of the points in
    each of about `cells` equal cells of the box from the uniform distribution.

    Args:
        coords: The points; several clouds may be put together.
        count: Number of boxes.
        cells: Cells per box that the divergence is measured with.
        least: Fewest points of a box.

    Raises:
        ValueError: There are too few points for so many boxes.

    Reference:
        Liu et al., ICML 2023 (NUNO), algorithm 1. Departs from it: cuts are tried across all sides
        and at eighths of the points, not at cells of the longest side: a layer a hundredth as wide
        as the box is found at once. Of equally uneven boxes the one with most points is cut.
    """
    leaves, whole = [_Leaf.of(coords.double(), cells)], []
    while leaves and len(leaves) + len(whole) < count:
        worst = max(leaves, key=lambda leaf: (leaf.unevenness, len(leaf.coords)))
        leaves.remove(worst)
        halves = _cut(worst, cells, least)
        if halves is None:
            whole.append(worst)
        else:
            leaves += halves
    leaves += whole
    if len(leaves) < count:
        raise ValueError(
            f"{len(coords)} points cannot be cut into {count} boxes of at least {least}: ask for "
            f"at most {len(leaves)} boxes"
        )
    boxes = torch.stack([leaf.box for leaf in leaves])
    return boxes[_lexicographic(boxes[:, 0])]


@dataclass(frozen=True, eq=False)
class _Leaf:
    """Points of a box, the corners of their tight box, and how unevenly they are spread."""

    coords: Tensor
    box: Tensor
    unevenness: float

    @classmethod
    def of(cls, coords: Tensor, cells: int) -> "_Leaf":
        box = torch.stack([coords.amin(0), coords.amax(0)])
        return cls(coords, box, len(coords) * divergence(coords, cells))


def divergence(coords: Float[Tensor, "n dim"], cells: int) -> float:
    """KL divergence of the points' shares in about `cells` equal cells of their tight box."""
    low, sides, counts = _cells(coords, cells)
    place = ((coords - low) / sides * counts).long().clamp(max=counts - 1)
    number = torch.zeros(len(coords), dtype=torch.long)
    for column, size in zip(place.unbind(-1), counts.tolist()):
        number = number * int(size) + column
    total = int(counts.prod())
    shares = torch.bincount(number, minlength=total).double() / len(coords)
    return float(torch.special.xlogy(shares, shares * total).sum())


def _cells(coords: Tensor, cells: int) -> tuple[Tensor, Tensor, Tensor]:
    """Lower corner and sides of the tight box, and cells per side in proportion to the sides."""
    low = coords.amin(0)
    sides = (coords.amax(0) - low).clamp(min=1e-12 * float(coords.abs().max()) + 1e-300)
    edge = (sides.prod() / cells) ** (1 / len(sides))
    return low, sides, (sides / edge).round().clamp(min=1, max=cells).long()


def _cut(leaf: _Leaf, cells: int, least: int) -> list[_Leaf] | None:
    """The two halves that are spread most evenly together; None where none is large enough."""
    best = None
    for column in leaf.coords.unbind(-1):
        for level in torch.quantile(column, _LEVELS):
            under = column < level
            if least <= int(under.sum()) <= len(under) - least:
                halves = [_Leaf.of(leaf.coords[part], cells) for part in (under, ~under)]
                if best is None or _unevenness(halves) < _unevenness(best):
                    best = halves
    return best


def _unevenness(leaves: list[_Leaf]) -> float:
    return sum(leaf.unevenness for leaf in leaves)


def _lexicographic(corners: Float[Tensor, "k dim"]) -> Int[Tensor, "k"]:
    """The order by the first coordinate, then the second, and so on."""
    order = torch.arange(len(corners))
    for column in reversed(range(corners.shape[1])):
        order = order[corners[order, column].argsort(stable=True)]
    return order
