"""MATLAB files up to version 7: what the authors of FNO and of PINNs publish."""

from pathlib import Path

from fredholm.data.readers.arrays import lazy
from fredholm.data.readers.found import Options
from fredholm.data.readers.unlabelled import open_arrays
from fredholm.data.source import Source, reading

KIND = "MATLAB file"


def open_matlab(path: Path, options: Options) -> Source:
    """Samples of `a`, `u` or `coeff`, `sol`; or one trajectory with its coordinates.

    Raises:
        DataError: Damaged, or input and target cannot be told.
    """
    import numpy as np
    import scipy.io

    with reading(path, KIND):
        content = scipy.io.loadmat(path)
    arrays = {
        name: lazy(array)
        for name, array in content.items()
        if isinstance(array, np.ndarray) and array.dtype.kind in "fiub"
    }
    return open_arrays(path, KIND, arrays, options)
