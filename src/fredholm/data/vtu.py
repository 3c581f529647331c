"""Functions on clouds and meshes written to VTU files, for ParaView, PyVista and everybody else."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped
from torch import Tensor

from fredholm.data.writer import writing
from fredholm.domains import Mesh, Unstructured, space_of, stacked, time_of
from fredholm.errors import DataError
from fredholm.extras import require
from fredholm.fields import Field, Variable

_FACETS = {2: "vertex", 3: "line", 4: "triangle"}
"""What the facets of cells with so many corners are."""
_BOUNDARY = "boundary"


def write_vtu(
    u: Field,
    variables: Sequence[Variable],
    folder: str | Path,
    *,
    names: Sequence[str] | None = None,
    overwrite: bool = False,
) -> list[Path]:
    """Writes each function to a file of its own, `sample_0000.vtu` and so on.

    Channels that are the components of a vector (`u_x`, `u_y`) become one array `u`. Facets of
    named parts of the boundary are cells too, with the arrays `part:NAME`. A trajectory is one file
    for each time, `sample_0000_0000.vtu`, and a list of them with their times, `sample_0000.pvd`.

    Args:
        u: Functions on clouds, on meshes, or on space-time over those.
        variables: Names of the channels.
        folder: Where the files go.
        names: Their names without `.vtu`, one for each function.
        overwrite: Replace files of these names.

    Raises:
        DataError: A file exists, or cannot be written.
        ValueError: The number of names is not that of the channels, or `u` lives on a grid.
        MissingExtra: meshio is not installed.
    """
    if len(variables) != u.channels:
        raise ValueError(f"{u.channels} channels need as many labels, got {len(variables)}")
    require("meshio", "writing VTU files", "mesh")
    folder, space, time = Path(folder), space_of(u.domain), time_of(u.domain)
    domains = stacked(space, len(u))
    digits = max(4, len(str(len(u) - 1)))
    stems = names or [f"sample_{number:0{digits}d}" for number in range(len(u))]
    suffix = ".vtu" if time is None else ".pvd"
    refuse_files([folder / f"{stem}{suffix}" for stem in stems], overwrite)
    written = []
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for number, (stem, domain) in enumerate(zip(stems, domains)):
            values = _of_sample(u, number, len(domain))
            if time is None:
                written.append(
                    _write(folder / f"{stem}.vtu", domain, _arrays(values, variables, domain))
                )
                continue
            frames = [folder / f"{stem}_{k:04d}.vtu" for k in range(time.size)]
            for frame, path in enumerate(frames):
                written.append(_write(path, domain, _arrays(values[frame], variables, domain)))
            _write_list(folder / f"{stem}.pvd", frames, time.points().tolist())
    return written


def refuse_files(paths: Sequence[Path], overwrite: bool) -> None:
    """Makes sure that nothing is replaced, before anything is computed or written.

    Raises:
        DataError: One of the files exists.
    """
    there = [path for path in paths if path.exists()]
    if there and not overwrite:
        raise DataError(
            f"{there[0]} exists (and {len(there) - 1} more); choose another folder or allow "
            "overwriting"
        )


def _of_sample(u: Field, number: int, size: int) -> Float[Tensor, "*t n c"]:
    return u.values[number, ..., :size, :].detach().cpu()


def _arrays(
    values: Float[Tensor, "n c"], variables: Sequence[Variable], domain: Unstructured
) -> dict[str, np.ndarray]:
    """Channels by name, those of a vector together and with three components as VTK wants it."""
    columns = {v.name: values[:, k].numpy() for k, v in enumerate(variables)}
    result: dict[str, np.ndarray] = {}
    for key in columns:
        stem = key.removesuffix(f"_{domain.names[0]}")
        parts = [f"{stem}_{axis}" for axis in domain.names]
        if len(parts) > 1 and key == parts[0] and set(parts) <= set(columns):
            result[stem] = _in_space(np.stack([columns[part] for part in parts], axis=1))
    taken = {f"{stem}_{axis}" for stem in result for axis in domain.names}
    return result | {name: column for name, column in columns.items() if name not in taken}


def _in_space(rows: Shaped[np.ndarray, "n d"]) -> Shaped[np.ndarray, "n 3"]:
    full = np.zeros((len(rows), 3), dtype=rows.dtype)
    full[:, : rows.shape[1]] = rows
    return full


def _write(path: Path, domain: Unstructured, arrays: Mapping[str, np.ndarray]) -> Path:
    """One file, at once or not at all."""
    import meshio

    cells, masks = _cells(domain)
    mesh = meshio.Mesh(
        _in_space(domain.coords.numpy()), cells, point_data=dict(arrays), cell_data=masks
    )
    draft = path.with_name(path.name + ".new")
    try:
        meshio.vtu.write(str(draft), mesh)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _cells(domain: Unstructured) -> tuple[list[Any], dict[str, list[Any]]]:
    """Blocks of cells, and for each named part which of them are its facets."""
    if not isinstance(domain, Mesh):
        return [("vertex", np.arange(len(domain))[:, None])], {}
    cells: list[Any] = [(str(domain.kind), domain.cells.numpy())]
    named = [part for part in domain.parts if part != _BOUNDARY]
    if not named:
        return cells, {}
    facets = {part: domain.facets[part].numpy() for part in named}
    cells += [(_FACETS[domain.cells.shape[1]], facets[part]) for part in named]
    masks = {
        f"part:{part}": [
            np.zeros(len(domain.cells), np.int8),
            *(np.full(len(facets[other]), other == part, np.int8) for other in named),
        ]
        for part in named
    }
    return cells, masks


def _write_list(path: Path, frames: Sequence[Path], times: Sequence[float]) -> None:
    """ParaView's list of files with their times."""
    entries = "\n".join(
        f'    <DataSet timestep="{time!r}" file="{frame.name}"/>'
        for time, frame in zip(times, frames)
    )
    path.write_text(
        '<?xml version="1.0"?>\n<VTKFile type="Collection" version="0.1">\n  <Collection>\n'
        f"{entries}\n  </Collection>\n</VTKFile>\n"
    )
