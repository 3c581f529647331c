"""Cells of other kinds cut into intervals, triangles and tetrahedra."""

import re
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int


class Shape(NamedTuple):
    """A kind of cell: its dimension, its number of corners and, of a solid, its faces."""

    dim: int
    corners: int
    faces: tuple[tuple[int, ...], ...] = ()


SHAPES = {
    "vertex": Shape(0, 1),
    "line": Shape(1, 2),
    "triangle": Shape(2, 3),
    "quad": Shape(2, 4),
    "tetra": Shape(3, 4, ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))),
    "pyramid": Shape(3, 5, ((0, 1, 2, 3), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4))),
    "wedge": Shape(3, 6, ((0, 1, 2), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5))),
    "hexahedron": Shape(
        3,
        8,
        ((0, 1, 2, 3), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
    ),
}
"""Kinds of cells that are understood, with their corners in the order of VTK."""

PLURALS = {"quad": "quads", "hexahedron": "hexahedra", "wedge": "wedges", "pyramid": "pyramids"}
_LONG = {"curve": "line", "quadrilateral": "quad", "tetrahedron": "tetra"}


def corners(kind: str, cells: Int[np.ndarray, "m k"]) -> tuple[str, Int[np.ndarray, "m c"]] | None:
    """The plain kind of cells and their corners; None where the kind is not understood.

    Nodes in the middle of sides, faces and cells, which come after the corners, are left out.
    """
    word = re.sub(r"^vtk_lagrange_|\d+$", "", kind.lower())
    plain = _LONG.get(word, word)
    return (plain, cells[:, : SHAPES[plain].corners]) if plain in SHAPES else None


def simplices(
    kind: str, cells: Int[np.ndarray, "m c"], points: Float[np.ndarray, "n d"] | None = None
) -> tuple[Int[np.ndarray, "s k"], Int[np.ndarray, "s"]]:
    """Cells cut into simplices without new nodes, and the number of the cell that each is part of.

    A solid is cut from the corner with the smallest number, and so is each of its faces: cells that
    share a face cut it in the same way.

    Args:
        kind: A key of `SHAPES`.
        cells: Numbers of the corners.
        points: Coordinates; where they are given, quads are cut along the diagonal that leaves the
            larger smallest triangle, so that one with a reflex corner is cut there. Quads that are
            faces of solids have no choice.

    Reference:
        Dompierre et al., Proc. 8th International Meshing Roundtable, 1999 (the smallest number).
    """
    every = np.arange(len(cells))
    if kind == "quad":
        first = cells.argmin(1) if points is None else _better_corner(cells, points)
        return np.concatenate(_fan(cells, first)), np.concatenate([every, every])
    if len(SHAPES[kind].faces) in (0, 4):
        return cells, every
    smallest = cells.min(1)
    pieces, parents = [], []
    for face in SHAPES[kind].faces:
        sides = cells[:, face]
        away = every[(sides != smallest[:, None]).all(1)]
        chosen = sides[away]
        triangles = _fan(chosen, chosen.argmin(1)) if len(face) == 4 else (chosen,)
        for triangle in triangles:
            pieces.append(np.concatenate([smallest[away, None], triangle], axis=1))
            parents.append(away)
    return np.concatenate(pieces), np.concatenate(parents)


def _fan(
    quads: Int[np.ndarray, "m 4"], first: Int[np.ndarray, "m"]
) -> tuple[Int[np.ndarray, "m 3"], Int[np.ndarray, "m 3"]]:
    """The two triangles on either side of the diagonal from a corner."""
    turned = np.take_along_axis(quads, (first[:, None] + np.arange(4)) % 4, axis=1)
    return turned[:, [0, 1, 2]], turned[:, [0, 2, 3]]


def _better_corner(
    quads: Int[np.ndarray, "m 4"], points: Float[np.ndarray, "n d"]
) -> Int[np.ndarray, "m"]:
    """0 or 1: where the diagonal begins whose smaller triangle is the larger one."""
    at = np.zeros((*quads.shape, 3))
    at[..., : points.shape[1]] = points[quads]
    # The diagonals' product is normal to the quad: areas against it are those of folded triangles.
    normal = np.cross(at[:, 2] - at[:, 0], at[:, 3] - at[:, 1])

    def least(first: int) -> Float[np.ndarray, "m"]:
        a, b, c, d = (at[:, (first + k) % 4] for k in range(4))
        doubles = (np.cross(b - a, c - a), np.cross(c - a, d - a))
        return np.minimum(*((double * normal).sum(-1) for double in doubles))

    return (least(1) > least(0) * (1 + 1e-9)).astype(np.int64)
