"""Small files of meshes, as other programs would write them."""

from pathlib import Path

import meshio
import numpy as np

SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0.5, 0.5]], dtype=float)
FAN = [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]


def fan(
    path: Path,
    *,
    corner: float = 1.0,
    scale: float = 1.0,
    fields: dict[str, np.ndarray] | None = None,
    **more: object,
) -> Path:
    """A square of four triangles, with one corner moved, and u = x + 2y and source = scale x."""
    path.parent.mkdir(parents=True, exist_ok=True)
    points = SQUARE.copy()
    points[2] *= corner
    values = {"u": points[:, 0] + 2 * points[:, 1], "source": scale * points[:, 0]}
    values = values if fields is None else fields
    write(path, points, [("triangle", FAN)], point_data=values, **more)
    return path


def write(path: Path, points: np.ndarray, cells: list, **more: object) -> Path:
    """A file of a mesh in three dimensions, as VTU demands."""
    full = np.zeros((len(points), 3))
    full[:, : points.shape[1]] = points
    mesh = meshio.Mesh(full, [(kind, np.array(c)) for kind, c in cells], **more)
    mesh.write(path, file_format="gmsh" if path.suffix == ".msh" else None)
    return path


def folder(path: Path, count: int = 4, **more: object) -> Path:
    """Files with different shapes and sources."""
    path.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        fan(path / f"case_{number}.vtu", corner=1 + 0.1 * number, scale=1.0 + number, **more)
    return path
