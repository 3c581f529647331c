"""Samples from a folder with one file of a mesh or a cloud for each, or from one such file."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from fredholm.data.readers.cloud_file import ARCHIVES, TABLES, is_cloud, read_cloud
from fredholm.data.readers.found import PAIRS, Options
from fredholm.data.readers.mesh_columns import (
    Columns,
    is_number,
    named,
    numbers_among,
    on_boundary,
    same_components,
)
from fredholm.data.readers.mesh_file import MeshFile, read_mesh
from fredholm.data.readers.mesh_formats import SUFFIXES
from fredholm.data.readers.mesh_geometry import Geometry
from fredholm.data.samples import Samples
from fredholm.data.source import Source
from fredholm.domains import Stack, Unstructured, stacked
from fredholm.errors import DataError
from fredholm.fields import Field, Signature, Variable

KIND = "files of meshes"


def open_meshes(path: Path, options: Options) -> Source:
    """Samples of the files in a folder, each on its own mesh; equal meshes are one object.

    Without a named input the shape alone is the input. An input that is one number in each file is
    a parameter.

    Raises:
        DataError: A file cannot be used, or they do not hold the same functions.
        ValueError: Statements about axes: meshes state their points themselves.
    """
    stated = replace(options, input=(), target=(), coordinates=())
    if stated != Options():
        raise ValueError(
            f"{path}: meshes state their points themselves; leave extent, periodic, location and "
            "sample out"
        )
    files = mesh_files(path)
    contents = _contents(files, options.coordinates)
    inputs, targets = _choose(path, contents[0], options)
    samples = _samples(path, files, contents, inputs, targets)
    return Source.of(samples)


def mesh_inputs(
    path: Path, signature: Signature, coordinates: Sequence[str] = ()
) -> tuple[Field, Tensor | None]:
    """Inputs and parameters that a surrogate takes, from files that need not hold its targets.

    Args:
        path: A folder or a file.
        signature: Names the inputs and parameters.
        coordinates: Names of the arrays of coordinates, for archives of arrays.

    Raises:
        DataError: A file lacks one of them.
    """
    files = mesh_files(path)
    contents = _contents(files, coordinates)
    names = [variable.name for variable in signature.inputs]
    params = [variable.name for variable in signature.params]
    columns = [named(file, content, names) for file, content in zip(files, contents)]
    numbers = [named(file, content, params) for file, content in zip(files, contents)]
    for file, found in zip(files, numbers):
        varying = [name for name, values in found.items() if not is_number(values)]
        if varying:
            raise DataError(f"{file}: {varying[0]} is a parameter and varies between the nodes")
    table = [[float(values[0]) for values in found.values()] for found in numbers]
    return _field(_domain(contents), columns), torch.tensor(table) if params else None


def mesh_files(path: Path) -> list[Path]:
    """The files of meshes in a folder, numbers in their names in order; or the file itself.

    Raises:
        DataError: There are none, or of several formats.
    """
    if path.is_file():
        return [path]
    files = list(path.iterdir())
    found = [file for file in files if file.suffix.lower() in SUFFIXES]
    # Tables and archives lie beside meshes too, as notes and figures.
    found = found or [file for file in files if is_cloud(file)]
    if not found:
        raise DataError(f"{path} holds no files of meshes ({', '.join(SUFFIXES)})")
    kinds = sorted({file.suffix.lower() for file in found})
    if len(kinds) > 1:
        raise DataError(f"{path} holds {' and '.join(kinds)} files; keep those of one format")
    return sorted(found, key=_natural)


def _natural(path: Path) -> list[tuple[int, str]]:
    """sample_2 before sample_10."""
    words = re.split(r"(\d+)", path.name)
    return [(int(word), "") if word.isdecimal() else (-1, word) for word in words]


def _contents(files: Sequence[Path], coordinates: Sequence[str]) -> list[MeshFile]:
    """What the files hold, all in the same coordinates."""
    known: dict[str, Geometry] = {}
    contents = []
    for file in files:
        if file.suffix.lower() in (*ARCHIVES, *TABLES):
            contents.append(read_cloud(file, coordinates))
        elif coordinates:
            raise DataError(f"{file} states its points itself; leave coordinates out")
        else:
            contents.append(read_mesh(file, known=known))
        names, first = contents[-1].mesh.names, contents[0].mesh.names
        if names != first:
            raise DataError(
                f"{file} has the coordinates {', '.join(names)}, {files[0].name} has "
                f"{', '.join(first)}; one data set has the same in all files"
            )
    return contents


def _choose(
    path: Path, first: MeshFile, options: Options
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of inputs and targets; no input means that the shape is all there is."""
    if options.target:
        return options.input, options.target
    fields = list(first.fields)
    for pair in PAIRS:
        if set(pair) <= set(fields):
            return (pair[0],), (pair[1],)
    if len(fields) == 1:
        return (), (fields[0],)
    listed = ", ".join(f"{name} ({values.shape[1]})" for name, values in first.fields.items())
    raise DataError(
        f"{path}: cannot tell input from target among {listed or 'no functions'}; name them, for "
        "instance input='source', target='u' (--input source --target u), or a target alone where "
        "only the shape varies"
    )


