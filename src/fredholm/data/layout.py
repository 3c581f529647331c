"""How samples lie in a NetCDF-4 file: which dimension, variable and attribute holds what.

Dimensions are `sample` and the axes; each channel, each parameter and the error is a variable over
them. An axis keeps its interval, periodicity and location as attributes of its coordinate variable,
so that the very same `Grid` comes back. Scattered points have the dimension `node` in place of axes
(see `fredholm.data.scattered`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fredholm.data.samples import Samples
from fredholm.data.scattered import RESERVED, dims_of
from fredholm.domains import Axis, Domain, Grid, space_of, time_of
from fredholm.errors import FormatError
from fredholm.fields import Variable

LAYOUT, SCATTERED_LAYOUT = 1, 2
"""Versions of the layout, for grids and for scattered points; a reader refuses a greater one."""

_OWN = ("Conventions", "fredholm_layout", "inputs", "targets", "params", "origin")


@dataclass(frozen=True)
class Column:
    """One variable of the file: a channel, a parameter or the error, over its dimensions."""

    key: str
    dims: tuple[str, ...]
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Layout:
    """All variables of a file of samples.

    Args:
        axes: Axis of each dimension, by the dimension's name.
        inputs, targets, params: One column per channel, in the order of the channels.
        error: The column of the estimated errors, if there are any.
        attributes: Global attributes.
    """

    axes: Mapping[str, Axis]
    inputs: tuple[Column, ...]
    targets: tuple[Column, ...]
    params: tuple[Column, ...]
    error: Column | None
    attributes: Mapping[str, Any] = field(default_factory=dict)


def layout_of(samples: Samples) -> Layout:
    """The layout of samples like these; their number does not matter."""
    inputs_on, targets_on = samples.inputs.domain, samples.targets.domain
    axes = {axis.name: axis for axis in _axes(targets_on)}
    input_dims = tuple(_dimension(axis, axes) for axis in _axes(inputs_on))
    target_dims = tuple(axis.name for axis in _axes(targets_on))
    taken = {"sample", *axes}
    if not isinstance(targets_on, Grid):
        taken |= {*RESERVED, *targets_on.names, *(f"normal_{name}" for name in targets_on.names)}
    targets = _columns(samples.target_variables, "target", _dims(targets_on, target_dims), taken)
    inputs = _columns(samples.input_variables, "input", _dims(inputs_on, input_dims), taken)
    params = _columns(samples.param_variables, "parameter", ("sample",), taken)
    error = None
    if samples.error is not None:
        label = Variable("error", "1", "estimated relative error of the target")
        error = _columns((label,), "error", ("sample",), taken)[0]
    return Layout(
        axes, inputs, targets, params, error, _attributes(samples, inputs, targets, params)
    )


def _axes(domain: Domain) -> tuple[Axis, ...]:
    """The axes of a grid; of scattered points that of time, if there is one."""
    if isinstance(domain, Grid):
        return domain.axes
    time = time_of(domain)
    return () if time is None else (time,)


def _dims(domain: Domain, axes: tuple[str, ...]) -> tuple[str, ...]:
    """Dimensions of a function on a domain whose axes have these dimensions."""
    return ("sample", *axes) if isinstance(domain, Grid) else dims_of(space_of(domain), axes)


def _dimension(axis: Axis, axes: dict[str, Axis]) -> str:
    """The dimension of an input axis: that of the targets where it is the same axis."""
    known = axes.setdefault(axis.name, axis)
    if known == axis:
        return axis.name
    axes[f"{axis.name}_input"] = axis
    return f"{axis.name}_input"


def _columns(
    variables: tuple[Variable, ...], role: str, dims: tuple[str, ...], taken: set[str]
) -> tuple[Column, ...]:
    columns = []
    for variable in variables:
        key = variable.name
        while key in taken:
            key = f"{key}_{role}"
        taken.add(key)
        attributes = {
            "role": role,
            "units": variable.units,
            "long_name": variable.long_name,
            "support": variable.support,
        }
        if key != variable.name:
            attributes["variable"] = variable.name
        kept = {name: value for name, value in attributes.items() if value}
        columns.append(Column(key, dims, kept))
    return tuple(columns)


def _attributes(samples: Samples, *groups: tuple[Column, ...]) -> dict[str, Any]:
    origin = dict(samples.origin)
    on_grid = isinstance(samples.targets.domain, Grid)
    shown = {
        key: value
        for key, value in origin.items()
        if isinstance(value, str | int | float) and value != "" and key not in _OWN
    }
    keys = [json.dumps([column.key for column in group]) for group in groups]
    return {
        "Conventions": "CF-1.11",
        "fredholm_layout": LAYOUT if on_grid else SCATTERED_LAYOUT,
        **dict(zip(("inputs", "targets", "params"), keys)),
        **shown,
        "origin": json.dumps(origin),
    }


def axis_attributes(dimension: str, axis: Axis) -> dict[str, Any]:
    """Attributes of a coordinate variable from which `axis_from` makes the axis again."""
    attributes: dict[str, Any] = {
        "interval": [axis.start, axis.stop],
        "periodic": "yes" if axis.periodic else "no",
        "location": axis.location,
    }
    if axis.units:
        attributes["units"] = axis.units
    if dimension != axis.name:
        attributes["coordinate"] = axis.name
    return attributes


def axis_from(dimension: str, size: int, attributes: Mapping[str, Any]) -> Axis:
    """The axis of a coordinate variable.

    Raises:
        FormatError: An attribute is missing or says something unknown.
    """
    try:
        start, stop = (float(end) for end in attributes["interval"])
        periodic = {"yes": True, "no": False}[attributes["periodic"]]
        name, units = attributes.get("coordinate", dimension), attributes.get("units", "")
        return Axis(size, start, stop, periodic, attributes["location"], name, units)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(
            f"the coordinate {dimension!r} lacks a usable interval, periodic or location attribute "
            f"({error}); write the file again with fredholm"
        ) from error


def variable_from(key: str, attributes: Mapping[str, Any]) -> Variable:
    """The label of a column."""
    return Variable(
        attributes.get("variable", key),
        attributes.get("units", ""),
        attributes.get("long_name", ""),
        attributes.get("support", ""),
    )


def grid_from(dims: tuple[str, ...], axes: Mapping[str, Axis]) -> Grid:
    """The grid of a column over `sample` and these dimensions."""
    return Grid.of(*(axes[dim] for dim in dims))
