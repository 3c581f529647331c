"""`torch.save` files: a dictionary of tensors, as neuraloperator publishes them."""

from pathlib import Path

from fredholm.data.readers.arrays import lazy
from fredholm.data.readers.found import Options
from fredholm.data.readers.unlabelled import open_arrays
from fredholm.data.source import Source, reading
from fredholm.errors import DataError

KIND = "PyTorch dictionary"


def open_torch(path: Path, options: Options) -> Source:
    """Samples of a dictionary of tensors: `x` and `y`, or names that the user states.

    Nothing in the file is executed (`weights_only`).

    Raises:
        DataError: Damaged, or something else than a dictionary of tensors.
    """
    import torch

    with reading(path, KIND):
        content = torch.load(path, weights_only=True, map_location="cpu")
    if not isinstance(content, dict):
        raise DataError(
            f"{path} holds a {type(content).__name__}; expected a dictionary of tensors"
        )
    tensors = {str(k): v for k, v in content.items() if isinstance(v, torch.Tensor) and v.ndim > 0}
    arrays = {name: lazy(tensor.contiguous().numpy()) for name, tensor in tensors.items()}
    return open_arrays(path, KIND, arrays, options)
