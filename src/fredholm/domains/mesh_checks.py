"""Whether nodes and cells make a mesh, and what its boundary is."""

from collections.abc import Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

_FLAT = 1e-10
"""Least volume of a cell relative to that of a regular one with its longest side."""


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

    Raises:
        ValueError: Cells without volume, nodes in no cell, or facets of more than two cells.
    """
    from fredholm.domains.mesh import simplex_volumes

    at = coords[cells]
    longest = torch.cdist(at, at).flatten(1).amax(1)
    flat = (simplex_volumes(at) <= _FLAT * longest ** (cells.shape[1] - 1)).nonzero()[:, 0]
    if len(flat):
        raise ValueError(
            f"{len(flat)} of {len(cells)} cells have no volume, the first is cell {int(flat[0])} "
            f"with the nodes {cells[flat[0]].tolist()}: remove or repair them"
        )
    lonely = torch.ones(len(coords), dtype=torch.bool)
    lonely[cells.flatten()] = False
    if bool(lonely.any()):
        raise ValueError(
            f"{int(lonely.sum())} of {len(coords)} nodes belong to no cell, the first is node "
            f"{int(lonely.nonzero()[0])}: remove them"
        )


def cell_facets(cells: Int[Tensor, "m k"]) -> Int[Tensor, "m k k-1"]:
    """The facets of each cell; facet i is opposite to corner i."""
    corners = cells.shape[1]
    keep = [[j for j in range(corners) if j != i] for i in range(corners)]
    return cells[:, torch.tensor(keep)]


def boundary_facets(cells: Int[Tensor, "m k"]) -> tuple[Int[Tensor, "f k-1"], Int[Tensor, "f"]]:
    """Facets that belong to one cell, and the numbers of those cells.

    Raises:
        ValueError: A facet belongs to more than two cells.
    """
    facets = cell_facets(cells)
    every = facets.flatten(0, 1).sort(dim=1).values
    unique, which, times = every.unique(dim=0, return_inverse=True, return_counts=True)
    if int(times.max()) > 2:
        first = unique[int(times.argmax())].tolist()
        raise ValueError(f"{int(times.max())} cells share the facet with the nodes {first}")
    single = (times[which] == 1).nonzero()[:, 0]
    return facets.flatten(0, 1)[single], single // cells.shape[1]


def named_facets(
    cells: Int[Tensor, "m k"], parts: Mapping[str, Tensor]
) -> dict[str, Int[Tensor, "f k-1"]]:
    """The boundary's facets by the names of its parts; those without a name are `"boundary"`.

    Raises:
        ValueError: A facet is not on the boundary, or is in two parts.
    """
    outer, _ = boundary_facets(cells)
    keys = outer.sort(dim=1).values
    number = {tuple(key): i for i, key in enumerate(keys.tolist())}
    taken: dict[int, str] = {}
    result = {}
    for name, facets in parts.items():
        facets = torch.as_tensor(facets, dtype=torch.long).reshape(-1, keys.shape[1])
        chosen = []
        for key in facets.sort(dim=1).values.tolist():
            place = number.get(tuple(key))
            if place is None:
                raise ValueError(f"part {name!r}: the facet {key} is not on the boundary")
            if place in taken:
                raise ValueError(f"the facet {key} is in the parts {taken[place]!r} and {name!r}")
            taken[place] = name
            chosen.append(place)
        result[name] = outer[chosen]
    rest = [i for i in range(len(outer)) if i not in taken]
    if rest:
        if "boundary" in result:
            rest_facets = torch.cat([result["boundary"], outer[rest]])
        else:
            rest_facets = outer[rest]
        result["boundary"] = rest_facets
    return result


def boundary_normals(
    coords: Float[Tensor, "n dim"], cells: Int[Tensor, "m k"], facets: Int[Tensor, "f k-1"]
) -> Float[Tensor, "n dim"]:
    """Outward unit normals at the nodes of facets, means weighted by their size; zero elsewhere.

    They are minus the gradient of the basis function of the opposite corner; where cells have a
    lower dimension than space they lie in the cells.
    """
    every = cell_facets(cells)
    wanted = {tuple(key) for key in facets.sort(dim=1).values.tolist()}
    flat = every.flatten(0, 1)
    keys = flat.sort(dim=1).values.tolist()
    chosen = torch.tensor([i for i, key in enumerate(keys) if tuple(key) in wanted])
    normals = torch.zeros_like(coords)
    if not len(chosen):
        return normals
    cell, opposite = chosen // cells.shape[1], chosen % cells.shape[1]
    apex = coords[cells[cell, opposite]]
    facet = coords[flat[chosen]]
    if facet.shape[1] == 1:
        outward, size = facet[:, 0] - apex, torch.ones(len(facet), dtype=torch.float64)
    else:
        sides = facet[:, 1:] - facet[:, :1]
        gap = facet[:, 0] - apex
        gram = sides @ sides.mT
        along = torch.linalg.solve(gram, (sides @ gap[..., None]))
        outward = gap - (sides.mT @ along)[..., 0]
        size = torch.linalg.det(gram).clamp(min=0).sqrt()
    outward = outward / torch.linalg.vector_norm(outward, dim=1, keepdim=True)
    pushed = (outward * size[:, None])[:, None].expand(-1, facet.shape[1], -1)
    normals.index_add_(0, flat[chosen].flatten(), pushed.flatten(0, 1))
    length = torch.linalg.vector_norm(normals, dim=1, keepdim=True)
    return torch.where(length > 0, normals / length.clamp(min=1e-300), normals)
