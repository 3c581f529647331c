"""One file for each cloud: arrays of its points in an `.npz` archive, or a text table."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from fredholm.data.readers.mesh_file import MeshFile
from fredholm.data.source import reading
from fredholm.data.table import read_table
from fredholm.domains import PointCloud
from fredholm.errors import DataError, did_you_mean

TABLES = (".txt", ".csv", ".dat")
ARCHIVES = (".npz",)
_COORDINATES = ("pos", "position", "positions", "points", "coords", "coordinates", "xy", "xyz")
_TOP = 40
"""Lines within which a table has its first row."""
_NORMALS = ("normals", "normal")


def read_cloud(path: Path, coordinates: Sequence[str] = ()) -> MeshFile:
    """The points of a file and all its functions there.

    In an archive, arrays of truth values are parts of the boundary, `normals` are what they say,
    and single numbers belong to the cloud as a whole.

    Args:
        path: An archive or a table.
        coordinates: Names of the arrays of an archive that hold the coordinates, by default the
            one called pos, points, coords or the like.

    Raises:
        DataError: Damaged, or without coordinates.
    """
    if path.suffix.lower() in ARCHIVES:
        return _of_archive(path, coordinates)
    if coordinates:
        raise DataError(f"{path} names its coordinates itself: x, y, z; leave coordinates out")
    return _of_table(path)


def is_cloud(path: Path) -> bool:
    """Whether a file may hold a cloud: an archive, or a text with a row of numbers near its top."""
    suffix = path.suffix.lower()
    if suffix not in TABLES or not path.is_file():
        return suffix in ARCHIVES
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(_is_row(line) for line in islice(file, _TOP))


def _is_row(line: str) -> bool:
    words = line.replace(",", " ").split()
    try:
        return len([float(word) for word in words]) > 1
    except ValueError:
        return False


def _of_table(path: Path) -> MeshFile:
    table = read_table(path)
    dim = table.points.shape[1]
    names = table.names[:dim]
    if "t" in names:
        raise DataError(
            f"{path} holds several times: keep one in each file, or read it by `read_table`"
        )
    cloud = PointCloud(table.points, names=names)
    fields = {name: table.values[:, k : k + 1].numpy() for k, name in enumerate(table.names[dim:])}
    return MeshFile(cloud, fields, (), {})


def _of_archive(path: Path, coordinates: Sequence[str]) -> MeshFile:
    with reading(path, "NumPy archive"), np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    names = coordinates or [name for name in arrays if name.lower() in _COORDINATES][:1]
    for name in names:
        if name not in arrays:
            raise DataError(f"{path} has no array {name!r}; {did_you_mean(name, list(arrays))}")
    if not names:
        raise DataError(
            f"{path}: cannot tell the coordinates among {', '.join(arrays) or 'no arrays'}; name "
            "them, for instance coordinates='pos'"
        )
    points = np.concatenate([arrays[name].reshape(len(arrays[name]), -1) for name in names], 1)
    size, fields, numbers, parts, notes = len(points), {}, {}, {}, []
    normals = None
    for name, array in arrays.items():
        if name in names:
            continue
        if array.size == 1 and array.dtype.kind in "fiub":
            numbers[name] = float(array.ravel()[0])
        elif array.dtype.kind not in "fiub" or len(array) != size:
            notes.append(f"{name} {array.shape} has no row for each point and was left out")
        else:
            if array.dtype.kind == "b":
                parts[name] = torch.from_numpy(array.ravel()).nonzero()[:, 0]
            if name.lower() in _NORMALS and array.shape == points.shape:
                normals = torch.from_numpy(array.astype(np.float64))
            kind = np.float32 if array.dtype == np.float32 else np.float64
            fields[name] = array.astype(kind).reshape(size, -1)
    try:
        cloud = PointCloud(
            torch.from_numpy(points.astype(np.float64)), parts=parts, normals=normals
        )
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
    return MeshFile(cloud, fields, tuple(notes), numbers)
