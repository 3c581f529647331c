"""HDF5 files that are a few unlabelled arrays, and MATLAB 7.3 files, which are such."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from fredholm.data.readers.arrays import Lazy
from fredholm.data.readers.found import Options
from fredholm.data.readers.unlabelled import open_arrays
from fredholm.data.source import Source, hdf5_file

KIND = "HDF5 file"
KIND_73 = "MATLAB 7.3 file"


def open_hdf5(path: Path, options: Options) -> Source:
    """Samples of the arrays at the top of a file.

    Raises:
        DataError: Damaged, or input and target cannot be told.
    """
    return open_arrays(path, KIND, _arrays(path, False), options)


def open_matlab73(path: Path, options: Options) -> Source:
    """The same for MATLAB 7.3, which stores the axes in reverse order.

    Raises:
        DataError: Damaged, or input and target cannot be told.
    """
    return open_arrays(path, KIND_73, _arrays(path, True), options)


def _arrays(path: Path, reverse: bool) -> dict[str, Lazy]:
    arrays = {}
    with hdf5_file(path, KIND) as file:
        for name, item in file.items():
            shape = getattr(item, "shape", ())
            if shape and item.dtype.kind in "fiub":
                arrays[name] = Lazy(
                    shape[::-1] if reverse else shape, slices_of(path, name, reverse=reverse)
                )
    return arrays


def slices_of(
    path: Path, name: str, *, reverse: bool = False
) -> Callable[[tuple[slice, ...]], np.ndarray]:
    """Reads slices of an HDF5 array; the file is open only while that lasts."""

    def read(selection: tuple[slice, ...]) -> np.ndarray:
        with hdf5_file(path, KIND) as file:
            if reverse:
                return file[name][selection[::-1]].transpose()
            return file[name][selection]

    return read
