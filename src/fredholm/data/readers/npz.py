"""NumPy `.npz` archives."""

from pathlib import Path

from fredholm.data.readers.arrays import lazy
from fredholm.data.readers.found import Options
from fredholm.data.readers.unlabelled import open_arrays
from fredholm.data.source import Source, reading

KIND = "NumPy archive"


def open_npz(path: Path, options: Options) -> Source:
    """Samples of an archive of arrays, say `x` and `y` or `a` and `u`.

    Raises:
        DataError: Damaged, or input and target cannot be told.
    """
    import numpy as np

    with reading(path, KIND), np.load(path, allow_pickle=False) as archive:
        content = {name: archive[name] for name in archive.files}
    arrays = {
        name: lazy(array)
        for name, array in content.items()
        if array.dtype.kind in "fiub" and array.ndim > 0
    }
    return open_arrays(path, KIND, arrays, options)