def _samples(
    path: Path,
    files: Sequence[Path],
    contents: Sequence[MeshFile],
    inputs: Sequence[str],
    targets: Sequence[str],
) -> Samples:
    given, wanted = (
        [named(file, content, names) for file, content in zip(files, contents)]
        for names in (inputs, targets)
    )
    for columns in (given, wanted):
        same_components(files, columns)
    numbers = numbers_among(contents, given)
    functions = [name for name in given[0] if name not in numbers]
    notes = _notes(contents)
    if numbers:
        notes.append(f"{', '.join(numbers)}: one number in each file, taken as parameters")
    if not inputs:
        notes.append("no input is named: the shape alone is the input")
    table = [[float(columns[name][0]) for name in numbers] for columns in given]
    chosen = [{name: columns[name] for name in functions} for columns in given]
    labels = tuple(
        Variable(name, support="boundary" if on_boundary(contents, chosen, name) else "")
        for name in functions
    )
    domain = _domain(contents)
    return Samples(
        _field(domain, chosen),
        _field(domain, wanted),
        labels,
        tuple(Variable(name) for name in wanted[0]),
        torch.tensor(table, dtype=torch.float64) if numbers else None,
        tuple(Variable(name) for name in numbers),
        {
            "file": str(path),
            "format": KIND,
            "files": [file.name for file in files],
            "assumed": notes,
        },
    )


def _domain(contents: Sequence[MeshFile]) -> Unstructured | Stack:
    """The mesh that all files have, or one for each."""
    members = tuple(content.mesh for content in contents)
    return members[0] if all(mesh is members[0] for mesh in members) else Stack(members)


def _field(domain: Unstructured | Stack, columns: Sequence[Columns]) -> Field:
    """The functions of all files as a batch."""
    stack = stacked(domain, len(columns))
    kinds = [values.dtype for found in columns for values in found.values()]
    dtype = np.result_type(*kinds) if kinds else np.dtype(np.float32)
    tables = [
        torch.from_numpy(np.stack([*found.values()], axis=-1).astype(dtype))
        if found
        else torch.zeros(size, 0)
        for size, found in zip(stack.sizes, columns)
    ]
    return Field(stack.padded(torch.cat(tables)), domain)


def _notes(contents: Sequence[MeshFile]) -> list[str]:
    """What was changed in how many of the files, each sentence once; numbers in it may differ."""
    count: dict[str, list[str]] = {}
    for content in contents:
        for note in content.notes:
            count.setdefault(re.sub(r"[\d.e+-]+", "#", note), []).append(note)
    meshes = len({id(content.mesh) for content in contents})
    total = len(contents)
    return [
        f"{total} files on {meshes} different meshes",
        *(f"{same[0]} ({len(same)} of {total} files)" for same in count.values()),
    ]
