"""A grid as a cloud, for operators that are at home on scattered points."""

from functools import lru_cache

import torch

from fredholm.domains.domain import Domain
from fredholm.domains.grid import Grid
from fredholm.domains.points.point_cloud import PointCloud
from fredholm.domains.points.stack import Stack, stacked

_SIDES = (("left", "right"), ("bottom", "top"), ("back", "front"))


@lru_cache(maxsize=64)
def scattered_of(grid: Grid) -> PointCloud:
    """The points of a grid with its quadrature weights, in the order of `values.flatten(1, -2)`.

    Its boundary is what the grid samples of the sides of its box: nothing of a periodic axis, and
    nothing where the samples are cell centres. The sides are named as those of a `Box`. The same
    grid gives the same object, so that what is derived from the cloud is derived once.
    """
    sides, outward = {}, torch.zeros(*grid.shape, grid.dim, dtype=torch.float64)
    numbers = torch.arange(outward[..., 0].numel()).reshape(grid.shape)
    for place, axis in enumerate(grid.axes):
        names = _SIDES[place] if grid.dim <= 3 else (f"x{place}_low", f"x{place}_high")
        sampled = {"left": (True, False), "right": (False, True), "cell": (False, False)}
        for end, held in enumerate(sampled.get(axis.location, (True, True))):
            if held and not axis.periodic:
                sides[names[end]] = numbers.select(place, -end).flatten()
                outward[..., place].select(place, -end).fill_(2.0 * end - 1.0)
    length = torch.linalg.vector_norm(outward, dim=-1, keepdim=True).clamp(min=1.0)
    return PointCloud(
        grid.points().flatten(0, -2),
        grid.weights().flatten(),
        parts=sides,
        normals=(outward / length).flatten(0, -2),
        names=grid.names,
        units=[axis.units for axis in grid.axes],
    )


def unordered(domain: Domain, count: int) -> Stack:
    """The domains of a batch of functions as clouds or meshes: a grid becomes a cloud.

    Args:
        domain: Where the functions live.
        count: Number of functions.

    Raises:
        ValueError: The domain is neither a grid, a cloud nor a mesh, or there are not as many.
    """
    return stacked(scattered_of(domain) if isinstance(domain, Grid) else domain, count)
