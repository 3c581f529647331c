"""Simplices: their volumes, coordinates in them, the nearest point of them, which hold a point."""

import math

import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor


def simplex_volumes(corners: Float[Tensor, "m corners dim"]) -> Float[Tensor, "m"]:
    """Length, area or volume of simplices, in any dimension that holds them: √det(EEᵀ)/k!."""
    sides = corners[:, 1:] - corners[:, :1]
    gram = torch.linalg.det(sides @ sides.mT).clamp(min=0)
    return gram.sqrt() / math.factorial(sides.shape[1])


def barycentric(
    corners: Float[Tensor, "*m k dim"], points: Float[Tensor, "*m dim"]
) -> Float[Tensor, "*m k"]:
    """Weights of the corners of simplices whose mean is the point, of sum one.

    Where simplices have a lower dimension than space the mean is the nearest point of their plane.
    """
    sides = corners[..., 1:, :] - corners[..., :1, :]
    gap = (points - corners[..., 0, :])[..., None]
    if sides.shape[-2] == sides.shape[-1]:
        others = torch.linalg.solve(sides.mT, gap)[..., 0]
    else:
        others = torch.linalg.solve(sides @ sides.mT, sides @ gap)[..., 0]
    return torch.cat([1 - others.sum(-1, keepdim=True), others], dim=-1)


def nearest_weights(
    corners: Float[Tensor, "m k dim"], points: Float[Tensor, "m dim"]
) -> Float[Tensor, "m k"]:
    """Barycentric coordinates of the point of each simplex that is nearest to a point."""
    count = corners.shape[1]
    if count == 1:
        return torch.ones(len(corners), 1, dtype=corners.dtype)
    weights = barycentric(corners, points)
    left = (weights < 0).any(1).nonzero()[:, 0]
    if len(left):
        tried = []
        for i in range(count):
            others = [j for j in range(count) if j != i]
            side = torch.zeros(len(left), count, dtype=corners.dtype)
            side[:, others] = nearest_weights(corners[left][:, others], points[left])
            tried.append(side)
        sides = torch.stack(tried, dim=1)
        gap = torch.linalg.vector_norm(sides @ corners[left] - points[left, None], dim=-1)
        weights[left] = sides[torch.arange(len(left)), gap.argmin(1)]
    return weights


def size_classes(
    coords: Float[Tensor, "n dim"], cells: Int[Tensor, "m k"]
) -> list[tuple[Int[Tensor, "c"], KDTree, float]]:
    """Cells by how far they reach from their middles, in classes of factors of two.

    A point in a cell is not farther from its middle than that; searched class by class, few large
    cells do not widen the search among the small ones.

    Returns:
        For each class the numbers of its cells, a tree of their middles, and the greatest reach.
    """
    at = coords[cells]
    middle = at.mean(1)
    reach = torch.linalg.vector_norm(at - middle[:, None], dim=-1).amax(1)
    level = torch.frexp(reach).exponent
    classes = []
    for each in level.unique():
        numbers = (level == each).nonzero()[:, 0]
        tree = KDTree(middle[numbers].numpy())
        classes.append((numbers, tree, math.ldexp(1.0 + 1e-9, int(each))))
    return classes
