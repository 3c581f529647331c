"""Samples and functions on clouds and meshes as labelled arrays, and back."""

import json
from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from fredholm.data.layout import Column, axis_attributes, axis_from, layout_of, variable_from
from fredholm.data.samples import Samples
from fredholm.data.scattered import SPACE, Space, arrays_of, dims_of, flat, padded, space_from
from fredholm.domains import Axis, Scattered, Stack, Unstructured, over_time, space_of, time_of
from fredholm.errors import DataError, FormatError, did_you_mean
from fredholm.fields import Field, Variable

if TYPE_CHECKING:
    import xarray


def dataset_of(samples: Samples) -> "xarray.Dataset":
    """Everything that is known of samples, as labelled arrays.

    Raises:
        ValueError: Inputs and targets live on different points.
    """
    import xarray

    space = _space(samples.targets)
    if _space(samples.inputs) != space:
        raise ValueError(
            "inputs and targets on different points make no file; evaluate one of them on the "
            "points of the other (`Field.at`)"
        )
    layout = layout_of(samples)
    variables: dict[str, Any] = {name: tuple(array) for name, array in arrays_of(space).items()}
    for key, axis in layout.axes.items():
        variables[key] = ((key,), axis.points().numpy(), axis_attributes(key, axis))
    for columns, field in ((layout.inputs, samples.inputs), (layout.targets, samples.targets)):
        for number, column in enumerate(columns):
            variables[column.key] = _stored(column, flat(field.values[..., number], space))
    for number, column in enumerate(layout.params):
        assert samples.params is not None
        variables[column.key] = (("sample",), samples.params[:, number].numpy(), column.attributes)
    if layout.error is not None and samples.error is not None:
        variables["error"] = (("sample",), samples.error.numpy(), layout.error.attributes)
    variables["sample"] = (("sample",), np.arange(len(samples)), {"long_name": "sample number"})
    names = (*samples.targets.domain.names, *(axis for axis in layout.axes))
    found = xarray.Dataset(variables, attrs=dict(layout.attributes))
    return found.set_coords([name for name in dict.fromkeys(names) if name in found])


def samples_of(
    dataset: "xarray.Dataset", known: MutableMapping[str, Unstructured] | None = None
) -> Samples:
    """The inverse of `dataset_of`.

    Args:
        dataset: Labelled arrays.
        known: Clouds and meshes that have been met; equal ones are the same object.

    Raises:
        FormatError: Something is missing.
    """
    space = space_from(dataset, known)
    try:
        keys = {side: json.loads(dataset.attrs[side]) for side in ("inputs", "targets", "params")}
        labels = {
            side: tuple(variable_from(key, dataset[key].attrs) for key in found)
            for side, found in keys.items()
        }
        inputs, targets = (_field(dataset, keys[side], space) for side in ("inputs", "targets"))
        params = [torch.from_numpy(dataset[key].values) for key in keys["params"]]
        error = dataset.get("error")
        return Samples(
            inputs,
            targets,
            labels["inputs"],
            labels["targets"],
            torch.stack(params, dim=-1) if params else None,
            labels["params"],
            json.loads(dataset.attrs["origin"]),
            None
            if error is None or error.attrs.get("role") != "error"
            else torch.from_numpy(error.values),
        )
    except KeyError as error:
        raise FormatError(f"the labelled arrays lack {error}; write them again") from error


def labelled(u: Field, variables: tuple[Variable, ...]) -> "xarray.Dataset":
    """Functions on scattered points: one variable per channel, with the points and cells."""
    import xarray

    space, time = _space(u), time_of(u.domain)
    arrays: dict[str, Any] = {name: tuple(array) for name, array in arrays_of(space).items()}
    times = ()
    if time is not None:
        times = ("t",)
        arrays["t"] = (times, time.points().numpy(), axis_attributes("t", time))
    arrays["sample"] = (("sample",), np.arange(len(u)), {"long_name": "sample number"})
    for channel, variable in enumerate(variables):
        if variable.name in arrays:
            raise ValueError(f"the name {variable.name!r} is taken by the mesh: choose another")
        text = {"units": variable.units, "long_name": variable.long_name}
        column = Column(variable.name, dims_of(space, times), {k: v for k, v in text.items() if v})
        arrays[variable.name] = _stored(column, flat(u.values[..., channel], space))
    return xarray.Dataset(arrays).set_coords([*u.domain.names])


def unlabelled(data: "xarray.Dataset", variables: tuple[Variable, ...], like: Scattered) -> Field:
    """The functions of these names, checked against the coordinates that are expected.

    Raises:
        DataError: There is no mesh, a function is missing, or coordinates are others.
    """
    if SPACE not in data.variables:
        raise DataError(
            "the input has no mesh: give a Field, files of meshes, or labelled arrays as "
            "fredholm writes them"
        )
    space = space_from(data)
    if space.names != like.axis_names:
        raise DataError(
            f"the input lives in {', '.join(space.names)}, expected {', '.join(like.axis_names)}"
        )
    for name, found, wanted in zip(space.names, space.units, like.units):
        if found and wanted and found != wanted:
            raise DataError(f"coordinate {name} is in {found!r}, expected {wanted!r}: convert it")
    for variable in variables:
        if variable.name not in data:
            known = [str(name) for name, item in data.data_vars.items() if "node" in item.dims]
            near = did_you_mean(variable.name, known)
            raise DataError(f"the input has no variable {variable.name!r}: {near}")
        units = data[variable.name].attrs.get("units", "")
        if units and variable.units and units != variable.units:
            raise DataError(
                f"{variable.name} is in {units!r}, expected {variable.units!r}: convert it first"
            )
    return _field(data, [variable.name for variable in variables], space)


def _space(u: Field) -> Space:
    space = space_of(u.domain)
    if not isinstance(space, Unstructured | Stack):
        raise ValueError(f"this needs functions on clouds or meshes, got {type(space).__name__}")
    return space


def _stored(column: Column, values: np.ndarray) -> tuple[tuple[str, ...], np.ndarray, dict]:
    return column.dims, values, {**column.attributes, "mesh": SPACE, "location": "node"}


def _field(dataset: "xarray.Dataset", keys: list[str], space: Space) -> Field:
    """Functions on the points, behind their times where they have them."""
    if not keys:
        count = len(space) if isinstance(space, Stack) else dataset.sizes.get("sample", 1)
        return Field(torch.zeros(count, *space.shape, 0), space)
    times = [str(dim) for dim in dataset[keys[0]].dims if dim not in ("sample", "node")]
    time = _time(dataset, times)
    wanted = dims_of(space, times)
    columns: list[Tensor] = []
    for key in keys:
        array = dataset[key]
        if "sample" in wanted and "sample" not in array.dims:
            array = array.expand_dims("sample")
        columns.append(padded(array.transpose(*wanted).values, space))
    return Field(torch.stack(columns, dim=-1), space if time is None else over_time(time, space))


def _time(dataset: "xarray.Dataset", dims: list[str]) -> Axis | None:
    if not dims:
        return None
    if len(dims) > 1:
        raise DataError(f"functions on scattered points have no dimensions {', '.join(dims)}")
    return axis_from(dims[0], dataset.sizes[dims[0]], dataset[dims[0]].attrs)
