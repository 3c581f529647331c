"""Every form of inputs that a surrogate takes, as functions like those of its training."""

from typing import Any

import torch
from torch import Tensor

from fredholm.data import Samples, as_trained, from_xarray
from fredholm.domains import Domain, Grid, Scattered, described, time_of
from fredholm.errors import DataError
from fredholm.fields import NOTHING, Field, Given, Signature, Variable


def field_of(inputs: Any, signature: Signature) -> Field:
    """Any accepted form of inputs (see `Surrogate.predict`) as a checked field.

    Raises:
        DataError: Other channels, coordinates, units or domain than in training, or values that
            are not finite.
    """
    if isinstance(inputs, Field):
        u = inputs
    elif isinstance(inputs, Samples):
        u = as_trained(inputs, signature).inputs
    elif hasattr(inputs, "dims"):
        u = from_xarray(inputs, signature.inputs, signature.input_domain)
    else:
        u = _from_tensor(torch.as_tensor(inputs), signature)
    wanted = signature.inputs
    if u.channels != len(wanted):
        raise DataError(
            f"the input has {u.channels} channels, expected {len(wanted)}: {listed(wanted)}"
        )
    require_domain(u.domain, signature.input_domain, "inputs")
    bad = (~torch.isfinite(u.values.flatten(1))).any(1).nonzero()[:, 0].tolist()
    if bad:
        raise DataError(
            f"{len(bad)} of {len(u)} inputs hold NaN or infinity, the first is number {bad[0]}"
        )
    return u


def _from_tensor(values: Tensor, signature: Signature) -> Field:
    grid, channels = signature.input_domain, len(signature.inputs)
    if isinstance(grid, Scattered):
        raise DataError(
            f"this surrogate takes functions on {grid}: give a Field with its domain, "
            "labelled arrays, or files of meshes"
        )
    if not values.is_floating_point():
        values = values.float()
    if values.ndim == grid.dim + 1 and channels == 1:
        values = values[..., None]
    if values.ndim != grid.dim + 2:
        raise DataError(
            f"an input without labels has shape (n, {', '.join(grid.names)}, {channels}), "
            f"got {tuple(values.shape)}"
        )
    return Field(values, grid.resized(values.shape[1:-1]))


def given_of(inputs: Any, params: Tensor | None, count: int, signature: Signature) -> Given:
    """The parameters of the equation, checked against what varied in training.

    Args:
        inputs: Any accepted form of inputs; samples and datasets may hold parameters.
        params: Parameters that are given beside the inputs, one row per function.
        count: Number of functions.
        signature: Names the parameters.

    Raises:
        DataError: Parameters are missing, or of another number.
    """
    wanted = signature.params
    if params is None and isinstance(inputs, Samples):
        params = as_trained(inputs, signature).params
    elif params is None and wanted and hasattr(inputs, "data_vars"):
        missing = [v.name for v in wanted if v.name not in inputs]
        if not missing:
            columns = [torch.as_tensor(inputs[v.name].values).expand(count) for v in wanted]
            params = torch.stack(columns, dim=-1)
    if not wanted and params is None:
        return NOTHING
    if params is None or tuple(params.shape) != (count, len(wanted)):
        raise DataError(
            f"the surrogate needs params of shape ({count}, {len(wanted)}): {listed(wanted)}; "
            f"got {None if params is None else tuple(params.shape)}"
        )
    return Given(params=params)


def require_domain(domain: Domain, trained: Grid | Scattered, what: str) -> None:
    """Refuses another domain than in training; the number of points is free, not that of times.

    Of scattered points the coordinates and the times are the same; shapes are free.

    Raises:
        DataError: Other axes, intervals, times or units.
    """
    found = described(domain)
    same = found.names == trained.names and time_of(found) == time_of(trained)
    if isinstance(found, Grid) and isinstance(trained, Grid):
        same = same and all(
            (a if a.name == "t" else a.resized(b.size)) == b
            for a, b in zip(found.axes, trained.axes)
        )
    elif isinstance(found, Scattered) and isinstance(trained, Scattered):
        same = same and found.units == trained.units
    else:
        same = False
    if not same:
        raise DataError(f"the {what} live on {found}, the surrogate was trained on {trained}")


def listed(variables: tuple[Variable, ...]) -> str:
    """Names and units, for a message."""
    return ", ".join(str(variable) for variable in variables)
