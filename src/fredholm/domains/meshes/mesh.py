"""Meshes of simplices: intervals, triangles and tetrahedra."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.domains.meshes.facets import boundary_normals, named_facets
from fredholm.domains.meshes.mesh_checks import check_mesh, oriented
from fredholm.domains.meshes.simplices import simplex_volumes
from fredholm.domains.points.neighbours import both_ways, cell_sides
from fredholm.domains.points.unstructured import Unstructured

Cell = Literal["line", "triangle", "tetra"]
CELLS: dict[int, Cell] = {2: "line", 3: "triangle", 4: "tetra"}
"""Kinds of cells by their number of corners."""


class Mesh(Unstructured):
    """Points joined to cells, with named parts of the boundary.

    Functions on a mesh are known by their values at its nodes and are linear in each cell (P1). A
    surface, triangles in three dimensions, is a mesh too; its measure is its area.

    Args:
        nodes: Coordinates of the nodes.
        cells: Numbers of the corners of each cell. Their order is not kept: cells are turned so
            that their volume is positive.
        parts: Facets (numbers of their corners) of each named part of the boundary. Facets of the
            boundary that no part holds become the part `"boundary"`.
        names: Names of the coordinates, by default x, y, z.
        units: Units, for all coordinates or one each.

    Shapes:
        nodes (n, dim), cells (m, corners) with corners ≤ dim + 1, facets (f, corners - 1).

    Raises:
        ValueError: Cells that name no node, have no volume, or do not fit together (see
            `fredholm.domains.check_mesh`), nodes in no cell, or facets that are no boundary. What
            can be put right without a choice, `fredholm.domains.repaired` does.
    """

    def __init__(
        self,
        nodes: Float[Tensor, "n dim"],
        cells: Int[Tensor, "m corners"],
        *,
        parts: Mapping[str, Int[Tensor, "f facet"]] | None = None,
        names: Sequence[str] = (),
        units: str | Sequence[str] = "",
    ) -> None:
        super().__init__(nodes, names, units)
        self.cells = oriented(self._coords, torch.as_tensor(cells, dtype=torch.long))
        check_mesh(self._coords, self.cells)
        self.facets: dict[str, Int[Tensor, "f facet"]] = named_facets(self.cells, parts or {})

    @property
    def nodes(self) -> Float[Tensor, "n dim"]:
        """Coordinates of the nodes, as of any domain `coords`."""
        return self._coords

    @property
    def kind(self) -> Cell:
        """What the cells are."""
        return CELLS[self.cells.shape[1]]

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(self.facets)

    def on(self, part: str) -> Int[Tensor, "k"]:
        self._require(part)
        return self.facets[part].unique()

    @cached_property
    def volumes(self) -> Float[Tensor, "m"]:
        """Length, area or volume of each cell."""
        return simplex_volumes(self._coords[self.cells])

    @cached_property
    def _lumped(self) -> Float[Tensor, "n"]:
        corners = self.cells.shape[1]
        share = (self.volumes / corners)[:, None].expand(-1, corners)
        weights = torch.zeros(len(self), dtype=torch.float64)
        return weights.index_add_(0, self.cells.flatten(), share.flatten())

    def weights(self) -> Float[Tensor, "n"]:
        """The integrals of the P1 basis functions: exact for functions linear in each cell."""
        return self._lumped

    @cached_property
    def normals(self) -> Float[Tensor, "n dim"]:  # type: ignore[override]
        return boundary_normals(self._coords, self.cells)

    @cached_property
    def edges(self) -> Int[Tensor, "e 2"]:
        """Pairs of nodes that a cell joins, the smaller number first, each once."""
        return cell_sides(self.cells).T.sort(dim=1).values.unique(dim=0)

    def __str__(self) -> str:
        return f"Mesh({len(self)} nodes, {len(self.cells)} {self.kind} cells)"


def mesh_edges(mesh: Unstructured, loops: bool = False) -> Int[Tensor, "2 edges"]:
    """Edges between nodes that a cell joins.

    Raises:
        ValueError: The domain is a cloud, which has no cells.
    """
    if not isinstance(mesh, Mesh):
        raise ValueError(
            f"edges of cells need a Mesh, got a {type(mesh).__name__}: use radius_edges, "
            "nearest_edges or delaunay_edges"
        )
    return both_ways(mesh.edges.T, len(mesh), loops)
