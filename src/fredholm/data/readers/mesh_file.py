"""One file of a mesh with functions on it: VTU, legacy VTK, Gmsh, XDMF and STL."""

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from fredholm.data.readers.mesh_formats import read_raw
from fredholm.data.readers.mesh_geometry import MASK, TAGS, Geometry, fingerprint, geometry
from fredholm.domains import Mesh, PointCloud

_LABELS = ("gmsh:", "medit:", "vtk", MASK)
"""Beginnings of the names of data that number cells or nodes and are no functions."""
_TIMES = ("TimeValue", "TIME", "CYCLE")
_TENSOR = 9


class MeshFile(NamedTuple):
    """A mesh and the functions that a file has on it.

    Args:
        mesh: The mesh, or a cloud where the file has no cells.
        fields: Values at the nodes, by name.
        notes: Sentences on what was changed or left out.
        numbers: Values that belong to the file as a whole, by name.
    """

    mesh: Mesh | PointCloud
    fields: dict[str, Float[np.ndarray, "n c"]]
    notes: tuple[str, ...]
    numbers: dict[str, float]


def read_mesh(path: str | Path, *, known: MutableMapping[str, Geometry] | None = None) -> MeshFile:
    """The mesh of a file, cut into simplices, and all its functions at the nodes.

    Args:
        path: The file; its format is told from its content.
        known: Meshes of other files, by their fingerprint: an equal one is the same object, with
            all that was derived from it. A new one is added.

    Raises:
        DataError: The file is damaged, or its cells are no mesh; with the reason.
        MissingExtra: meshio is not installed.
    """
    path = Path(path)
    raw = read_raw(path)
    known = {} if known is None else known
    key = fingerprint(raw)
    if key not in known:
        known[key] = geometry(path, raw)
    place = known[key]
    notes = list(place.notes)
    fields = {
        name: _without_flat(values, place.axes)
        for name, values in {**_at_cells(raw, place, notes), **_at_nodes(raw, place, notes)}.items()
    }
    numbers = _numbers(raw, notes)
    return MeshFile(place.domain, fields, tuple(notes), numbers)


def components(name: str, count: int, axes: tuple[str, ...]) -> tuple[str, ...]:
    """Names of the components of a function: those of the coordinates for vectors and tensors."""
    if count == 1:
        return (name,)
    if count in (len(axes), 3):
        return tuple(f"{name}_{axis}" for axis in (axes if count == len(axes) else "xyz"))
    if count == _TENSOR:
        return tuple(f"{name}_{a}{b}" for a in "xyz" for b in "xyz")
    return tuple(f"{name}{k}" for k in range(count))


def _at_nodes(raw: Any, place: Geometry, notes: list[str]) -> dict[str, np.ndarray]:
    found = _numeric(raw.point_data.items(), notes)
    return {name: values[place.nodes] for name, values in found}


def _at_cells(raw: Any, place: Geometry, notes: list[str]) -> dict[str, np.ndarray]:
    """Functions that are constant in each cell, as means over the cells around each node."""
    if not isinstance(place.domain, Mesh):
        return {}
    wanted = (
        (name, np.concatenate([np.asarray(blocks[k]) for k in place.blocks]))
        for name, blocks in raw.cell_data.items()
    )
    found = {}
    volumes = place.domain.volumes.numpy()
    corners = place.domain.cells.numpy()
    for name, values in _numeric(wanted, notes):
        sums = np.zeros((len(place.nodes), values.shape[1]))
        total = np.zeros(len(place.nodes))
        for corner in corners.T:
            np.add.at(sums, corner, values[place.parents] * volumes[:, None])
            np.add.at(total, corner, volumes)
        found[name] = sums / total[:, None]
        notes.append(f"{name} is constant in cells and was averaged to the nodes")
    return found


def _numeric(arrays: Any, notes: list[str]) -> Iterator[tuple[str, Float[np.ndarray, "n c"]]]:
    """The arrays of numbers that are functions, as tables in the machine's own byte order."""
    for name, array in arrays:
        array = np.asarray(array)
        if name in TAGS or name.startswith(_LABELS):
            continue
        if array.dtype.kind not in "fiub":
            notes.append(f"{name} holds no numbers and was left out")
            continue
        single = array.dtype.kind == "f" and array.dtype.itemsize <= 4
        values = array.astype(np.float32 if single else np.float64)
        yield str(name), values.reshape(len(values), -1)


def _without_flat(
    values: Float[np.ndarray, "n c"], axes: tuple[int, ...]
) -> Float[np.ndarray, "n d"]:
    """Vectors and tensors without the components of coordinates that the mesh does not have.

    Formats demand three components of vectors in a plane too. One that is not zero is kept.
    """
    count = values.shape[1]
    if count not in (3, _TENSOR) or len(axes) == 3:
        return values
    kept = list(axes) if count == 3 else [3 * a + b for a in axes for b in axes]
    return values if np.delete(values, kept, axis=1).any() else values[:, kept]


def _numbers(raw: Any, notes: list[str]) -> dict[str, float]:
    """Single numbers beside the functions, without times."""
    arrays = {str(name): np.ravel(np.asarray(array)) for name, array in raw.field_data.items()}
    single = {k: v for k, v in arrays.items() if len(v) == 1 and v.dtype.kind in "fiub"}
    times = [name for name in single if name in _TIMES]
    if times:
        notes.append(f"{', '.join(times)} is not used: each file is a sample of its own")
    return {name: float(value[0]) for name, value in single.items() if name not in times}
