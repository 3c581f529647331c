"""Linear finite elements on meshes of simplices: gradients and matrices.

φᵢ is the function that is one at node i, zero at the others and linear in each cell. The matrices
are SciPy's sparse matrices in float64; a mesh remembers them: `mesh.remembered(mass)`.
"""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from scipy import sparse
from torch import Tensor

from fredholm.domains.meshes.mesh import Mesh
from fredholm.domains.points.stack import Stack


def basis_gradients(mesh: Mesh) -> Float[Tensor, "m corners dim"]:
    """∇φ of the corners of each cell, constant in the cell.

    On a surface they are tangent to it.
    """
    corners = mesh.coords[mesh.cells]
    sides = corners[:, 1:] - corners[:, :1]
    others = torch.linalg.solve(sides @ sides.mT, sides)
    return torch.cat([-others.sum(1, keepdim=True), others], dim=1)


def mass(mesh: Mesh) -> sparse.csr_array:
    """Mᵢⱼ = ∫ φᵢ φⱼ dx."""
    corners = mesh.cells.shape[1]
    local = (1 + torch.eye(corners, dtype=torch.float64)) / (corners * (corners + 1))
    return assembled(mesh, mesh.volumes[:, None, None] * local)


def stiffness(mesh: Mesh) -> sparse.csr_array:
    """Aᵢⱼ = ∫ ∇φᵢ · ∇φⱼ dx."""
    slopes = mesh.remembered(basis_gradients)
    return assembled(mesh, mesh.volumes[:, None, None] * (slopes @ slopes.mT))


def slope(mesh: Mesh, axis: int) -> sparse.csr_array:
    """Gᵢⱼ = ∫ φᵢ ∂φⱼ/∂x dx for one coordinate x.

    Args:
        mesh: The mesh.
        axis: Number of the coordinate.
    """
    slopes = mesh.remembered(basis_gradients)[:, None, :, axis]
    corners = mesh.cells.shape[1]
    share = (mesh.volumes / corners)[:, None, None]
    return assembled(mesh, (share * slopes).expand(-1, corners, -1))


def assembled(mesh: Mesh, local: Float[Tensor, "m corners corners"]) -> sparse.csr_array:
    """The matrix of the mesh that the matrices of its cells add up to."""
    corners = mesh.cells.shape[1]
    cells = mesh.cells.numpy()
    rows = np.repeat(cells, corners, axis=1).ravel()
    columns = np.tile(cells, (1, corners)).ravel()
    size = (len(mesh), len(mesh))
    return sparse.coo_array((local.numpy().ravel(), (rows, columns)), shape=size).tocsr()


def meshes_of(domains: Stack) -> tuple[Mesh, ...]:
    """The domains of a batch, which must be meshes.

    Raises:
        ValueError: One of them has no cells.
    """
    meshes = tuple(member for member in domains if isinstance(member, Mesh))
    if len(meshes) < len(domains):
        other = next(member for member in domains if not isinstance(member, Mesh))
        raise ValueError(f"finite elements need the cells of a mesh, got a {other}")
    return meshes


def batched_cells(domains: Stack) -> Int[Tensor, "cells corners"]:
    """The cells of all meshes of a batch, in the numbering of `Stack.flat`.

    Raises:
        ValueError: A domain has no cells.
    """
    return torch.cat([mesh.cells + at for mesh, at in zip(meshes_of(domains), domains.starts)])


def in_cells(domains: Stack, make: Callable[[Mesh], Tensor]) -> Float[Tensor, "cells *c"]:
    """A quantity of cells, `make(mesh)` of shape (cells, *c), one mesh after the other.

    Raises:
        ValueError: A domain has no cells.
    """
    return torch.cat([mesh.remembered(make) for mesh in meshes_of(domains)])


def volumes(mesh: Mesh) -> Float[Tensor, "m"]:
    """Length, area or volume of each cell."""
    return mesh.volumes
