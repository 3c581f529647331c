"""Meshes from meshes by halving all edges, and from grids by cutting their boxes."""

import itertools

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.domains.geometry import Region
from fredholm.domains.grid import Grid
from fredholm.domains.meshes.mesh import Mesh

_PROJECTIONS = 3
_SIDES = ("left", "right", "bottom", "top", "back", "front")


def refined(mesh: Mesh, *, onto: Region | None = None) -> Mesh:
    """The mesh with all edges halved: 2, 4 or 8 cells of each; nodes keep their numbers.

    Functions that are linear in the cells of the mesh are so in those of the result: the two are
    nested, unless nodes are moved to a curved boundary.

    Args:
        mesh: Intervals, triangles or tetrahedra.
        onto: New nodes of the boundary are moved along its normals to that of this region.

    Raises:
        ValueError: The region has another number of coordinates than the mesh.
    """
    edges, count = mesh.edges, len(mesh)
    nodes = torch.cat([mesh.coords, mesh.coords[edges].mean(dim=1)])
    keys = edges[:, 0] * count + edges[:, 1]

    def middle(pairs: Int[Tensor, "*m 2"]) -> Int[Tensor, "*m"]:
        pairs = pairs.sort(dim=-1).values
        return count + torch.searchsorted(keys, pairs[..., 0] * count + pairs[..., 1])

    cells = _halved(mesh.cells, middle, nodes)
    parts = {part: _halved(facets, middle, nodes) for part, facets in mesh.facets.items()}
    if onto is not None:
        new = torch.cat([*parts.values()]).unique()
        new = new[new >= count]
        nodes[new] = _on_boundary(nodes[new], onto)
    return Mesh(nodes, cells, parts=parts, names=mesh.names, units=mesh.units)


def _halved(cells: Int[Tensor, "m k"], middle, nodes: Float[Tensor, "n dim"]) -> Tensor:
    """The simplices that the halved edges of others make."""
    corners = cells.shape[1]
    if corners == 1:
        return cells
    pairs = list(itertools.combinations(range(corners), 2))
    between = {pair: middle(cells[:, list(pair)]) for pair in pairs}

    def at(i: int, j: int) -> Int[Tensor, "m"]:
        return cells[:, i] if i == j else between[min(i, j), max(i, j)]

    # The corner i with the middles of its edges; of an interval and a triangle that is almost all.
    pieces = [torch.stack([at(i, j) for j in range(corners)], dim=1) for i in range(corners)]
    if corners == 3:
        pieces.append(torch.stack([at(0, 1), at(1, 2), at(0, 2)], dim=1))
    if corners == 4:
        pieces += _octahedra(between, nodes)
    return torch.stack(pieces, dim=1).flatten(0, 1)


def _octahedra(between: dict[tuple[int, int], Tensor], nodes: Tensor) -> list[Tensor]:
    """What is left of tetrahedra without their corners, cut along the shortest diagonal."""
    opposite = [((0, 1), (2, 3)), ((0, 2), (1, 3)), ((0, 3), (1, 2))]
    lengths = torch.stack(
        [
            torch.linalg.vector_norm(nodes[between[a]] - nodes[between[b]], dim=1)
            for a, b in opposite
        ],
        dim=1,
    )
    # Which of the diagonals that are equal in exact arithmetic is taken must not hang on rounding.
    shortest = (lengths <= lengths.amin(1, keepdim=True) * (1 + 1e-9)).to(torch.int).argmax(dim=1)
    cut = []
    for axis in range(3):
        (first, second), ring = opposite[axis], opposite[axis - 2] + opposite[axis - 1]
        around = [between[ring[i]] for i in (0, 2, 1, 3)]
        cut.append(
            torch.stack(
                [
                    torch.stack([between[first], between[second], a, b], dim=1)
                    for a, b in zip(around, [*around[1:], around[0]])
                ]
            )
        )
    chosen = torch.stack(cut)[shortest, :, torch.arange(len(shortest))]
    return list(chosen.unbind(dim=1))


def _on_boundary(points: Float[Tensor, "n dim"], region: Region) -> Float[Tensor, "n dim"]:
    """The points moved along the gradient of the distance until they lie on the boundary."""
    for _ in range(_PROJECTIONS):
        points = points.detach().requires_grad_()
        gap = region.signed_distance(points)
        (slope,) = torch.autograd.grad(gap.sum(), points)
        points = points - gap[:, None] * slope
    return points.detach()


def mesh_of_grid(grid: Grid) -> Mesh:
    """The points of a grid, joined to simplices; parts are the sides of the box.

    Each box between neighbouring points is cut into 2 triangles or 6 tetrahedra along one diagonal.
    The nodes are those of the grid in its order, the last axis fastest.

    Args:
        grid: One to three axes with samples at both ends.

    Raises:
        ValueError: A periodic axis, one without samples at its ends, or more than three axes.

    Reference:
        Kuhn, IBM J. Res. Dev. 4, 1960 (the simplices of a cube).
    """
    for axis in grid.axes:
        ends = axis.points()[[0, -1]].tolist()
        if axis.periodic or ends != [axis.start, axis.stop] or axis.size < 2:
            raise ValueError(f"a mesh needs samples at both ends of each axis, got {axis}")
    if grid.dim > 3:
        raise ValueError(f"meshes have one to three dimensions, got the grid {grid}")
    numbers = torch.arange(len(grid.points().flatten(0, -2))).reshape(grid.shape)
    parts = {}
    for axis in range(grid.dim):
        for side, place in zip(_SIDES[2 * axis :], (0, -1)):
            parts[side] = _simplices(numbers.select(axis, place))
    nodes = grid.points().flatten(0, -2)
    units = tuple(axis.units for axis in grid.axes)
    return Mesh(nodes, _simplices(numbers), parts=parts, names=grid.names, units=units)


def _simplices(numbers: Int[Tensor, "*points"]) -> Int[Tensor, "m k"]:
    """The simplices of all boxes between neighbours: one for each order in which to go along axes.

    Those of a side are facets of those of the whole.
    """
    cells = []
    for order in itertools.permutations(range(numbers.ndim)):
        corner = [0] * numbers.ndim
        path = [_corners(numbers, corner)]
        for axis in order:
            corner[axis] = 1
            path.append(_corners(numbers, corner))
        cells.append(torch.stack(path, dim=-1))
    return torch.cat(cells)


def _corners(numbers: Int[Tensor, "*points"], corner: list[int]) -> Int[Tensor, "boxes"]:
    """The numbers of one corner of every box between neighbouring points."""
    cut = tuple(slice(1, None) if c else slice(None, -1) for c in corner)
    return numbers[cut].reshape(-1)
