"""Finite differences of a chosen order of accuracy on equidistant samples."""

from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis


@lru_cache(maxsize=256)
def weights(offsets: tuple[int, ...], order: int) -> tuple[float, ...]:
    """Weights of the samples at `offsets` (in spacings) for the derivative of that order at zero.

    They differentiate polynomials up to degree `len(offsets) - 1` exactly.

    Reference:
        Fornberg, Math. Comp. 51, 1988; here by the Vandermonde system, which is small.
    """
    import math

    points = torch.tensor(offsets, dtype=torch.float64)
    powers = torch.stack([points**degree for degree in range(len(offsets))])
    right = torch.zeros(len(offsets), dtype=torch.float64)
    right[order] = math.factorial(order)
    return tuple(torch.linalg.solve(powers, right).tolist())


def difference_derivative(
    values: Float[Tensor, "*shape"], dim: int, axis: Axis, order: int, accuracy: int
) -> Float[Tensor, "*shape"]:
    """The derivative along one dimension of an array, with error O(h^accuracy) up to the ends.

    Centred inside, one-sided near the ends of an axis that is not periodic. No boundary values
    enter, so samples on nodes, cells and left ends are treated alike.

    Args:
        values: Samples.
        dim: The dimension that belongs to the axis.
        axis: Its axis.
        order: Order of the derivative.
        accuracy: 2 or 4 (any even number works).

    Raises:
        ValueError: Fewer samples than the one-sided stencil needs.
    """
    reach = (order + 1) // 2 + accuracy // 2 - 1
    width = order + accuracy
    count = axis.size
    if count < width:
        raise ValueError(
            f"a derivative of order {order} with accuracy {accuracy} needs {width} samples, "
            f"axis {axis.name!r} has {count}"
        )
    values = values.movedim(dim, -1)
    centred = weights(tuple(range(-reach, reach + 1)), order)
    if axis.periodic:
        wrapped = torch.cat([values[..., -reach:], values, values[..., :reach]], dim=-1)
        result = _correlate(wrapped, centred)
    else:
        left = [
            _dot(values[..., :width], tuple(range(-row, width - row)), order)
            for row in range(reach)
        ]
        right = [
            _dot(values[..., -width:], tuple(range(row + 1 - width, row + 1)), order)
            for row in reversed(range(reach))
        ]
        inside = _correlate(values, centred)
        result = torch.cat([*left, inside, *right], dim=-1)
    return (result / axis.spacing**order).movedim(-1, dim)


def _correlate(values: Tensor, stencil: tuple[float, ...]) -> Tensor:
    length = values.shape[-1] - len(stencil) + 1
    parts = (w * values[..., i : i + length] for i, w in enumerate(stencil) if w)
    return sum(parts, values.new_zeros(()))


def _dot(samples: Tensor, offsets: tuple[int, ...], order: int) -> Tensor:
    stencil = torch.tensor(weights(offsets, order), dtype=torch.float64).to(samples)
    return (samples * stencil).sum(-1, keepdim=True)
