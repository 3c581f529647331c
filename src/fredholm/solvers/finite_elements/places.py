"""Where weak forms are integrated: the cells of a mesh and the parts of its boundary."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from fredholm.domains import Mesh, Region, refined
from fredholm.errors import EquationError
from fredholm.extras import require


@dataclass(frozen=True, eq=False)
class Elements:
    """Lagrange basis functions of one order in the cells of a place.

    Args:
        jets: Their values, then their derivatives along each coordinate, at the quadrature points.
        dofs: Numbers of the basis functions in each cell. The first ones are those of the nodes of
            the mesh, in its order.

    Shapes:
        jets (1 + dim, cells, points, basis), dofs (cells, basis).
    """

    jets: Float[Tensor, "rows cells points basis"]
    dofs: Int[Tensor, "cells basis"]


@dataclass(frozen=True, eq=False)
class Place:
    """Quadrature points with weights, and the elements there.

    Args:
        points: Coordinates.
        weights: Quadrature weights.
        normals: Outward unit normals; None inside.
        elements: By their order.

    Shapes:
        points (cells, points, dim), weights (cells, points), normals (cells, points, dim).
    """

    points: Float[Tensor, "cells points dim"]
    weights: Float[Tensor, "cells points"]
    normals: Float[Tensor, "cells points dim"] | None
    elements: dict[int, Elements]


@dataclass(frozen=True, eq=False)
class Space:
    """The functions on a mesh that are polynomials of one order in each cell.

    Args:
        locations: Points at which the basis functions are one; those of the nodes come first.
        corners, shares: A function that is linear in each cell has at location i the value
            Σⱼ shares[i, j] f(corners[i, j]).

    Shapes:
        locations (count, dim), corners (count, dim + 1), shares (count, dim + 1).
    """

    locations: Float[Tensor, "count dim"]
    corners: Int[Tensor, "count k"]
    shares: Float[Tensor, "count k"]

    def __len__(self) -> int:
        return len(self.locations)

    def raised(self, nodal: Float[Tensor, "nodes"]) -> Float[Tensor, "count"]:
        """The coefficients of a function that is linear in each cell, from its nodal values."""
        return (self.shares * nodal[self.corners]).sum(dim=-1)

    @cached_property
    def halved(self) -> Int[Tensor, "count"]:
        """The coefficients in the order of the nodes of the mesh with halved edges.

        A function of second order is known by its values there; one of first order has no others
        than those of the nodes.
        """
        middle = (self.shares > 0.25).sum(dim=1) == 2
        pairs = self.corners[middle][self.shares[middle] > 0.25].reshape(-1, 2).sort(dim=1).values
        keys = pairs[:, 0] * len(self) + pairs[:, 1]
        return torch.cat([(~middle).nonzero()[:, 0], middle.nonzero()[:, 0][keys.argsort()]])


class ElementMesh:
    """A mesh and what finite elements need of it, which is computed once.

    Args:
        mesh: Its cells fill space.
        region: Cells at its curved boundary are bent, by polynomials of second order.

    Raises:
        EquationError: The mesh is a surface.
        MissingExtra: scikit-fem is not installed.
    """

    def __init__(self, mesh: Mesh, region: Region | None = None) -> None:
        if mesh.dim != mesh.cells.shape[1] - 1:
            raise EquationError(
                f"equations are solved on meshes that fill space, not on {mesh.kind} cells in "
                f"{mesh.dim} dimensions"
            )
        self.mesh, self._skfem = mesh, require("skfem", "solving on a mesh", "mesh")
        kind, first, second = {
            "line": ("MeshLine", "ElementLineP1", "ElementLineP2"),
            "triangle": ("MeshTri", "ElementTriP1", "ElementTriP2"),
            "tetra": ("MeshTet", "ElementTetP1", "ElementTetP2"),
        }[mesh.kind]
        nodes, cells = (table.T.contiguous().numpy() for table in (mesh.coords, mesh.cells))
        self._cells = getattr(self._skfem, kind)(nodes, cells, validate=False)
        self._elements = {1: getattr(self._skfem, first)(), 2: getattr(self._skfem, second)()}
        # Instance caches, which go with the level: a data set has thousands of meshes.
        self.place = cache(self._place)
        self.space = cache(self._space)
        self.on = cache(self._on)
        if region is not None and mesh.dim > 1:
            places = np.empty((mesh.dim, len(self._space(2))))
            places[:, self._space(2).halved] = refined(mesh, onto=region).coords.T
            bent = {2: self._skfem.MeshTri2, 3: self._skfem.MeshTet2}[mesh.dim]
            self._cells = bent(places, self._cells.t, validate=False)

    def _place(self, part: str | None, orders: tuple[int, ...]) -> Place:
        """The cells, or the facets of a part of the boundary, with elements of some orders.

        The quadrature is exact for polynomials of degree 2 m + 2, where m is the highest order.
        """
        bases = {order: self._basis(part, order, 2 * max(orders) + 2) for order in orders}
        (basis, *_) = bases.values()
        points = _last(np.asarray(basis.global_coordinates()))
        normals = None if part is None else _last(basis.normals)
        weights = torch.from_numpy(np.array(basis.dx))
        return Place(points, weights, normals, {m: _table(b) for m, b in bases.items()})

    def _space(self, order: int) -> Space:
        """The space of an order."""
        basis, linear = (self._basis(None, m, 2) for m in (order, 1))
        at, (corner, *others) = (
            torch.from_numpy(np.array(self._elements[m].doflocs)) for m in (order, 1)
        )
        # Barycentric coordinates of the places in the reference cell, whose corners span it.
        sides = torch.stack([other - corner for other in others])
        rest = torch.linalg.solve(sides.T, (at - corner).T).T
        shares = torch.cat([1 - rest.sum(1, keepdim=True), rest], dim=1)
        dofs, corners = (
            torch.from_numpy(np.array(b.element_dofs.T)).long() for b in (basis, linear)
        )
        known = torch.zeros(basis.N, corners.shape[1], dtype=torch.long)
        known_shares = torch.zeros(known.shape, dtype=torch.float64)
        for column, share in zip(dofs.T, shares):
            known[column], known_shares[column] = corners, share
        return Space(torch.from_numpy(np.array(basis.doflocs.T)), known, known_shares)

    def _on(self, part: str, order: int) -> Int[ndarray, "k"]:
        """The basis functions that do not vanish on a part."""
        dofs = self._basis(None, order, 2).get_dofs(_numbers(self._cells, self.mesh.facets[part]))
        return np.array(dofs.all(), dtype=np.int64)

    def _basis(self, part: str | None, order: int, degree: int) -> Any:
        if part is None:
            return self._skfem.CellBasis(self._cells, self._elements[order], intorder=degree)
        facets = _numbers(self._cells, self.mesh.facets[part])
        return self._skfem.FacetBasis(
            self._cells, self._elements[order], facets=facets, intorder=degree
        )


def _numbers(cells: Any, facets: Int[Tensor, "f k"]) -> Int[ndarray, "f"]:
    """The numbers that scikit-fem gives to facets."""
    known, wanted = np.sort(cells.facets, axis=0), facets.sort(dim=1).values.T.numpy()
    size = cells.p.shape[1]
    keys = [sum(row * size**i for i, row in enumerate(rows)) for rows in (known, wanted)]
    order = np.argsort(keys[0])
    return order[np.searchsorted(keys[0], keys[1], sorter=order)]


def _table(basis: Any) -> Elements:
    jets = [
        np.concatenate([np.broadcast_to(f, basis.dx.shape)[None], f.grad]) for (f,) in basis.basis
    ]
    return Elements(
        torch.from_numpy(np.stack(jets, axis=-1)),
        torch.from_numpy(np.array(basis.element_dofs.T, dtype=np.int64)),
    )


def _last(rows: Float[ndarray, "dim cells points"]) -> Float[Tensor, "cells points dim"]:
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(rows, 0, -1)))
