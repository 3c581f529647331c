"""The points, cells and boundary of a file of a mesh."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from fredholm.data.readers.simplices import PLURALS, SHAPES, corners, simplices
from fredholm.domains import Mesh, PointCloud
from fredholm.domains.meshes.facets import cell_facets, row_numbers
from fredholm.errors import DataError

_FLAT = 1e-9
"""Spread of a coordinate relative to the largest one below which all points lie in a plane."""
TAGS = ("gmsh:physical", "medit:ref", "part", "boundary")
"""Cell data whose numbers tell parts of the boundary apart."""
MASK = "part:"
"""Prefix of cell data that are one on the part of the boundary that they name."""
_NAMES = ("vertices", "lines", "faces", "solids")


class Block(NamedTuple):
    """Cells of one kind: the number of their block in the file, and their corners."""

    number: int
    kind: str
    cells: Int[np.ndarray, "m c"]


@dataclass(frozen=True, eq=False)
class Geometry:
    """What a file says about where its functions live.

    Args:
        domain: The mesh, or a cloud where the file has no cells.
        nodes: Number in the file of each node.
        axes: Which of the file's coordinates the mesh has.
        blocks: Numbers of the blocks that its cells came from.
        parents: Number of the cell among those of the blocks, for each cell of the mesh.
        notes: Sentences on what was changed.
    """

    domain: Mesh | PointCloud
    nodes: Int[np.ndarray, "n"]
    axes: tuple[int, ...]
    blocks: tuple[int, ...]
    parents: Int[np.ndarray, "m"]
    notes: tuple[str, ...]


def fingerprint(raw: Any) -> str:
    """A hash of the points, the cells and the names of their parts: equal for equal meshes."""
    content = hashlib.sha256(np.ascontiguousarray(raw.points).tobytes())
    for number, block in enumerate(raw.cells):
        content.update(block.type.encode())
        content.update(np.asarray(block.data).tobytes())
        for name in sorted(raw.cell_data):
            if name in TAGS or name.startswith(MASK):
                content.update(name.encode() + np.asarray(raw.cell_data[name][number]).tobytes())
    for name, tag in _physical_names(raw).items():
        content.update(f"{name}{tag}".encode())
    return content.hexdigest()


def geometry(path: Path, raw: Any) -> Geometry:
    """The mesh of a file.

    Raises:
        DataError: It has cells that cannot be cut, or they do not fit together.
    """
    notes: list[str] = []
    blocks = _plain(path, raw, notes)
    top = max((SHAPES[block.kind].dim for block in blocks), default=0)
    whole = [block for block in blocks if SHAPES[block.kind].dim == top]
    points = np.asarray(raw.points, dtype=np.float64)
    if top == 0:
        return _cloud(path, points, notes)
    pieces = [simplices(b.kind, b.cells, points if top == 2 else None) for b in whole]
    cells = np.concatenate([piece for piece, _ in pieces])
    first = np.cumsum([0, *(len(block.cells) for block in whole)])
    parents = np.concatenate([parent + start for (_, parent), start in zip(pieces, first)])
    cut = [PLURALS[b.kind] for b in whole if b.kind in PLURALS]
    if cut:
        notes.append(
            f"{', '.join(dict.fromkeys(cut))} were cut into {('triangles', 'tetrahedra')[top - 2]}"
        )
    nodes, cells = _used(cells, len(points), notes)
    axes = _axes(points[nodes], top, notes)
    parts = dict(_parts(path, raw, blocks, top, notes))
    number = np.full(len(points), -1)
    number[nodes] = np.arange(len(nodes))
    try:
        mesh = Mesh(
            torch.from_numpy(points[nodes][:, axes]),
            torch.from_numpy(cells),
            parts=_boundary(path, cells, {k: number[f] for k, f in parts.items()}, notes),
            names=["xyz"[axis] for axis in axes],
        )
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
    return Geometry(mesh, nodes, axes, tuple(b.number for b in whole), parents, tuple(notes))


def _plain(path: Path, raw: Any, notes: list[str]) -> list[Block]:
    """The blocks of cells of kinds that are understood, without middle nodes."""
    blocks = []
    for number, block in enumerate(raw.cells):
        found = None
        if isinstance(block.data, np.ndarray) and block.data.ndim == 2:
            found = corners(block.type, block.data.astype(np.int64))
        if found is None:
            raise DataError(
                f"{path} has cells of type {block.type}, which are not cut into simplices; "
                f"triangulate them first ({', '.join(SHAPES)} are read)"
            )
        kind, cells = found
        if cells.size and not 0 <= cells.min() <= cells.max() < len(raw.points):
            raise DataError(
                f"{path}: a {kind} names the nodes {cells.min()} to {cells.max()}, the file has "
                f"{len(raw.points)} nodes"
            )
        if cells.shape[1] < block.data.shape[1]:
            notes.append(f"of {block.type} cells only the corners are kept")
        if len(cells):
            blocks.append(Block(number, kind, cells))
    return blocks


def _cloud(path: Path, points: Float[np.ndarray, "n d"], notes: list[str]) -> Geometry:
    axes = _axes(points, 1, notes)
    try:
        cloud = PointCloud(torch.from_numpy(points[:, axes]), names=["xyz"[axis] for axis in axes])
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
    notes.append("no cells: the points are a cloud")
    return Geometry(cloud, np.arange(len(points)), axes, (), np.zeros(0, int), tuple(notes))


def _used(
    cells: Int[np.ndarray, "m k"], total: int, notes: list[str]
) -> tuple[Int[np.ndarray, "n"], Int[np.ndarray, "m k"]]:
    """Numbers of the nodes that are corners of a cell, and the cells in the numbering of those."""
    nodes, flat = np.unique(cells, return_inverse=True)
    if len(nodes) < total:
        notes.append(f"{total - len(nodes)} nodes are corners of no cell and were left out")
    return nodes, flat.reshape(cells.shape)


def _axes(points: Float[np.ndarray, "n d"], top: int, notes: list[str]) -> tuple[int, ...]:
    """The coordinates that differ between the points, and at least as many as cells need."""
    spread = np.ptp(points, axis=0)
    flat = [k for k in reversed(range(len(spread))) if spread[k] <= _FLAT * spread.max()]
    dropped = sorted(flat[: len(spread) - top])
    if dropped:
        where = ", ".join(f"{'xyz'[k]} = {points[0, k]:g}" for k in dropped)
        notes.append(f"all points have {where}, which is no coordinate")
    return tuple(k for k in range(len(spread)) if k not in dropped)


def _physical_names(raw: Any) -> dict[str, tuple[int, int]]:
    """Tag and dimension of each named group of cells."""
    pairs = {name: np.ravel(np.asarray(pair)) for name, pair in raw.field_data.items()}
    return {
        name: (int(pair[0]), int(pair[1]))
        for name, pair in pairs.items()
        if len(pair) == 2 and pair.dtype.kind in "iu"
    }


def _parts(
    path: Path, raw: Any, blocks: list[Block], top: int, notes: list[str]
) -> Iterator[tuple[str, Int[np.ndarray, "f k"]]]:
    """Facets of each named part, from cells of one dimension less than the others."""
    lower = [block for block in blocks if SHAPES[block.kind].dim == top - 1]
    if any(0 < SHAPES[block.kind].dim < top - 1 for block in blocks):
        notes.append("lines of a mesh of solids were left out")
    names = {tag: name for name, (tag, dim) in _physical_names(raw).items() if dim == top - 1}
    facets: dict[str, list[np.ndarray]] = {}
    for block in lower:
        for name, chosen in _tagged(raw, block, names):
            sides, _ = simplices(block.kind, block.cells[chosen])
            facets.setdefault(name, []).append(sides)
    for name, pieces in facets.items():
        yield name, np.concatenate(pieces)


def _tagged(
    raw: Any, block: Block, names: dict[int, str]
) -> Iterator[tuple[str, Bool[np.ndarray, "m"]]]:
    """Names of parts, and which cells of a block belong to them; all others are no part."""
    masks = [key for key in raw.cell_data if key.startswith(MASK)]
    for key in masks:
        yield key.removeprefix(MASK), np.ravel(raw.cell_data[key][block.number]) > 0
    tag = next((key for key in TAGS if key in raw.cell_data), None)
    if masks or tag is None:
        yield "", np.full(len(block.cells), not masks)
        return
    tags = np.ravel(raw.cell_data[tag][block.number]).astype(np.int64)
    for value in np.unique(tags):
        yield names.get(int(value), f"part{value}" if value else ""), tags == value


def _boundary(
    path: Path,
    cells: Int[np.ndarray, "m k"],
    parts: dict[str, Int[np.ndarray, "f s"]],
    notes: list[str],
) -> dict[str, torch.Tensor]:
    """The named facets that belong to one cell, each in one part.

    Raises:
        DataError: Some are sides of no cell.
    """
    if not parts:
        return {}
    sides = cell_facets(torch.from_numpy(cells)).flatten(0, 1)
    tables = [
        torch.from_numpy(np.unique(np.sort(facets, axis=1), axis=0)) for facets in parts.values()
    ]
    numbers = row_numbers(torch.cat([sides, *tables]))
    cells_at = numbers[: len(sides)].bincount(minlength=int(numbers.max()) + 1)
    taken = torch.zeros(len(cells_at), dtype=torch.bool)
    named = numbers[len(sides) :].split([len(table) for table in tables])
    what = _NAMES[cells.shape[1] - 2]
    inner = repeated = 0
    result = {}
    for name, facets, keys in zip(parts, tables, named):
        lost = facets[cells_at[keys] == 0]
        if len(lost):
            raise DataError(
                f"{path}: {len(lost)} {what} of part {name or 'without name'!r} are sides of no "
                f"cell, the first joins the nodes {lost[0].tolist()}; remove them"
            )
        outer = (cells_at[keys] == 1) & bool(name)
        inner += int((cells_at[keys] > 1).sum())
        repeated += int((outer & taken[keys]).sum())
        kept = facets[outer & ~taken[keys]]
        taken[keys[outer]] = True
        if len(kept):
            result[name] = kept
    if inner:
        notes.append(f"{inner} {what} inside the mesh are no boundary and were left out")
    if repeated:
        notes.append(f"{repeated} {what} are in several parts and count for the first")
    return result
