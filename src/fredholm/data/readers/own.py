"""The NetCDF files that fredholm writes itself; see `fredholm.data.layout`."""

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from fredholm.data.layout import SCATTERED_LAYOUT, axis_from, grid_from, variable_from
from fredholm.data.readers.found import Options
from fredholm.data.samples import Samples
from fredholm.data.scattered_netcdf import open_scattered
from fredholm.data.source import Source, hdf5_file
from fredholm.domains import Axis, Grid
from fredholm.errors import DataError, FormatError
from fredholm.fields import Field, Variable

KIND = "fredholm NetCDF"
Points = Literal["", "cloud", "mesh"]


def is_own(file: Any) -> bool:
    """Whether an open HDF5 file has our layout."""
    return "fredholm_layout" in file.attrs


def points_of(path: Path) -> Points:
    """Whether a file of ours holds samples on clouds, on meshes, or on neither."""
    with hdf5_file(path, KIND) as file:
        if _version(path, file) != SCATTERED_LAYOUT:
            return ""
        return "mesh" if "cells" in file else "cloud"


def open_own(path: Path, options: Options) -> Source:
    """Samples exactly as they were written.

    Raises:
        DataError: Damaged or unfinished.
        FormatError: Written by a later version.
        ValueError: Statements on a file that states everything itself.
    """
    if options != Options():
        raise ValueError(f"{path} states its variables and axes itself; leave those arguments out")
    with hdf5_file(path, KIND) as file:
        if _version(path, file) == SCATTERED_LAYOUT:
            return open_scattered(path)
        present = file["sample"][...]
        keys = {side: json.loads(file.attrs[side]) for side in ("inputs", "targets", "params")}
        dims = {key: _dims(file[key]) for group in keys.values() for key in group}
        labels = {key: _label(key, file[key]) for key in dims}
        axes = {name: _axis(name, file[name]) for key in dims for name in dims[key]}
        origin = json.loads(file.attrs["origin"])
        error = "error" if "error" in file and file["error"].attrs.get("role") == "error" else None
    if (present < 0).any():
        raise DataError(
            f"{path} is unfinished: {int((present >= 0).sum())} of {len(present)} samples; "
            "repeat the call that began it, it continues where it stopped"
        )
    inputs, targets = (grid_from(dims[keys[side][0]], axes) for side in ("inputs", "targets"))
    labelled = [tuple(labels[key] for key in keys[side]) for side in keys]
    origin = _origin(path, origin)
    return Source(
        numbers=np.arange(len(present)),
        input_domain=inputs,
        target_domain=targets,
        input_variables=labelled[0],
        target_variables=labelled[1],
        param_variables=labelled[2],
        origin=origin,
        load=_Loader(path, keys, (inputs, targets), tuple(labelled), origin, error),
    )


def _version(path: Path, file: Any) -> int:
    """The version of the file's layout.

    Raises:
        FormatError: It is later than those that are known.
    """
    version = int(np.ravel(file.attrs["fredholm_layout"])[0])
    if version > SCATTERED_LAYOUT:
        raise FormatError(
            f"{path} has layout {version}, this version of fredholm reads up to "
            f"{SCATTERED_LAYOUT}: update it"
        )
    return version


def _dims(item: Any) -> tuple[str, ...]:
    """Names of the dimensions after `sample`: those of the attached dimension scales."""
    return tuple(scale[0].name.split("/")[-1] for scale in item.dims)[1:]


def _attributes(item: Any) -> dict[str, Any]:
    return {
        name: item.attrs[name].decode() if isinstance(item.attrs[name], bytes) else item.attrs[name]
        for name in item.attrs
        if name not in ("REFERENCE_LIST", "DIMENSION_LIST")
    }


def _axis(name: str, item: Any) -> Axis:
    return axis_from(name, len(item), _attributes(item))


def _label(key: str, item: Any) -> Variable:
    return variable_from(key, _attributes(item))


def _origin(path: Path, stored: dict[str, Any]) -> dict[str, Any]:
    """The stored provenance, where a converted file keeps its first source."""
    kept = {"source": stored["file"], "source_format": stored["format"]} if "file" in stored else {}
    return {**kept, "assumed": [], **stored, "file": str(path), "format": KIND}


class _Loader:
    """Reads samples start ... stop-1: the function that a `Source` keeps."""

    def __init__(
        self,
        path: Path,
        keys: dict[str, list[str]],
        grids: tuple[Grid, Grid],
        labels: tuple[tuple[Variable, ...], ...],
        origin: dict[str, Any],
        error: str | None,
    ) -> None:
        self.path, self.keys, self.grids = path, keys, grids
        self.labels, self.origin, self.error = labels, origin, error

    def __call__(self, start: int, stop: int) -> Samples:
        with hdf5_file(self.path, KIND) as file:
            inputs, targets, params = (
                [file[key][start:stop] for key in keys] for keys in self.keys.values()
            )
            error = file[self.error][start:stop] if self.error else None
        return Samples(
            Field(torch.from_numpy(np.stack(inputs, axis=-1)), self.grids[0]),
            Field(torch.from_numpy(np.stack(targets, axis=-1)), self.grids[1]),
            self.labels[0],
            self.labels[1],
            torch.from_numpy(np.stack(params, axis=-1)) if params else None,
            self.labels[2],
            self.origin,
            None if error is None else torch.from_numpy(error),
        )
