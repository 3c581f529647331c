"""The functions of files of meshes by the names of their components."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from fredholm.data.readers.mesh_file import MeshFile, components
from fredholm.errors import DataError, did_you_mean

_ROUNDING = 1e-12
"""Relative variation up to which a function is a number."""

Columns = Mapping[str, Float[np.ndarray, "n"]]
"""Values at the nodes of one file, by name of the component."""


def named(file: Path, content: MeshFile, names: Sequence[str]) -> Columns:
    """The components that names stand for: a function's, one component, or a number of the file.

    Raises:
        DataError: There is no such function.
    """
    axes = content.mesh.names
    fields = {
        name: dict(zip(components(name, values.shape[1], axes), values.T))
        for name, values in content.fields.items()
    }
    single = {name: values for parts in fields.values() for name, values in parts.items()}
    columns: dict[str, np.ndarray] = {}
    for name in names:
        if name in fields:
            columns |= fields[name]
        elif name in single:
            columns[name] = single[name]
        elif name in content.numbers:
            columns[name] = np.full(len(content.mesh), content.numbers[name])
        else:
            known = [*fields, *(part for part in single if part not in fields), *content.numbers]
            raise DataError(f"{file} has no field {name!r}: {did_you_mean(name, known)}")
    return columns


def same_components(files: Sequence[Path], columns: Sequence[Columns]) -> None:
    """Refuses functions that have another number of components in one of the files."""
    for file, found in zip(files, columns):
        if list(found) != list(columns[0]):
            raise DataError(
                f"{file} has the components {', '.join(found)}, {files[0].name} has "
                f"{', '.join(columns[0])}; one data set has the same in all files"
            )


def numbers_among(contents: Sequence[MeshFile], given: Sequence[Columns]) -> list[str]:
    """Inputs that are one number in each file, and not the same one in all that store functions."""
    names = [name for name in given[0] if all(is_number(columns[name]) for columns in given)]
    return [
        name
        for name in names
        if name in contents[0].numbers or len({float(columns[name][0]) for columns in given}) > 1
    ]


def is_number(values: Float[np.ndarray, "n"]) -> bool:
    """Whether a function is the same everywhere, up to rounding."""
    return bool(np.ptp(values) <= _ROUNDING * np.abs(values).max())


def on_boundary(contents: Sequence[MeshFile], columns: Sequence[Columns], name: str) -> bool:
    """Whether a function is zero inside every mesh, and not on every boundary."""
    somewhere = False
    for content, found in zip(contents, columns):
        edge = content.mesh.on_boundary.numpy()
        if edge.all() or found[name][~edge].any():
            return False
        somewhere = somewhere or bool(found[name][edge].any())
    return somewhere
