"""Evaluation of grid samples at the points of another grid.

Spectral (trigonometric) on periodic axes, the polynomial through all samples on Chebyshev points,
local polynomial interpolation on the others. All are linear maps along one axis at a time, kept as
small matrices, so that a field of any dimension is moved by a few matrix products and gradients
flow through.
"""

from functools import lru_cache
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from fredholm.domains.axis import Axis
from fredholm.domains.chebyshev import polynomials, series
from fredholm.domains.grid import Grid

Method = Literal["smooth", "linear", "nearest"]
_POINTS = {"smooth": 4, "linear": 2, "nearest": 1}


def resample(
    values: Float[Tensor, "batch *points c"],
    source: Grid,
    target: Grid,
    *,
    method: Method = "smooth",
) -> Float[Tensor, "batch *others c"]:
    """Values at the points of `target` of the function sampled on `source`.

    Args:
        values: Samples on `source`, channels last.
        method: `"smooth"`: the trigonometric interpolant on periodic axes (exact for functions
            band-limited by the source), the polynomial through all samples on Chebyshev points,
            cubic polynomials on four neighbours elsewhere (error O(h⁴)). `"linear"` (O(h²)) and
            `"nearest"` overshoot nothing: for discontinuous data.

    Raises:
        ValueError: Other axes, another period, or points outside the source's interval.
    """
    if source.names != target.names:
        raise ValueError(f"cannot resample axes {source.names} onto axes {target.names}")
    for number, (old, new) in enumerate(zip(source.axes, target.axes), start=1):
        if old != new:
            matrix = interpolation_matrix(old, new, method).to(values)
            values = (matrix @ values.movedim(number, -2)).movedim(-2, number)
    return values


@lru_cache(maxsize=128)
def interpolation_matrix(source: Axis, target: Axis, method: Method) -> Float[Tensor, "m n"]:
    """The matrix that takes samples on `source` to values at the points of `target`, float64."""
    if method not in _POINTS:
        raise ValueError(f"method is one of {tuple(_POINTS)}, got {method!r}")
    if source.units != target.units:
        raise ValueError(
            f"axis {source.name!r} is in {source.units or 'no units'}, "
            f"the target in {target.units or 'no units'}"
        )
    if source.periodic and (
        abs(target.length - source.length) > 1e-9 * source.length or not target.periodic
    ):
        raise ValueError(f"axis {source.name!r} has another period: {source} against {target}")
    return point_matrix(source, target.points(), method)


def point_matrix(source: Axis, points: Float[Tensor, "m"], method: Method) -> Float[Tensor, "m n"]:
    """The matrix that takes samples on an axis to values at any points of it, float64.

    Raises:
        ValueError: Points lie outside of an axis that is not periodic.
    """
    check_within(source, points)
    if source.periodic and method == "smooth":
        return _trigonometric(source, points)
    if source.location == "chebyshev" and method == "smooth":
        s = 2 * (points - source.start) / source.length - 1
        return polynomials(s, source.size) @ series(source.size)
    numbers, weights = local_stencil(source, points, method)
    matrix = torch.zeros(len(points), source.size, dtype=torch.float64)
    return matrix.scatter_add_(1, numbers, weights)


def check_within(source: Axis, points: Float[Tensor, "m"]) -> None:
    """Refuses points outside of an axis that is not periodic.

    Raises:
        ValueError: There are some.
    """
    slack = 1e-9 * source.length
    if source.periodic or not len(points):
        return
    if points.min() < source.start - slack or points.max() > source.stop + slack:
        raise ValueError(
            f"axis {source.name!r}: the target [{points.min():g}, {points.max():g}] leaves the "
            f"source [{source.start:g}, {source.stop:g}]; extrapolation is not offered"
        )


def _trigonometric(axis: Axis, points: Tensor) -> Tensor:
    """Rows of the periodic interpolation kernel: Σₖ exp(2πik(x - xᵢ)/L)/n, Nyquist halved."""
    n = axis.size
    wavenumbers = torch.arange(n // 2 + 1, dtype=torch.float64)
    multiplicity = torch.full_like(wavenumbers, 2.0)
    multiplicity[0] = 1.0
    if n % 2 == 0:
        multiplicity[-1] = 1.0
    phase = 2 * torch.pi * (points[:, None] - axis.points()[None, :]) / axis.length
    kernel = torch.zeros_like(phase)
    for k, times in zip(wavenumbers, multiplicity):  # a loop keeps the memory at m n
        kernel += times * torch.cos(k * phase)
    return kernel / n


def local_stencil(
    axis: Axis, points: Float[Tensor, "m"], method: Method
) -> tuple[Int[Tensor, "m k"], Float[Tensor, "m k"]]:
    """Numbers and weights of the nearest samples (four, two or one) in Lagrange interpolation."""
    n = axis.size
    count = min(_POINTS[method], n)
    position = (points - axis.points()[0]) / axis.spacing
    if count == 1:
        first = torch.round(position).long()
    else:
        first = torch.floor(position).long() - (count // 2 - 1)
    if not axis.periodic:
        first = first.clamp(0, n - count)
    numbers = first[:, None] + torch.arange(count)
    weights = torch.ones(len(points), count, dtype=torch.float64)
    for j in range(count):
        for i in range(count):
            if i != j:
                weights[:, j] *= (position - (first + i)) / (j - i)
    return numbers % n, weights
