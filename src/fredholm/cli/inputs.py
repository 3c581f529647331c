"""Inputs of a prediction: from labelled files, bare arrays, or files of samples."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fredholm.cli.files import same_units
from fredholm.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import xarray
    from torch import Tensor

    from fredholm.fields import Field, Signature
    from fredholm.surrogates import Surrogate

_NPY = b"\x93NUMPY"


def read_inputs(
    file: str, description: dict[str, Any], surrogate: "Surrogate"
) -> tuple[Any, "Tensor | None"]:
    """Inputs and parameters that `Surrogate.predict` takes; targets are not needed.

    Raises:
        DataError: The file cannot be read, does not say which array is the input, or holds other
            quantities than those trained on.
    """
    from fredholm.data import as_trained, detect, read
    from fredholm.data.readers import own
    from fredholm.data.readers.labelled import KIND_NETCDF, KIND_ZARR
    from fredholm.data.readers.mesh_folder import KIND as KIND_MESHES
    from fredholm.data.readers.mesh_folder import mesh_inputs
    from fredholm.domains import Scattered, time_of

    path = Path(file)
    if _is_npy(path):
        return _npy(path), None
    kind = detect(path)
    if isinstance(surrogate.signature.input_domain, Scattered):
        if kind == KIND_MESHES:
            coordinates = description.get("coordinates", ())
            return mesh_inputs(path, surrogate.signature, coordinates)
        if kind not in (KIND_NETCDF, KIND_ZARR):
            return _of_samples(file, description, surrogate.signature)
    arrays = _arrays(path, kind)
    frames = time_of(surrogate.signature.input_domain)
    if frames and not any(frames.size in array.shape[1:2] for array in arrays.values()):
        states = _first_frames(file, description, frames.size)
        if states is not None:
            return states, None
    if kind in (own.KIND, KIND_NETCDF, KIND_ZARR):
        found = _labelled(path, kind, surrogate.signature)
        return _first_states(found, surrogate.signature), None
    named = description.get("input", ())
    bare = len(arrays) == 1 and not _of_trajectories(arrays, surrogate.signature)
    if "target" not in description and (bare or named):
        return _chosen(path, arrays, named), None
    fitting = _fitting(arrays, surrogate.signature)
    if len(fitting) == 1 and not description and not surrogate.signature.params:
        return arrays[fitting[0]], None
    samples = as_trained(read(path, **description), surrogate.signature)
    same_units(file, samples.input_variables, surrogate.signature.inputs)
    return samples.inputs, samples.params


def _first_frames(file: str, description: dict[str, Any], known: int) -> "Field | None":
    """The frames with which stored trajectories begin; None where the file holds just these.

    Raises:
        DataError: The file holds no trajectories, or shorter ones.
    """
    from fredholm.data import continuations, read
    from fredholm.domains import time_of

    samples = read(file, **description)
    if "t" in samples.inputs.domain.names:
        return samples.inputs
    time = time_of(samples.targets.domain)
    if time is not None and time.size == known:
        return None
    return continuations(samples, known).inputs


def _of_samples(
    file: str, description: dict[str, Any], signature: "Signature"
) -> "tuple[Field, Tensor | None]":
    """Inputs and parameters of a file of samples on clouds or meshes.

    Raises:
        DataError: They are not those that the surrogate was trained on.
    """
    from fredholm.data import as_trained, read

    samples = as_trained(read(file, **description), signature)
    found, wanted = (
        [variable.name for variable in variables]
        for variables in (samples.input_variables, signature.inputs)
    )
    if found != wanted:
        raise DataError(f"{file} has the inputs {found}, the surrogate was trained on {wanted}")
    same_units(file, samples.input_variables, signature.inputs)
    return samples.inputs, samples.params


def _is_npy(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(_NPY)) == _NPY


def _npy(path: Path) -> Any:
    import numpy as np

    from fredholm.data.source import reading

    with reading(path, "NumPy array"):
        return _numbers(path, np.load(path, allow_pickle=False))


def _labelled(path: Path, kind: str, signature: "Signature") -> "xarray.Dataset":
    """The variables of a labelled file."""
    import xarray

    from fredholm.data.readers.labelled import KIND_ZARR
    from fredholm.data.source import reading

    engine: Any = "zarr" if kind == KIND_ZARR else None
    with reading(path, kind):
        # Times stay numbers: a coordinate in seconds is no calendar.
        opened = xarray.open_dataset(
            path, engine=engine, decode_times=False, decode_timedelta=False
        )
        with opened:
            return _own(opened, signature) if "fredholm_layout" in opened.attrs else opened.load()


def _first_states(found: "xarray.Dataset", signature: "Signature") -> "xarray.Dataset":
    """Of trajectories the first frame, as everywhere: what comes after it is to be predicted."""
    from fredholm.data.readers.labelled import TIMES

    if "t" in signature.input_domain.names:
        return found
    names = [v.name for v in signature.inputs if v.name in found]
    times = {d for name in names for d in found[name].dims if str(d).lower() in TIMES}
    return found.isel({time: 0 for time in times}, drop=True)


def _own(opened: "xarray.Dataset", signature: "Signature") -> "xarray.Dataset":
    """Inputs and parameters of a file of ours, under the names that the surrogate knows.

    Where it forecasts, its inputs carry the labels of the targets: u, where the file has u0.
    """
    inputs, targets, params = (
        json.loads(opened.attrs[side]) for side in ("inputs", "targets", "params")
    )
    kept = opened[[*inputs, *params]].load()
    names = {key: str(item.attrs.get("variable", key)) for key, item in kept.data_vars.items()}
    axes = {key: str(item.attrs.get("coordinate", key)) for key, item in kept.coords.items()}
    if targets == [variable.name for variable in signature.inputs]:
        names |= dict(zip(inputs, targets))
    return kept.rename({old: new for old, new in (names | axes).items() if old != new})


def _arrays(path: Path, kind: str) -> dict[str, Any]:
    """The arrays of a file that may hold an input alone, by name; none for other formats."""
    import numpy as np
    import torch

    from fredholm.data.readers.npz import KIND as KIND_NPZ
    from fredholm.data.readers.torch_file import KIND as KIND_TORCH
    from fredholm.data.source import reading

    with reading(path, kind):
        if kind == KIND_TORCH:
            content = torch.load(path, weights_only=True, map_location="cpu")
            content = content if isinstance(content, dict) else {"the tensor": content}
            return {str(k): v for k, v in content.items() if isinstance(v, torch.Tensor) and v.ndim}
        if kind == KIND_NPZ:
            with np.load(path, allow_pickle=False) as archive:
                content = {name: archive[name] for name in archive.files}
            return {
                k: _numbers(path, v)
                for k, v in content.items()
                if v.ndim and v.dtype.kind in "fiub"
            }
    return {}


def _fitting(arrays: dict[str, Any], signature: "Signature") -> list[str]:
    """The arrays that have the shape of inputs: functions on the axes of space, and channels."""
    dim, channels = signature.input_domain.dim, len(signature.inputs)
    shapes = {name: tuple(array.shape) for name, array in arrays.items()}
    return [
        name
        for name, shape in shapes.items()
        if min(shape[1 : dim + 1], default=0) > 1
        and (shape[dim + 1 :] == (channels,) or len(shape) == dim + 1 and channels == 1)
    ]


def _of_trajectories(arrays: dict[str, Any], signature: "Signature") -> bool:
    """Whether the arrays have one axis more than inputs, for a surrogate that forecasts."""
    forecasts = signature.step is not None or "t" in signature.target_domain.names
    deepest = max(array.ndim for array in arrays.values())
    return forecasts and not _fitting(arrays, signature) and deepest > signature.spatial_dim + 1


def _chosen(path: Path, arrays: dict[str, Any], named: tuple[str, ...]) -> Any:
    name = named[0] if named else next(iter(arrays))
    if name not in arrays:
        raise DataError(f"{path} has no array {name!r}: {did_you_mean(name, [*arrays])}")
    if len(named) > 1:
        raise DataError(
            f"{path}: several inputs need a labelled file, name one of {', '.join(named)}"
        )
    return arrays[name]


def _numbers(path: Path, array: Any) -> Any:
    """A real NumPy array as a tensor.

    Raises:
        DataError: It holds something else than real numbers.
    """
    import torch

    if array.dtype.kind not in "fiub":
        raise DataError(f"{path} holds values of type {array.dtype}; inputs are real numbers")
    single = array.dtype.kind != "f" or array.dtype.itemsize < 4
    return torch.from_numpy(array.astype("float32" if single else array.dtype.newbyteorder("=")))
