"""The facets of cells, those on the boundary, and their normals."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor


def cell_facets(cells: Int[Tensor, "m k"]) -> Int[Tensor, "m k k-1"]:
    """The facets of each cell; facet i is opposite to corner i."""
    corners = cells.shape[1]
    keep = [[j for j in range(corners) if j != i] for i in range(corners)]
    return cells[:, torch.tensor(keep)]


def row_numbers(rows: Int[Tensor, "r k"]) -> Int[Tensor, "r"]:
    """Numbers from zero that are the same for rows with the same entries in whatever order."""
    if not len(rows):  # a closed surface has no boundary
        return rows.new_zeros(0)
    columns = rows.sort(dim=1).values.unbind(1)
    numbers = columns[0]
    for column in columns[1:]:
        # Renumbered after each column, so that the products do not overflow.
        numbers = numbers.unique(return_inverse=True)[1] * (column.max() + 1) + column
    return numbers.unique(return_inverse=True)[1]


def boundary_facets(cells: Int[Tensor, "m k"]) -> tuple[Int[Tensor, "f k-1"], Int[Tensor, "f"]]:
    """Facets that belong to one cell, and the numbers of those cells.

    Raises:
        ValueError: A facet belongs to more than two cells.
    """
    facets = cell_facets(cells).flatten(0, 1)
    numbers = row_numbers(facets)
    times = numbers.bincount()[numbers]
    if int(times.max()) > 2:
        first = int(times.argmax())
        raise ValueError(
            f"{int(times[first])} cells share the facet with the nodes "
            f"{sorted(facets[first].tolist())}, at most two can: remove the others"
        )
    single = (times == 1).nonzero()[:, 0]
    return facets[single], single // cells.shape[1]


def named_facets(
    cells: Int[Tensor, "m k"], parts: Mapping[str, Tensor]
) -> dict[str, Int[Tensor, "f k-1"]]:
    """The boundary's facets by the names of its parts; those without a name are `"boundary"`.

    Raises:
        ValueError: A facet is not on the boundary, or is in two parts.
    """
    outer, _ = boundary_facets(cells)
    width = outer.shape[1]
    tables = [torch.as_tensor(t, dtype=torch.long).reshape(-1, width) for t in parts.values()]
    given = torch.cat([*tables, outer[:0]])
    numbers = row_numbers(torch.cat([outer, given]))
    place = torch.full((len(outer) + len(given),), -1)  # -1: not on the boundary
    place[numbers[: len(outer)]] = torch.arange(len(outer))
    chosen = place[numbers[len(outer) :]]
    names = [name for name, table in zip(parts, tables) for _ in range(len(table))]
    _check_named(chosen, given, names)
    result = {
        name: outer[each] for name, each in zip(parts, chosen.split([len(t) for t in tables]))
    }
    rest = torch.ones(len(outer), dtype=torch.bool)
    rest[chosen] = False
    if bool(rest.any()):
        result["boundary"] = torch.cat([result.get("boundary", outer[:0]), outer[rest]])
    return result


def _check_named(chosen: Int[Tensor, "g"], given: Int[Tensor, "g k"], names: Sequence[str]) -> None:
    """Refuses facets that are not on the boundary (-1), or are named twice."""
    inner = (chosen < 0).nonzero()[:, 0]
    if len(inner):
        first = int(inner[0])
        raise ValueError(
            f"part {names[first]!r}: the facet {sorted(given[first].tolist())} is not on the "
            "boundary"
        )
    order = chosen.argsort(stable=True)
    again = (chosen[order].diff() == 0).nonzero()[:, 0]
    if len(again):
        first, second = order[again[0] : again[0] + 2].tolist()
        raise ValueError(
            f"the facet {sorted(given[first].tolist())} is in the parts {names[first]!r} and "
            f"{names[second]!r}: leave it in one of them"
        )


def boundary_normals(
    coords: Float[Tensor, "n dim"], cells: Int[Tensor, "m k"]
) -> Float[Tensor, "n dim"]:
    """Outward unit normals at the nodes of the boundary, means weighted by the size of facets.

    They are minus the gradient of the basis function of the opposite corner; where cells have a
    lower dimension than space they lie in the cells. At the other nodes they are zero.
    """
    facets, owners = boundary_facets(cells)
    normals = torch.zeros_like(coords)
    if not len(facets):
        return normals
    opposite = cells[owners].sum(1) - facets.sum(1)
    facet, apex = coords[facets], coords[opposite]
    if facet.shape[1] == 1:
        outward, size = facet[:, 0] - apex, torch.ones(len(facet), dtype=torch.float64)
    else:
        sides = facet[:, 1:] - facet[:, :1]
        gap = facet[:, 0] - apex
        gram = sides @ sides.mT
        along = torch.linalg.solve(gram, sides @ gap[..., None])
        outward = gap - (sides.mT @ along)[..., 0]
        size = torch.linalg.det(gram).clamp(min=0).sqrt()
    outward = outward / torch.linalg.vector_norm(outward, dim=1, keepdim=True)
    pushed = (outward * size[:, None])[:, None].expand(-1, facet.shape[1], -1)
    normals.index_add_(0, facets.flatten(), pushed.flatten(0, 1))
    length = torch.linalg.vector_norm(normals, dim=1, keepdim=True)
    return torch.where(length > 0, normals / length.clamp(min=1e-300), normals)
