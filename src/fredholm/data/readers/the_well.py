"""Files of The Well: fields by tensor rank, with boundary conditions and varying flags.

Reference: Ohana et al., The Well, arXiv 2412.00568.
"""

from pathlib import Path
from typing import Any

import numpy as np

from fredholm.data.readers.assemble import assemble
from fredholm.data.readers.found import (
    CHANNEL,
    SAMPLE,
    TIME,
    AxisHint,
    Found,
    Options,
    Stored,
    of_slices,
)
from fredholm.data.readers.hdf5 import slices_of
from fredholm.data.source import Source, hdf5_file
from fredholm.errors import DataError
from fredholm.fields import Variable

KIND = "The Well HDF5"


def is_the_well(file: Any) -> bool:
    """Whether an open HDF5 file has the layout."""
    return "dimensions" in file and any(f"t{rank}_fields" in file for rank in range(3))


def open_the_well(path: Path, options: Options) -> Source:
    """Targets are the fields that vary in time; inputs their first frame and the others.

    Raises:
        DataError: Damaged, or a geometry that changes between samples or in time.
    """
    with hdf5_file(path, KIND) as file:
        space = tuple(_text(name) for name in file["dimensions"].attrs["spatial_dims"])
        fields = [
            _field(path, file, f"t{rank}_fields/{name}", rank, space)
            for rank in range(3)
            for name in file.get(f"t{rank}_fields", ())
        ]
        params, constants, said = _scalars(path, file)
        found = Found(
            path,
            KIND,
            tuple(field for field in fields if TIME not in field.dims),
            tuple(field for field in fields if TIME in field.dims),
            space,
            first_frame=True,
            coordinates=_coordinates(path, file, space),
            hints=_boundaries(file, space),
            params=params,
            constants=constants,
            assumed=("the first frame and the constant fields are the input", *said),
        )
    if not found.targets:
        raise DataError(f"{path} has no field that varies in time")
    return assemble(found, options)


def _field(path: Path, file: Any, key: str, rank: int, space: tuple[str, ...]) -> Stored:
    item = file[key]
    varying = np.atleast_1d(item.attrs.get("dim_varying", [True] * len(space)))
    dims = (
        *((SAMPLE,) if item.attrs.get("sample_varying", True) else ()),
        *((TIME,) if item.attrs.get("time_varying", True) else ()),
        *(name for name, varies in zip(space, varying) if varies),
    )
    components = item.shape[len(dims) :]
    count = int(np.prod(components))
    if count != len(space) ** rank:
        raise DataError(f"{path}: {key} has shape {item.shape}, expected {dims} and {rank} indices")
    selection_dims = (*dims, *("component" for _ in components))
    fetch = of_slices(slices_of(path, key), selection_dims)

    def flat(start: int, stop: int) -> np.ndarray:
        values = fetch(start, stop)
        return values.reshape(*values.shape[: len(dims)], count)

    shape = (*item.shape[: len(dims)], count)
    return Stored(key, (*dims, CHANNEL), shape, flat, _labels(key.split("/")[1], rank, space))


def _labels(name: str, rank: int, space: tuple[str, ...]) -> tuple[Variable, ...]:
    suffixes = [""]
    for _ in range(rank):
        suffixes = [f"{suffix}{axis}" for suffix in suffixes for axis in space]
    return tuple(Variable(f"{name}_{suffix}" if suffix else name) for suffix in suffixes)


def _coordinates(path: Path, file: Any, space: tuple[str, ...]) -> dict[str, np.ndarray]:
    coordinates = {}
    for stored, name in (("time", TIME), *((name, name) for name in space)):
        if stored not in file["dimensions"]:
            continue
        item = file["dimensions"][stored]
        if item.attrs.get("sample_varying", False) or item.ndim != 1:
            raise DataError(
                f"{path}: the coordinate {stored!r} changes between samples or in time; "
                "split the file or interpolate to common points"
            )
        coordinates[name] = item[...]
    return coordinates


def _boundaries(file: Any, space: tuple[str, ...]) -> dict[str, AxisHint]:
    hints = {}
    for condition in file.get("boundary_conditions", {}).values():
        periodic = _text(condition.attrs.get("bc_type", "")).upper() == "PERIODIC"
        for name in np.atleast_1d(condition.attrs.get("associated_dims", [])):
            if _text(name) in space:
                hints[_text(name)] = AxisHint(periodic=periodic)
    return hints


def _scalars(path: Path, file: Any) -> tuple[tuple[Stored, ...], dict[str, float], tuple[str, ...]]:
    params, constants, said = [], {}, []
    for name in np.atleast_1d(file.attrs.get("simulation_parameters", [])):
        value = file.attrs.get(_text(name))
        if np.size(value) == 1 and np.asarray(value).dtype.kind in "fiu":
            constants[_text(name)] = float(value)
    for name, item in file.get("scalars", {}).items():
        if item.attrs.get("time_varying", False):
            said.append(f"the scalar {name} varies in time and is not used")
        elif item.attrs.get("sample_varying", False):
            fetch = of_slices(slices_of(path, f"scalars/{name}"), (SAMPLE,))
            params.append(Stored(name, (SAMPLE,), item.shape, fetch, (Variable(name),)))
        else:
            constants[name] = float(item[...].ravel()[0])
    return tuple(params), constants, tuple(said)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
