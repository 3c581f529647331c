"""Values at any points of functions on meshes, clouds and grids.

All are linear maps whose rows have few entries: gradients flow to the values.
"""

import math
from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains.grid import Grid
from fredholm.domains.meshes.location import located
from fredholm.domains.meshes.mesh import Mesh
from fredholm.domains.points.local_polynomials import polynomial_stencil
from fredholm.domains.points.stencil import Stencil
from fredholm.domains.points.unstructured import Unstructured
from fredholm.domains.transfer import Method, check_within, local_stencil, point_matrix

Outside = Literal["nearest", "nan", "raise"]
_DEGREES = {"smooth": 2, "linear": 1, "nearest": 0}
_ENTRIES = 1_000_000
"""Entries per function and channel of what is held between two axes of a grid."""


def transfer(
    values: Float[Tensor, "*batch n c"],
    source: Unstructured,
    target: Unstructured | Float[Tensor, "m dim"],
    method: Method = "linear",
    *,
    outside: Outside = "nearest",
) -> Float[Tensor, "*batch m c"]:
    """Values at points of a function known at those of a mesh or a cloud.

    Args:
        values: At the points of the source, channels last.
        source: Where they are known.
        target: Another cloud or mesh, for which the map is made once, or coordinates.
        method: `"linear"` (error O(h²)): on a mesh the function that is linear in each cell, on a
            cloud a linear function fitted to the neighbours of each point. `"smooth"` (O(h³)): a
            quadratic one fitted to the neighbours, on a mesh too; it knows nothing of gaps between
            them. `"nearest"` (O(h)): the value of the nearest point.
        outside: What becomes of points in no cell, or, of a cloud, farther from its points than
            these are from their neighbours. `"nearest"`: the value at the nearest point of the
            boundary of the mesh, or that of the nearest point of the cloud. `"nan"`, `"raise"`.

    Raises:
        ValueError: The method is unknown, values or coordinates do not match the source, or a point
            lies outside and `outside` is `"raise"`.
    """
    if values.shape[-2] != len(source):
        raise ValueError(f"{source} has {len(source)} values, got {values.shape[-2]}")
    if isinstance(target, Unstructured):
        stencil = source.remembered(_stencil, target, method)
    else:
        stencil = scattered_stencil(source, target, method)
    return apply_stencil(stencil, values, outside)


def transfer_error(
    values: Float[Tensor, "*batch n c"],
    source: Unstructured,
    target: Unstructured | Float[Tensor, "m dim"],
) -> Float[Tensor, "*batch m c"]:
    """Estimated error of the linear transfer at each point: its distance from the smooth one.

    Without the function that the values come from, the error of a method can only be measured
    against a better one. The estimate is good where the better one is much better: where the
    function is smooth on the scale of the spacing. Where it jumps it is large, and no bound.

    Args:
        values: At the points of the source.
        source: Where they are known.
        target: Where they are wanted.
    """
    linear, smooth = (transfer(values, source, target, method) for method in ("linear", "smooth"))
    return (linear - smooth).abs()


def scattered_stencil(
    source: Unstructured, points: Float[Tensor, "m dim"], method: Method
) -> Stencil:
    """The map from values on a mesh or a cloud to those at points (see `transfer`).

    Raises:
        ValueError: The method is unknown, or points have another number of coordinates.
    """
    if method not in _DEGREES:
        raise ValueError(f"method is one of {tuple(_DEGREES)}, got {method!r}")
    points = points.detach().to("cpu", torch.float64)
    if points.ndim != 2 or points.shape[1] != source.dim:
        raise ValueError(f"points are (m, {source.dim}), got shape {tuple(points.shape)}")
    if isinstance(source, Mesh) and method == "linear":
        return located(source, points)
    stencil = polynomial_stencil(source.coords, points, _DEGREES[method])
    if isinstance(source, Mesh):  # it knows where it ends
        return replace(stencil, outside=located(source, points).outside)
    return stencil


def grid_values(
    values: Float[Tensor, "batch *points c"],
    source: Grid,
    target: Unstructured | Float[Tensor, "m dim"],
    method: Method = "smooth",
) -> Float[Tensor, "batch m c"]:
    """Values at scattered points of functions sampled on a grid.

    Args:
        values: Samples, channels last.
        source: The grid.
        target: A cloud or a mesh, for which the map is made once, or coordinates.
        method: As in `resample`.

    Raises:
        ValueError: The points leave an axis that is not periodic, or have other coordinates.
    """
    points = target.coords if isinstance(target, Unstructured) else target.detach().double().cpu()
    if points.ndim != 2 or points.shape[1] != source.dim:
        raise ValueError(f"points are (m, {source.dim}), got shape {tuple(points.shape)}")
    for axis, x in zip(source.axes, points.unbind(1)):
        check_within(axis, x)
    if method == "smooth" and any(a.periodic or a.location == "chebyshev" for a in source.axes):
        rest = math.prod(source.shape[1:])
        blocks = points.split(max(_ENTRIES // rest, 1))
        return torch.cat([_along_axes(values, source, block, method) for block in blocks], dim=1)
    if isinstance(target, Unstructured):
        stencil = target.remembered(_grid_stencil, source, method)
    else:
        stencil = _product_stencil(source, points, method)
    return stencil(values.flatten(1, -2))


def _along_axes(values: Tensor, source: Grid, points: Tensor, method: Method) -> Tensor:
    """Values at points by interpolation along one axis after the other, with all samples of it."""
    rows = [point_matrix(a, x, method).to(values) for a, x in zip(source.axes, points.unbind(1))]
    values = torch.einsum("mi,bi...->bm...", rows[0], values)
    for row in rows[1:]:
        values = torch.einsum("mi,bmi...->bm...", row, values)
    return values


def _product_stencil(source: Grid, points: Tensor, method: Method) -> Stencil:
    """Products of the stencils along axes, for samples whose axes are flattened to one."""
    numbers = torch.zeros(len(points), 1, dtype=torch.long)
    weights = torch.ones(len(points), 1, dtype=torch.float64)
    for axis, x in zip(source.axes, points.unbind(1)):
        place, share = local_stencil(axis, x, method)
        numbers = (numbers[:, :, None] * axis.size + place[:, None]).flatten(1)
        weights = (weights[:, :, None] * share[:, None]).flatten(1)
    return Stencil(numbers, weights, torch.zeros(len(points), dtype=torch.bool))


def apply_stencil(
    stencil: Stencil, values: Float[Tensor, "*batch n c"], outside: Outside
) -> Float[Tensor, "*batch m c"]:
    """The values at the points, with those outside treated as asked (see `transfer`)."""
    if outside not in ("nearest", "nan", "raise"):
        raise ValueError(f"outside is 'nearest', 'nan' or 'raise', got {outside!r}")
    result = stencil(values)
    count = int(stencil.outside.sum())
    if count and outside == "raise":
        raise ValueError(
            f"{count} of {len(stencil.outside)} points lie outside, the first is number "
            f"{int(stencil.outside.nonzero()[0])}; use outside='nearest' or 'nan'"
        )
    if count and outside == "nan":
        result = result.masked_fill(stencil.outside.to(result.device)[:, None], torch.nan)
    return result


def _stencil(source: Unstructured, target: Unstructured, method: Method) -> Stencil:
    return scattered_stencil(source, target.coords, method)


def _grid_stencil(target: Unstructured, source: Grid, method: Method) -> Stencil:
    return _product_stencil(source, target.coords, method)
