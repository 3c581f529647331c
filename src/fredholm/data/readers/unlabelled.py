"""Named arrays without labels, whatever file they come from: on grids, or on scattered points."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from fredholm.data.readers.arrays import Lazy, lazy, understand
from fredholm.data.readers.assemble import assemble
from fredholm.data.readers.cloud_arrays import clouds
from fredholm.data.readers.found import Options
from fredholm.data.source import Source, reading

KIND = "folder of NumPy arrays"


def open_arrays(path: Path, kind: str, arrays: Mapping[str, Lazy], options: Options) -> Source:
    """Samples of the arrays of a file: on scattered points where their coordinates are named.

    Raises:
        DataError: Input and target cannot be told, or do not fit each other.
    """
    if options.coordinates:
        return clouds(path, kind, arrays, options)
    return assemble(understand(path, kind, arrays, options), options)


def open_npy_folder(path: Path, options: Options) -> Source:
    """Samples of a folder of `.npy` files, each an array of the file's name.

    Raises:
        DataError: Damaged, or input and target cannot be told.
    """
    arrays = {}
    for file in sorted(path.glob("*.npy")):
        with reading(file, "NumPy array"):
            array = np.load(file, mmap_mode="r", allow_pickle=False)
        if array.dtype.kind in "fiub" and array.ndim > 0:
            arrays[file.stem] = lazy(array)
    return open_arrays(path, KIND, arrays, options)
