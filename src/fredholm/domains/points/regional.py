"""Few points that stand for the regions of a cloud or mesh; edges to, from and among them."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains.points.coarsening import coarse_levels
from fredholm.domains.points.delaunay import delaunay_cells
from fredholm.domains.points.neighbours import (
    both_ways,
    cell_sides,
    cross_edges,
    edge_vectors,
    in_balls,
    tiled,
)
from fredholm.domains.points.unstructured import Unstructured

_RATIO = 4
"""How many times fewer centres each further level of their graph has."""
_LEVELS = 6
"""Levels of the graph of centres, at most; the published value."""


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions of a domain, each around one of its points.

    Args:
        centres: Numbers of these points.
        radii: How far the regions reach.
        edges: Sender and receiver of the edges among regions, short and long.
    """

    centres: Int[Tensor, "r"]
    radii: Float[Tensor, "r"]
    edges: Int[Tensor, "2 e"]

    def __len__(self) -> int:
        return len(self.centres)


def regions(domain: Unstructured, count: int, periods: tuple[float, ...] = ()) -> Regions:
    """Regions of a domain; it remembers them by `domain.remembered(regions, ...)`.

    Their centres spread evenly whatever the density of the points. The centres are triangulated,
    and so are the first quarter of them, the first sixteenth, and so on: the edges of all these
    triangulations carry messages over any distance in few steps. A region reaches from its centre
    to the centroids of its cells and to the middles of their edges, so that the regions cover all
    cells.

    Args:
        domain: A cloud or a mesh.
        count: Number of regions; no more than half the points.
        periods: Period of each coordinate, zero for one that has none; none by default.

    Raises:
        ValueError: There are too few points for a triangulation, or they have no volume.

    Reference:
        Mousavi et al., NeurIPS 2025, arXiv:2501.19205, section 2. Departs from it: centres are
        spread, not drawn at random; cells that bridge notches and holes are left out (see
        `delaunay_edges`), which bounds the radii; middles of edges count too.
    """
    count = min(count, len(domain) // 2)
    sizes = [count // _RATIO**level for level in range(_LEVELS)]
    sizes = [size for size in sizes if size > domain.dim + 1] or [count]
    centres = coarse_levels(domain, (count,))[0]
    coords = domain.coords[centres]
    edges = cross_edges(coords, coords, nearest=2, periods=periods)
    radii = torch.zeros(count, dtype=torch.float64)
    radii.scatter_reduce_(0, edges[1], edge_vectors(coords, edges, periods).norm(dim=1) / 2, "amax")
    for size in sizes:
        tiles = tiled(coords[:size], periods)
        cells = delaunay_cells(tiles)
        cells = cells[(cells < size).any(1)]
        if size == count:
            radii.scatter_reduce_(0, cells.flatten() % count, _reaches(tiles[cells]), "amax")
        edges = torch.cat([edges, cell_sides(cells) % size], dim=1)
    return Regions(centres, radii, both_ways(edges, count, loops=False))


def region_edges(
    points: Unstructured,
    domain: Unstructured,
    count: int,
    factor: float,
    periods: tuple[float, ...] = (),
) -> Int[Tensor, "2 e"]:
    """Edges from regions to the points that lie in them, each at least from the nearest centre.

    Args:
        points: Any points, such as those of the domain.
        domain: The domain that has the regions.
        count, periods: As in `regions`.
        factor: How much further than their radii the regions reach here.
    """
    found = domain.remembered(regions, count, periods)
    centres = domain.coords[found.centres]
    tiles = tiled(centres, periods).numpy()
    reach = factor * found.radii.repeat(len(tiles) // len(centres)).numpy()
    inside, owners = torch.from_numpy(in_balls(KDTree(points.coords.numpy()), tiles, reach))
    nearest = cross_edges(centres, points.coords, nearest=1, periods=periods)
    senders, receivers = torch.cat([torch.stack([owners % len(centres), inside]), nearest], dim=1)
    numbers = (receivers * len(centres) + senders).unique()
    return torch.stack([numbers % len(centres), numbers // len(centres)])


def _reaches(corners: Float[Tensor, "m corners dim"]) -> Float[Tensor, "m*corners"]:
    """How far the centroid, or the middle of the longest side, is from each corner of simplices."""
    central = (corners - corners.mean(1, keepdim=True)).norm(dim=-1)
    halves = torch.cdist(corners, corners).amax(-1) / 2
    return torch.maximum(central, halves).flatten()
