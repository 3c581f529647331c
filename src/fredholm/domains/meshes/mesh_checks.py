"""Whether nodes and cells make a mesh."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree
from torch import Tensor

from fredholm.domains.meshes.facets import boundary_facets, cell_facets, row_numbers
from fredholm.domains.meshes.simplices import barycentric, simplex_volumes, size_classes

_FLAT = 1e-10
"""Least volume of a cell relative to that of a regular one with its longest side."""
_SAME = 1e-12
"""Distance, relative to the extent of the mesh, within which nodes are at the same place."""
_ON = 1e-9
"""Negative barycentric coordinate up to which a node lies on the side of a cell: rounding."""
_BLOCK = 1024
"""Nodes whose candidate cells are looked at together: a bound on memory where cells are thin."""
_REPAIR = "`fredholm.domains.repaired` does that"


def oriented(coords: Float[Tensor, "n dim"], cells: Int[Tensor, "m k"]) -> Int[Tensor, "m k"]:
    """The cells with their corners in an order that makes their volume positive.

    Cells of lower dimension than space, such as triangles in three dimensions, have no sign and
    keep their order.

    Raises:
        ValueError: They are no table of simplices, or name nodes that do not exist.
    """
    corners = cells.shape[1] if cells.ndim == 2 else 0
    if not 2 <= corners <= coords.shape[1] + 1 or not len(cells):
        raise ValueError(
            f"cells are a table (cells, corners) of intervals, triangles or tetrahedra in at most "
            f"{coords.shape[1]} dimensions, got shape {tuple(cells.shape)}"
        )
    if int(cells.min()) < 0 or int(cells.max()) >= len(coords):
        raise ValueError(
            f"a cell names node {int(cells.max())}, the mesh has {len(coords)} nodes (numbers "
            "start at 0)"
        )
    if corners <= coords.shape[1]:
        return cells
    at = coords[cells]
    turned = torch.linalg.det(at[:, 1:] - at[:, :1]) < 0
    result = cells.clone()
    result[turned, 0], result[turned, 1] = cells[turned, 1], cells[turned, 0]
    return result


def check_mesh(coords: Float[Tensor, "n dim"], cells: Int[Tensor, "m k"]) -> None:
    """Refuses what is no mesh.

    Cells have volume and fill a shape without overlap, side to side. Of cells in a space of higher
    dimension, such as surfaces, it is not asked whether they overlap.

    Raises:
        ValueError: Cells without volume, that occur twice, are folded over one another or overlap;
            nodes in no cell, at the same place, or within the side of a cell (hanging nodes);
            facets of more than two cells.
    """
    _check_volumes(coords, cells)
    _check_repeated(cells)
    _check_nodes(coords, cells)
    facets, _ = boundary_facets(cells)
    if cells.shape[1] > coords.shape[1]:
        _check_folds(cells)
        _check_hanging(coords, cells, facets.unique())


def _check_volumes(coords: Tensor, cells: Tensor) -> None:
    at = coords[cells]
    longest = torch.cdist(at, at).flatten(1).amax(1)
    flat = (simplex_volumes(at) <= _FLAT * longest ** (cells.shape[1] - 1)).nonzero()[:, 0]
    if len(flat):
        raise ValueError(
            f"{len(flat)} of {len(cells)} cells have no volume, the first is cell {int(flat[0])} "
            f"with the nodes {cells[flat[0]].tolist()}: remove or repair them"
        )


def _check_repeated(cells: Tensor) -> None:
    numbers = row_numbers(cells)
    if int(numbers.max()) + 1 < len(cells):
        first = int((numbers.bincount()[numbers] > 1).to(torch.int).argmax())
        raise ValueError(
            f"cell {first} with the nodes {cells[first].tolist()} occurs more than once: remove "
            f"the others ({_REPAIR})"
        )


def _check_nodes(coords: Tensor, cells: Tensor) -> None:
    lonely = torch.ones(len(coords), dtype=torch.bool)
    lonely[cells.flatten()] = False
    if bool(lonely.any()):
        raise ValueError(
            f"{int(lonely.sum())} of {len(coords)} nodes belong to no cell, the first is node "
            f"{int(lonely.nonzero()[0])}: remove them ({_REPAIR})"
        )
    pairs = _same_place(coords)
    if len(pairs):
        first, second = pairs[np.lexsort(pairs.T[::-1])[0]].tolist()
        raise ValueError(
            f"{len(pairs)} pairs of nodes are at the same place, the first are the nodes {first} "
            f"and {second} at {tuple(coords[first].tolist())}: join them ({_REPAIR})"
        )


def _same_place(coords: Tensor) -> np.ndarray:
    """Pairs of nodes that differ by rounding at most, the smaller number first."""
    extent = float((coords.amax(0) - coords.amin(0)).max())
    return KDTree(coords.numpy()).query_pairs(_SAME * extent, output_type="ndarray")


def _check_folds(cells: Tensor) -> None:
    """Two cells lie on the two sides of the facet that they share.

    All cells have positive volume. Then they run around the facet in opposite senses.
    """
    facets = cell_facets(cells)
    sense = torch.ones(facets.shape[:2], dtype=torch.long)
    sense[:, 1::2] = -1
    first, second = torch.triu_indices(facets.shape[2], facets.shape[2], offset=1)
    sense = sense * (facets[..., second] - facets[..., first]).sign().prod(-1)
    numbers = row_numbers(facets.flatten(0, 1))
    total = torch.zeros(int(numbers.max()) + 1, dtype=torch.long)
    total.index_add_(0, numbers, sense.flatten())
    folded = (total[numbers].abs() > 1).nonzero()[:, 0]
    if len(folded):
        number = numbers[folded[0]]
        pair = ((numbers == number).nonzero()[:, 0] // cells.shape[1]).tolist()
        shared = sorted(facets.flatten(0, 1)[folded[0]].tolist())
        raise ValueError(
            f"cells {pair[0]} and {pair[1]} lie on the same side of the facet that they share, "
            f"with the nodes {shared}: cells are inverted or overlap, make the mesh anew"
        )


def _check_hanging(coords: Tensor, cells: Tensor, boundary: Tensor) -> None:
    """No node of the boundary lies in a cell of which it is no corner, nor on its sides."""
    classes = size_classes(coords, cells)
    for nodes in boundary.split(_BLOCK):
        tree = KDTree(coords[nodes].numpy())
        for numbers, middles, reach in classes:
            pairs = tree.sparse_distance_matrix(middles, reach, output_type="ndarray")
            node = nodes[torch.from_numpy(pairs["i"].astype(np.int64))]
            cell = numbers[torch.from_numpy(pairs["j"].astype(np.int64))]
            foreign = (cells[cell] != node[:, None]).all(1)
            node, cell = node[foreign], cell[foreign]
            weights = barycentric(coords[cells[cell]], coords[node])
            inside = (weights.amin(1) >= -_ON).nonzero()[:, 0]
            if len(inside):
                first, found = int(node[inside[0]]), int(cell[inside[0]])
                raise ValueError(
                    f"node {first} lies in cell {found} with the nodes {cells[found].tolist()} and "
                    "is no corner of it: cells overlap, or the node hangs on the side of a larger "
                    "cell, which has to be divided there"
                )


@dataclass(frozen=True, eq=False)
class Repaired:
    """Nodes and cells that were repaired, and what became of the nodes.

    Args:
        nodes, cells: What is left.
        kept: For each node, which of the old ones it is.
        place: For each old node its new number; -1 for those that are gone.

    Shapes:
        nodes (n, dim), cells (m, k), kept (n,), place (old,).
    """

    nodes: Float[Tensor, "n dim"]
    cells: Int[Tensor, "m k"]
    kept: Int[Tensor, "n"]
    place: Int[Tensor, "old"]


def repaired(nodes: Float[Tensor, "n dim"], cells: Int[Tensor, "m k"]) -> Repaired:
    """Nodes at the same place joined to the first of them, and what is not needed left out.

    Left out are cells that two joined nodes make flat, all but the first of equal cells, and nodes
    in no cell. Other faults stay and are refused by `check_mesh`. Values at nodes follow as
    `values[kept]`, facets as `place[facets]`.
    """
    nodes = nodes.detach().to("cpu", torch.float64)
    pairs = _same_place(nodes)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(nodes),) * 2)
    group = torch.from_numpy(connected_components(graph, directed=False)[1]).long()
    every = torch.arange(len(nodes))
    first = torch.full((len(nodes),), len(nodes)).scatter_reduce(0, group, every, "amin")
    joined = first[group]
    cells = joined[cells]
    apart = cells.sort(dim=1).values.diff(dim=1).ne(0).all(1)
    cells = cells[apart]
    numbers = row_numbers(cells)
    order = torch.arange(len(cells))
    earliest = torch.full((len(cells),), len(cells)).scatter_reduce(0, numbers, order, "amin")
    cells = cells[earliest[numbers] == order]
    kept = cells.unique()
    place = torch.full((len(nodes),), -1)
    place[kept] = torch.arange(len(kept))
    return Repaired(nodes[kept], place[cells], kept, place[joined])
