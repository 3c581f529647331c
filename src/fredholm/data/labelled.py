"""Between functions and labelled arrays (xarray): what users pass in and get back."""

import io
from collections.abc import Hashable
from typing import TYPE_CHECKING

import torch

from fredholm.data import scattered_samples
from fredholm.data.layout import axis_attributes, axis_from
from fredholm.domains import Axis, Grid, Scattered
from fredholm.errors import DataError, did_you_mean
from fredholm.fields import Field, Variable

if TYPE_CHECKING:
    import xarray


def to_xarray(u: Field, variables: tuple[Variable, ...]) -> "xarray.Dataset":
    """One variable per channel over `sample` and the axes, with coordinates and units.

    Functions on clouds and meshes lie over `node`, beside the cells and the parts of the boundary
    (see `fredholm.data.scattered`).

    Raises:
        ValueError: The number of labels is not that of the channels.
    """
    import xarray

    if len(variables) != u.channels:
        raise ValueError(f"{u.channels} channels need as many labels, got {len(variables)}")
    if not isinstance(u.domain, Grid):
        return scattered_samples.labelled(u, variables)
    values = u.values.detach().cpu().numpy()
    dims = ("sample", *u.grid.names)
    coordinates = {
        axis.name: (axis.name, axis.points().numpy(), axis_attributes(axis.name, axis))
        for axis in u.grid.axes
    }
    columns = {}
    for channel, variable in enumerate(variables):
        labels = {"units": variable.units, "long_name": variable.long_name}
        kept = {key: text for key, text in labels.items() if text}
        columns[variable.name] = (dims, values[..., channel], kept)
    return xarray.Dataset(columns, coordinates)


def from_xarray(
    data: "xarray.Dataset | xarray.DataArray",
    variables: tuple[Variable, ...],
    like: Grid | Scattered,
) -> Field:
    """The functions in labelled arrays, found by name and checked against what is expected.

    Args:
        data: Variables over the axes of `like`, in any order and at any resolution; one further
            dimension counts the samples. A single unnamed array stands for a single variable.
        variables: The channels that are wanted.
        like: Grid that states the interval, the units and the placement of the samples; or the
            coordinates that clouds and meshes have.

    Raises:
        DataError: A variable or dimension is missing, or coordinates or units are not those that
            are expected.
    """
    import xarray

    if isinstance(data, xarray.DataArray):
        data = data.to_dataset(name=data.name or variables[0].name)
    if isinstance(like, Scattered):
        return scattered_samples.unlabelled(data, variables, like)
    arrays = []
    for variable in variables:
        if variable.name not in data:
            known = did_you_mean(variable.name, [str(name) for name in data.data_vars])
            raise DataError(f"the input has no variable {variable.name!r}: {known}")
        array = data[variable.name]
        _same_units(variable.name, array.attrs.get("units", ""), variable.units)
        arrays.append(_ordered(array, like))
    grid = Grid.of(*(_axis(arrays[0], axis) for axis in like.axes))
    if len({array.shape for array in arrays}) > 1:
        shapes = {variable.name: array.shape for variable, array in zip(variables, arrays)}
        raise DataError(f"the input's variables differ in shape: {shapes}")
    values = torch.stack([torch.as_tensor(array.values) for array in arrays], dim=-1)
    return Field(values if values.is_floating_point() else values.float(), grid)


def netcdf_bytes(dataset: "xarray.Dataset") -> bytes:
    """A NetCDF-4 file in memory: the HDF5 library crashes where a disk is full, Python does not."""
    import h5netcdf

    located = " ".join(str(name) for name in dataset.coords if name not in dataset.dims)
    buffer = io.BytesIO()
    with h5netcdf.File(buffer, "w") as file:
        file.dimensions = {str(name): size for name, size in dataset.sizes.items()}
        file.attrs.update(dataset.attrs)
        for name, variable in dataset.variables.items():
            made = file.create_variable(str(name), variable.dims, data=variable.values)
            made.attrs.update(variable.attrs)
            if located and variable.attrs.get("location") == "node":
                made.attrs["coordinates"] = located
    return buffer.getvalue()


def _ordered(array: "xarray.DataArray", like: Grid) -> "xarray.DataArray":
    """With dimensions (sample, *axes)."""
    missing = [name for name in like.names if name not in array.dims]
    others = [name for name in array.dims if name not in like.names]
    if missing or len(others) > 1:
        raise DataError(
            f"variable {array.name!r} has dimensions {array.dims}; expected {like.names} and at "
            f"most one more that counts the samples{_advice(missing, others)}"
        )
    if not others:
        array = array.expand_dims("sample")
        others = ["sample"]
    return array.transpose(others[0], *like.names)


def _advice(missing: list[str], others: list[Hashable]) -> str:
    if missing:
        return f": {', '.join(missing)} is missing"
    return f": choose from the others first, for instance with .isel({others[-1]}=0)"


def _axis(array: "xarray.DataArray", expected: Axis) -> Axis:
    name, size = expected.name, array.sizes[expected.name]
    if name not in array.coords:
        return expected.resized(size)
    coordinate = array.coords[name]
    _same_units(f"coordinate {name}", coordinate.attrs.get("units", ""), expected.units)
    points = torch.as_tensor(coordinate.values.astype(float))
    stated = "interval" in coordinate.attrs
    axis = axis_from(name, size, coordinate.attrs) if stated else expected.resized(size)
    slack = 1e-4 * axis.spacing + 1e-6 * abs(axis.stop)
    if (axis.points() - points).abs().max() > slack or axis.resized(expected.size) != expected:
        raise DataError(
            f"coordinate {name!r} of the input has {size} points from {float(points[0]):g} to "
            f"{float(points[-1]):g}; expected samples of {expected}, at any number of points"
        )
    return axis


def _same_units(what: str, found: str, expected: str) -> None:
    if found and expected and found != expected:
        raise DataError(f"{what} is in {found!r}, expected {expected!r}: convert it first")
