"""Which format a file has, told from its content and never from its name."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fredholm.data.readers import own, pdebench, the_well
from fredholm.data.readers.cloud_file import is_cloud
from fredholm.data.readers.found import Options
from fredholm.data.readers.hdf5 import KIND as KIND_HDF5
from fredholm.data.readers.hdf5 import KIND_73, open_hdf5, open_matlab73
from fredholm.data.readers.labelled import KIND_NETCDF, KIND_ZARR, open_netcdf, open_zarr
from fredholm.data.readers.matlab import KIND as KIND_MATLAB
from fredholm.data.readers.matlab import open_matlab
from fredholm.data.readers.mesh_folder import KIND as KIND_MESHES
from fredholm.data.readers.mesh_folder import open_meshes
from fredholm.data.readers.mesh_formats import SUFFIXES, mesh_format
from fredholm.data.readers.npz import KIND as KIND_NPZ
from fredholm.data.readers.npz import open_npz
from fredholm.data.readers.torch_file import KIND as KIND_TORCH
from fredholm.data.readers.torch_file import open_torch
from fredholm.data.readers.unlabelled import KIND as KIND_NPY
from fredholm.data.readers.unlabelled import open_npy_folder
from fredholm.data.scattered_netcdf import chunks
from fredholm.data.source import Source, hdf5_file, reading
from fredholm.errors import DataError

READERS: dict[str, Callable[[Path, Options], Source]] = {
    own.KIND: own.open_own,
    KIND_TORCH: open_torch,
    KIND_MATLAB: open_matlab,
    KIND_73: open_matlab73,
    KIND_NPZ: open_npz,
    pdebench.KIND: pdebench.open_pdebench,
    the_well.KIND: the_well.open_the_well,
    KIND_NETCDF: open_netcdf,
    KIND_ZARR: open_zarr,
    KIND_HDF5: open_hdf5,
    KIND_MESHES: open_meshes,
    KIND_NPY: open_npy_folder,
}
"""Formats by name, with the function that opens each."""

OF_ARRAYS = (KIND_TORCH, KIND_MATLAB, KIND_73, KIND_NPZ, KIND_HDF5, KIND_NPY, KIND_MESHES)
"""Formats of which some arrays may hold the coordinates of scattered points."""

_HDF5 = b"\x89HDF\r\n\x1a\n"


def detect(path: str | Path) -> str:
    """The format of a file: a key of `READERS`.

    Raises:
        DataError: There is no such file, or it has none of the formats.
    """
    path = Path(path)
    if not path.exists():
        raise DataError(f"{path} does not exist")
    if path.is_dir():
        if any((path / name).exists() for name in ("zarr.json", ".zgroup", ".zmetadata")):
            return KIND_ZARR
        files = list(path.iterdir())
        if any(file.suffix.lower() in SUFFIXES or is_cloud(file) for file in files):
            return KIND_MESHES
        if any(file.suffix == ".npy" for file in files):
            return KIND_NPY
        if chunks(path):
            raise DataError(
                f"{path} is unfinished: {chunks(path)[-1][1]} samples are there; repeat the call "
                "that began it, it continues where it stopped"
            )
        raise DataError(
            f"{path} is a folder without a Zarr store or files of meshes ({', '.join(SUFFIXES)}); "
            "name a file"
        )
    try:
        with path.open("rb") as file:
            start = file.read(1024)
    except OSError as error:
        raise DataError(f"cannot open {path}: {error.strerror}") from error
    if not start:
        raise DataError(f"{path} is empty")
    return _by_magic(path, start)


def _by_magic(path: Path, start: bytes) -> str:
    if _HDF5 in (start[:8], start[512:520]):
        return KIND_73 if start.startswith(b"MATLAB 7.3") else _hdf5_kind(path)
    if start.startswith(b"MATLAB 5.0"):
        return KIND_MATLAB
    if start.startswith((b"CDF\x01", b"CDF\x02", b"CDF\x05")):
        return KIND_NETCDF
    if start.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    if start.startswith(b"\x80\x02") and b"\xfcF\x9cj" in start:  # torch.save before 1.6
        return KIND_TORCH
    if mesh_format(path, start) is not None:
        return KIND_MESHES
    known = ", ".join(READERS)
    raise DataError(f"{path} has none of the formats that are read: {known}")


def _hdf5_kind(path: Path) -> str:
    with hdf5_file(path, KIND_HDF5) as file:
        if own.is_own(file):
            return own.KIND
        if the_well.is_the_well(file):
            return the_well.KIND
        if pdebench.is_pdebench(file):
            return pdebench.KIND
        return KIND_NETCDF if _has_named_dims(file) else KIND_HDF5


def _has_named_dims(file: Any) -> bool:
    scales = ("DIMENSION_LIST", "CLASS", "_Netcdf4Dimid")
    return "_NCProperties" in file.attrs or any(
        name in item.attrs for item in file.values() for name in scales
    )


def _zip_kind(path: Path) -> str:
    with reading(path, "zip archive"), zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    if any(name.endswith("data.pkl") for name in names):
        return KIND_TORCH
    if any(name.endswith(".npy") for name in names):
        return KIND_NPZ
    raise DataError(f"{path} is a zip archive without arrays")
