"""Derivatives of functions on grids."""

from typing import Literal, get_args

import torch
from torch import Tensor

from fredholm.calculus.chebyshev import chebyshev_derivative
from fredholm.calculus.finite_difference import difference_derivative
from fredholm.calculus.spectral import spectral_derivative
from fredholm.domains import Axis
from fredholm.fields import Field

Method = Literal["auto", "spectral", "fd2", "fd4"]


def derivative(u: Field, axis: str, order: int = 1, *, method: Method = "auto") -> Field:
    """∂ⁿu/∂axisⁿ, each channel on its own.

    Args:
        u: A function on a grid.
        axis: Name of the coordinate.
        order: n.
        method: `"spectral"`: the derivative of the trigonometric interpolant, for periodic axes, or
            of the polynomial through Chebyshev points.
            `"fd2"`, `"fd4"`: finite differences with error O(h²), O(h⁴), one-sided at the ends.
            `"auto"`: spectral where the axis is periodic or has Chebyshev points, else fd4.

    Raises:
        ValueError: The grid has no such axis, the method does not fit it, or the axis has too few
            samples.
    """
    number = u.grid.names.index(u.grid.axis(axis).name)
    return u.with_values(differentiate(u.values, number + 1, u.grid.axes[number], order, method))


def differentiate(values: Tensor, dim: int, axis: Axis, order: int, method: Method) -> Tensor:
    """The derivative along dimension `dim` of an array whose samples lie on `axis`."""
    if method not in get_args(Method):
        raise ValueError(f"method is one of {get_args(Method)}, got {method!r}")
    if order < 1:
        raise ValueError(f"order of a derivative is 1, 2, ..., got {order}")
    if axis.location == "chebyshev" and method in ("auto", "spectral"):
        return chebyshev_derivative(values, dim, axis, order)
    if method == "spectral" or method == "auto" and axis.periodic:
        return spectral_derivative(values, dim, axis, order)
    return difference_derivative(values, dim, axis, order, 2 if method == "fd2" else 4)


def gradient(u: Field, *, method: Method = "auto") -> Field:
    """∇u of a scalar function; one channel per axis of the grid.

    Raises:
        ValueError: The function has several channels.
    """
    if u.channels != 1:
        raise ValueError(f"gradient is for functions with one channel, got {u.channels}")
    parts = [derivative(u, name, method=method).values for name in u.grid.names]
    return u.with_values(torch.cat(parts, dim=-1))


def divergence(v: Field, *, method: Method = "auto") -> Field:
    """∇·v of a vector function with one channel per axis of the grid.

    Raises:
        ValueError: The number of channels is not that of the axes.
    """
    if v.channels != v.grid.dim:
        raise ValueError(
            f"divergence needs one channel per axis {v.grid.names}, got {v.channels} channels"
        )
    total = torch.zeros_like(v.values[..., :1])
    for i, name in enumerate(v.grid.names):
        component = v.with_values(v.values[..., i : i + 1])
        total = total + derivative(component, name, method=method).values
    return v.with_values(total)


def laplacian(u: Field, *, method: Method = "auto") -> Field:
    """Δu, each channel on its own, over all axes of the grid."""
    parts = [derivative(u, name, 2, method=method).values for name in u.grid.names]
    return u.with_values(torch.stack(parts).sum(0))
