"""Files of meshes as meshio reads them, told from their content."""

import contextlib
import io
import re
import struct
import warnings
from pathlib import Path
from typing import Any

from fredholm.data.source import reading
from fredholm.errors import DataError
from fredholm.extras import require

SUFFIXES = (".vtu", ".vtk", ".msh", ".xdmf", ".xmf", ".stl")
"""How names of files of meshes end."""

_KINDS = {"vtu": "VTU", "vtk": "legacy VTK", "gmsh": "Gmsh", "xdmf": "XDMF", "stl": "STL"}
_VTK = {"4": "polyline", "6": "triangle strip", "8": "pixel", "11": "voxel"}
_START = 1024


def mesh_format(path: Path, start: bytes | None = None) -> str | None:
    """Which of the formats a file has, by meshio's name for it; None where it has none of them.

    Args:
        path: The file.
        start: Its first kilobyte, where somebody has read it.
    """
    if start is None:
        with path.open("rb") as file:
            start = file.read(_START)
    head = start.lstrip(b"\xef\xbb\xbf \r\n\t")
    if b"<VTKFile" in start:
        return "vtu"
    if head.startswith(b"# vtk DataFile"):
        return "vtk"
    if head.startswith(b"$MeshFormat"):
        return "gmsh"
    if b"<Xdmf" in start:
        return "xdmf"
    return "stl" if head.startswith(b"solid") or _is_binary_stl(path, start) else None


def read_raw(path: Path) -> Any:
    """The file as a `meshio.Mesh`.

    Raises:
        DataError: It does not exist, is damaged, or has none of the formats.
        MissingExtra: meshio is not installed.
    """
    if not path.is_file():
        raise DataError(f"{path} does not exist" if not path.exists() else f"{path} is no file")
    kind = mesh_format(path)
    if kind is None:
        raise DataError(
            f"{path} is no file of a mesh; {', '.join(_KINDS.values())} ({', '.join(SUFFIXES)}) "
            "are read"
        )
    reader = require(f"meshio.{kind}", f"reading {_KINDS[kind]} files", "mesh")
    said = io.StringIO()
    # meshio prints what it thinks, which would spoil the output of a command, and has overflows of
    # its own in telling text from binary files.
    with (
        warnings.catch_warnings(),
        reading(path, _KINDS[kind]),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
    ):
        warnings.simplefilter("ignore")
        try:
            raw = reader.read(str(path))
        except ValueError as error:
            if "point_data" in str(error):
                told = f"{path}: a field does not have one value per node: {error}"
                raise DataError(told) from error
            raise
    _refuse_losses(path, said.getvalue())
    if not len(raw.points):
        raise DataError(f"{path} holds no points")
    return raw


def _refuse_losses(path: Path, said: str) -> None:
    """Makes sure that nothing was left out in reading.

    Raises:
        DataError: meshio said so, and went on.
    """
    unknown = re.search(r"cannot handle \(type (\d+)\)", said)
    if unknown:
        kind = _VTK.get(unknown[1], f"VTK type {unknown[1]}")
        raise DataError(f"{path} has cells of type {kind}, which are not read; triangulate them")
    if "Skipping" in said:
        raise DataError(f"{path} is damaged: {' '.join(said.split())[:160]}")


def _is_binary_stl(path: Path, start: bytes) -> bool:
    """Whether the size is what the number of triangles, behind a header of 80 bytes, says."""
    if len(start) < 84:
        return False
    return path.stat().st_size == 84 + 50 * struct.unpack("<I", start[80:84])[0]
