"""NetCDF (3 and 4) and Zarr from anywhere: variables whose dimensions have names."""

import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fredholm.data.readers.assemble import assemble
from fredholm.data.readers.found import (
    CHANNEL,
    PAIRS,
    SAMPLE,
    TIME,
    AxisHint,
    Found,
    Options,
    Stored,
)
from fredholm.data.source import Source, reading
from fredholm.errors import DataError, MissingExtra, did_you_mean
from fredholm.fields import Variable

KIND_NETCDF = "NetCDF"
KIND_ZARR = "Zarr store"
_SAMPLES = ("sample", "samples", "batch", "n", "case", "cases", "trajectory", "member", "run")
TIMES = ("t", "time")
"""What a dimension of time is called, whatever its case."""
_CHANNELS = ("channel", "channels", "c", "component")

Opener = Callable[[], Any]


def open_netcdf(path: Path, options: Options) -> Source:
    """Samples of named variables of a NetCDF file of any kind.

    Raises:
        DataError: Damaged, or the user has to say which variables are meant.
    """
    with path.open("rb") as file:
        engine = "scipy" if file.read(3) == b"CDF" else "h5netcdf"
    return _open_labelled(path, KIND_NETCDF, lambda: _dataset(path, engine), options)


def open_zarr(path: Path, options: Options) -> Source:
    """Samples of named arrays of a Zarr store.

    Raises:
        DataError: Damaged, or the user has to say which variables are meant.
        MissingExtra: The package `zarr` is not installed.
    """
    try:
        import zarr  # noqa: F401
    except ImportError as error:
        raise MissingExtra("reading Zarr stores", "zarr") from error
    return _open_labelled(path, KIND_ZARR, lambda: _dataset(path, "zarr"), options)


def _dataset(path: Path, engine: str) -> Any:
    import xarray

    extra: dict[str, Any] = {"scipy": {}, "h5netcdf": {"phony_dims": "sort"}}.get(engine, {})
    with warnings.catch_warnings():
        # Odd fill values and unconsolidated stores concern whoever wrote the file.
        warnings.simplefilter("ignore")
        return xarray.open_dataset(path, engine=engine, decode_times=False, **extra)  # type: ignore[arg-type]


def _open_labelled(path: Path, kind: str, opener: Opener, options: Options) -> Source:
    with reading(path, kind), opener() as dataset:
        variables = {str(name): dataset[name] for name in dataset.data_vars}
        coordinates = {
            str(name): (np.asarray(c.values), str(c.attrs.get("units", "")))
            for name, c in dataset.coords.items()
            if c.ndim == 1 and c.dims == (name,)
        }
    inputs, targets = _choose(path, variables, options)
    roles = _Roles(path, options, [variables[name] for name in (*inputs, *targets)])
    stored = {
        name: _stored(path, kind, opener, name, variables[name], roles)
        for name in (*inputs, *targets)
    }
    found = Found(
        path,
        kind,
        tuple(stored[name] for name in inputs),
        tuple(stored[name] for name in targets),
        roles.space,
        first_frame=not inputs,
        coordinates={
            roles.of[name]: values
            for name, (values, _) in coordinates.items()
            if name in roles.of and values.dtype.kind in "fiu" and roles.of[name] != SAMPLE
        },
        hints={
            roles.of[k]: AxisHint(units=u) for k, (_, u) in coordinates.items() if k in roles.of
        },
        assumed=roles.said,
    )
    return assemble(found, options)


def _choose(
    path: Path, variables: dict[str, Any], options: Options
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    for name in (*options.input, *options.target):
        if name not in variables:
            raise DataError(
                f"{path} has no variable {name!r}; {did_you_mean(name, list(variables))}"
            )
    if options.target:
        return options.input, options.target
    fields = [name for name, variable in variables.items() if variable.ndim > 1]
    for pair in PAIRS if not options.input else ():
        if set(pair) <= set(fields):
            return (pair[0],), (pair[1],)
    if len(fields) == 1 and not options.input and _moves(variables[fields[0]]):
        return (), (fields[0],)
    listed = ", ".join(f"{name} ({', '.join(map(str, v.dims))})" for name, v in variables.items())
    raise DataError(
        f"{path}: cannot tell input from target among {listed or 'no variables'}; "
        "name them, for instance input='a', target='u' (--input a --target u)"
    )


def _moves(variable: Any) -> bool:
    return any(str(d).lower() in TIMES for d in variable.dims)


class _Roles:
    """What the dimensions of the chosen variables mean.

    Args:
        path: The file, for messages.
        options: Names that the user stated.
        variables: The chosen variables.
    """

    def __init__(self, path: Path, options: Options, variables: list[Any]) -> None:
        sizes = {str(d): n for variable in variables for d, n in variable.sizes.items()}
        for name in options.sample:
            if name not in sizes:
                raise DataError(
                    f"{path} has no dimension {name!r}; {did_you_mean(name, list(sizes))}"
                )
        self.samples = options.sample or tuple(d for d in sizes if d.lower() in _SAMPLES)[:1]
        self.of: dict[str, str] = {name: SAMPLE for name in self.samples}
        for name, size in sizes.items():
            if name not in self.of and (size > 1 or name.lower() in TIMES):
                known = {**dict.fromkeys(TIMES, TIME), **dict.fromkeys(_CHANNELS, CHANNEL)}
                self.of[name] = known.get(name.lower(), name)
        self.space = tuple(r for r in self.of.values() if r not in (SAMPLE, TIME, CHANNEL))
        if self.samples:
            self.said = (f"samples are numbered by {' and '.join(self.samples)}",)
        else:
            self.said = (
                "one sample: no dimension is called "
                f"{', '.join(_SAMPLES)}; name it with sample='...' if there is one",
            )


def _stored(
    path: Path, kind: str, opener: Opener, name: str, variable: Any, roles: _Roles
) -> Stored:
    outer = [d for d in roles.samples if d in variable.dims]
    if outer and len(outer) < len(roles.samples):
        raise DataError(f"{path}: {name} has {outer[0]!r} of the sample dimensions but not all")
    inner = [str(d) for d in variable.dims if roles.of.get(str(d), SAMPLE) != SAMPLE]
    sizes = [variable.sizes[d] for d in inner]
    count = math.prod(variable.sizes[d] for d in outer)

    def fetch(start: int, stop: int) -> np.ndarray:
        with reading(path, kind), opener() as dataset:
            chosen = dataset[name].transpose(*outer, *inner, ...)
            chosen = chosen[{d: 0 for d in chosen.dims[len(outer) + len(inner) :]}]
            if not outer:
                return np.asarray(chosen.values)
            below = math.prod(variable.sizes[d] for d in outer[1:])
            first, last = start // below, -(-stop // below)
            values = np.asarray(chosen[{outer[0]: slice(first, last)}].values)
            return values.reshape(-1, *sizes)[start - first * below : stop - first * below]

    dims = (*((SAMPLE,) if outer else ()), *(roles.of[d] for d in inner))
    shape = (*((count,) if outer else ()), *sizes)
    return Stored(name, dims, shape, fetch, _labels(name, variable, dims, shape))


def _labels(
    name: str, variable: Any, dims: tuple[str, ...], shape: tuple[int, ...]
) -> tuple[Variable, ...]:
    units, text = (str(variable.attrs.get(key, "")) for key in ("units", "long_name"))
    if CHANNEL not in dims:
        return (Variable(name, units, text),)
    count = shape[dims.index(CHANNEL)]
    return tuple(Variable(f"{name}{i}", units, text) for i in range(count))
