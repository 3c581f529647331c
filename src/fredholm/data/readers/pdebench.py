"""PDEBench files: flat arrays, one group per sample, or the Navier-Stokes container.

Reference: Takamoto et al., PDEBench, arXiv 2210.07182.
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

KIND = "PDEBench HDF5"
_FLUID = ("density", "pressure", "Vx", "Vy", "Vz")
_CENTRES = {name: AxisHint(location="cell") for name in "xyz"}


def is_pdebench(file: Any) -> bool:
    """Whether an open HDF5 file has one of the layouts."""
    keys = set(file)
    first = file[min(keys)] if keys else None
    grouped = hasattr(first, "keys") and {"data", "grid"} <= set(first or ())
    return (
        grouped
        or ("tensor" in keys and bool(keys & {"x-coordinate", "nu"} or len(keys) == 1))
        or {"density", "pressure", "Vx"} <= keys
        or {"velocity", "particles"} <= keys
    )


def open_pdebench(path: Path, options: Options) -> Source:
    """Samples of a file of any of the layouts on grids.

    Raises:
        DataError: Damaged, or shapes that no PDEBench file has.
    """
    with hdf5_file(path, KIND) as file:
        keys = set(file)
        if {"velocity", "particles"} <= keys:
            found = _container(path, file)
        elif "tensor" in keys or "density" in keys:
            found = _flat(path, file)
        else:
            found = _grouped(path, file)
    return assemble(found, options)


def _flat(path: Path, file: Any) -> Found:
    coordinates = {
        name: file[f"{name}-coordinate"][...] for name in "xyzt" if f"{name}-coordinate" in file
    }
    space = tuple(name for name in "xyz" if name in coordinates) or _space_by_rank(file)
    said: list[str] = []
    if "nu" in file:
        inputs = (_array(path, file, "nu", (SAMPLE, *space), said),)
        targets = (_array(path, file, "tensor", (SAMPLE, TIME, *space), said),)
        said.insert(0, "Darcy flow: input nu, target tensor")
    else:
        inputs = ()
        names = [name for name in ("tensor", *_FLUID) if name in file]
        targets = tuple(_array(path, file, name, (SAMPLE, TIME, *space), said) for name in names)
        said.insert(0, f"states in time of {', '.join(names)}: the first frame is the input")
    return Found(
        path,
        KIND,
        inputs,
        targets,
        space,
        first_frame=not inputs,
        coordinates=coordinates,
        hints=_CENTRES if space and set(space) <= set(coordinates) else {},
        constants=_numbers(file.attrs),
        assumed=tuple(said),
    )


def _space_by_rank(file: Any) -> tuple[str, ...]:
    name = "tensor" if "tensor" in file else "density"
    return tuple("xyz"[: file[name].ndim - 2])


def _array(path: Path, file: Any, name: str, dims: tuple[str, ...], said: list[str]) -> Stored:
    shape = file[name].shape
    label = (Variable({"tensor": "u"}.get(name, name)),)
    read = slices_of(path, name)
    if len(shape) == len(dims) + 1 and shape[0] == 1:
        said.append(f"{name}: a stray first axis of length one is dropped")
        shape = shape[1:]
        read = _without_first(read)
    if len(shape) != len(dims):
        raise DataError(f"{path}: {name} has shape {shape}, expected axes {dims}")
    return Stored(name, dims, shape, of_slices(read, dims), label)


def _without_first(read: Any) -> Any:
    return lambda selection: read((slice(0, 1), *selection))[0]


def _grouped(path: Path, file: Any) -> Found:
    groups = sorted(name for name in file if "data" in file[name])
    first = file[groups[0]]
    shape = first["data"].shape
    grid = {name: first["grid"][name][...] for name in first["grid"]}
    # Arrays in the plane are stored (t, y, x): rows are y.
    stored = tuple(name for name in "zyx" if name in grid) or ("y", "x")[-(len(shape) - 2) :]
    dims = (SAMPLE, TIME, *stored, CHANNEL)
    if len(shape) != len(dims) - 1:
        raise DataError(f"{path}: data has shape {shape}, expected axes {dims[1:]}")

    def fetch(start: int, stop: int) -> np.ndarray:
        with hdf5_file(path, KIND) as opened:
            return np.stack([opened[name]["data"][...] for name in groups[start:stop]])

    count = shape[-1]
    names = ["u"] if count == 1 else [f"u{i}" for i in range(count)]
    labels = tuple(Variable(name) for name in names)
    target = Stored("data", dims, (len(groups), *shape), fetch, labels)
    config = first.attrs.get("config", file.attrs.get("config", ""))
    return Found(
        path,
        KIND,
        (),
        (target,),
        tuple(sorted(stored)),
        first_frame=True,
        coordinates={name: grid[name] for name in (*stored, TIME) if name in grid},
        hints=_CENTRES,
        constants={"config": str(config)} if len(str(config)) else {},
        assumed=("one group per sample; the first frame is the input",),
    )


def _container(path: Path, file: Any) -> Found:
    plane = ("x", "y")
    targets, inputs = [], []
    for name in ("velocity", "particles", "force"):
        if name not in file:
            continue
        shape = file[name].shape
        moving = (TIME,) if len(shape) == 5 else ()
        dims = (SAMPLE, *moving, *plane, CHANNEL)
        if len(shape) != len(dims):
            raise DataError(f"{path}: {name} has shape {shape}, expected axes {dims}")
        suffixes = [""] if shape[-1] == 1 else [f"_{axis}" for axis in plane]
        labels = tuple(Variable(name + suffix) for suffix in suffixes)
        stored = Stored(name, dims, shape, of_slices(slices_of(path, name), dims), labels)
        (targets if moving else inputs).append(stored)
    times = file["t"][...] if "t" in file else None
    if times is not None and times.ndim == 2 and np.ptp(times, axis=0).max() > 0:
        raise DataError(
            f"{path}: the samples are stored at different times; cut them to common ones"
        )
    return Found(
        path,
        KIND,
        tuple(inputs),
        tuple(targets),
        plane,
        first_frame=True,
        coordinates={} if times is None else {TIME: times if times.ndim == 1 else times[0]},
        constants=_numbers(file.attrs),
        assumed=("inputs are the first frame and the force, targets all frames",),
    )


def _numbers(attributes: Any) -> dict[str, float]:
    """The attributes that are single numbers: parameters of the equation."""
    return {
        str(name): float(value)
        for name, value in attributes.items()
        if np.asarray(value).dtype.kind in "fiu" and np.size(value) == 1
    }
