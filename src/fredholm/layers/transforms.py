"""Real coefficients on grids: cosine, Fourier and Chebyshev transforms, as small matrices.

A function on an interval is expanded in functions that are orthonormal in the mean,

    cₖ = mean of u φₖ        u(x) = Σₖ cₖ φₖ(x)        mean of u² = Σₖ cₖ²

    cosine:   φ₀ = 1, φₖ = √2 cos(πk(x - start)/L)
    fourier:  φ₀ = 1, √2 cos(2πk(x - start)/L), √2 sin(2πk(x - start)/L)
    chebyshev: φ₀ = 1, φₖ = √2 Tₖ(s) with s from -1 to 1, in the mean of density 1/(π √(1 - s²))

and in products of them in several dimensions. The means are taken with the quadrature of the axes,
so that coefficients do not depend on the number of points. On cells the cosines give the discrete
cosine transform DCT-II, on nodes DCT-I, on a periodic axis DCT-I of the samples with the first
repeated at the end; on periodic axes the Fourier functions give the discrete Fourier transform.
Chebyshev coefficients are of samples on Chebyshev points, with the quadrature of that density.
All of these keep the sum of squares (Parseval), as far as the grid resolves the functions.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from fredholm.domains import Axis
from fredholm.domains.chebyshev import polynomials, series

Transform = Literal["cosine", "fourier", "chebyshev"]


def require_transform(name: str) -> None:
    """Checks the name of a transform.

    Raises:
        ValueError: It is none of them.
    """
    if name not in get_args(Transform):
        raise ValueError(f"transform is one of {', '.join(get_args(Transform))}, got {name!r}")


def count(modes: int, transform: Transform) -> int:
    """Number of basis functions with wavenumbers below `modes` (half waves for the cosines)."""
    return 2 * modes - 1 if transform == "fourier" else modes


def natural(axis: Axis) -> Transform:
    """The transform under which smooth functions on an axis have few coefficients."""
    if axis.periodic:
        return "fourier"
    return "chebyshev" if axis.location == "chebyshev" else "cosine"


def resolved(axis: Axis, transform: Transform) -> int:
    """The largest number of wavenumbers that the samples of an axis tell apart."""
    if transform == "fourier":
        return (axis.size + 1) // 2
    if transform == "chebyshev":
        return axis.size
    both_ends = axis.location == "node" and not axis.periodic
    return axis.size - both_ends


def to_coefficients(
    x: Float[Tensor, "*points batch c"],
    axes: tuple[Axis, ...],
    modes: tuple[int, ...],
    transform: Transform | Sequence[Transform],
) -> Float[Tensor, "*modes batch c"]:
    """Coefficients of samples; those that a coarse grid does not resolve are zero.

    Args:
        x: Samples, points first.
        axes: Where they lie.
        modes: Wavenumbers, or degrees, kept along each axis, exclusive.
        transform: One for all axes, or one for each.
    """
    each = _per_axis(transform, axes)
    for number, (axis, wanted, name) in enumerate(zip(axes, modes, each, strict=True)):
        k = min(wanted, resolved(axis, name))
        x = _along(number, analysis(axis, k, name, x.dtype, x.device), x)
        missing = count(wanted, name) - count(k, name)
        if missing:
            x = functional.pad(x, (0, 0) * (x.ndim - 1 - number) + (0, missing))
    return x


def to_points(
    x: Float[Tensor, "*modes batch c"],
    axes: tuple[Axis, ...],
    box: tuple[Axis, ...],
    modes: tuple[int, ...],
    transform: Transform | Sequence[Transform],
) -> Float[Tensor, "*points batch c"]:
    """The functions with these coefficients on `box`, at the points of `axes`."""
    each = _per_axis(transform, axes)
    for number, (axis, home, k, name) in enumerate(zip(axes, box, modes, each, strict=True)):
        x = _along(number, synthesis(axis, home, k, name, x.dtype, x.device), x)
    return x


def _per_axis(
    transform: Transform | Sequence[Transform], axes: tuple[Axis, ...]
) -> tuple[Transform, ...]:
    if isinstance(transform, str):
        return (transform,) * len(axes)  # type: ignore[return-value]
    return tuple(transform)


@lru_cache(maxsize=256)
def analysis(
    axis: Axis, modes: int, transform: Transform, dtype: torch.dtype, device: torch.device
) -> Float[Tensor, "k n"]:
    """Samples to coefficients.

    Raises:
        ValueError: Chebyshev coefficients of samples on other points.
    """
    if transform == "chebyshev":
        if axis.location != "chebyshev":
            raise ValueError(f"Chebyshev coefficients need samples on Chebyshev points, got {axis}")
        matrix = series(axis.size)[:modes]
        matrix[1:] /= math.sqrt(2)
    elif transform == "cosine" and axis.periodic:
        # Cosines of half waves do not continue periodically, but the samples do.
        location = "cell" if axis.location == "cell" else "node"
        ends = int(location == "node")
        closed = replace(axis, size=axis.size + ends, periodic=False, location=location)
        matrix = _functions(closed, axis, modes, transform) * closed.weights() / axis.length
        if ends:
            matrix[:, 0] += matrix[:, -1]
            matrix = matrix[:, :-1]
    else:
        matrix = _functions(axis, axis, modes, transform) * axis.weights() / axis.length
    return matrix.to(device, dtype).contiguous()


@lru_cache(maxsize=256)
def synthesis(
    axis: Axis,
    box: Axis,
    modes: int,
    transform: Transform,
    dtype: torch.dtype,
    device: torch.device,
) -> Float[Tensor, "n k"]:
    """Coefficients of a function on `box` to its values at the points of `axis`."""
    return _functions(axis, box, modes, transform).T.to(device, dtype).contiguous()


def _functions(axis: Axis, box: Axis, modes: int, transform: Transform) -> Tensor:
    """Values of the basis functions of `box` at the points of `axis`, as rows."""
    x = (axis.points() - box.start) / box.length
    if transform == "chebyshev":
        rows = polynomials(2 * x - 1, modes).T
        return torch.cat([rows[:1], math.sqrt(2) * rows[1:]])
    k = torch.arange(1, modes, dtype=torch.float64)[:, None]
    if transform == "cosine":
        waves = torch.cos(math.pi * k * x)
    else:
        # Side by side, so that fewer modes are the first rows of more.
        phase = 2 * math.pi * k * x
        waves = torch.stack([torch.cos(phase), torch.sin(phase)], dim=1).flatten(0, 1)
    return torch.cat([torch.ones(1, len(x), dtype=torch.float64), math.sqrt(2) * waves])


def _along(number: int, matrix: Tensor, x: Tensor) -> Tensor:
    """The matrix applied along one dimension."""
    return torch.tensordot(matrix, x.movedim(number, 0), dims=1).movedim(0, number)
