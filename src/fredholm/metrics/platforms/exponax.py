"""The metrics of Exponax, which APEBench reports: discrete function norms of each frame.

Channels are aggregated one by one, raised to the outer power, normalised, and summed: a state of
two channels has an nRMSE up to two. Its states live on cubes of N^D points and length L.

Reference: Koehler et al., NeurIPS 2024 (APEBench), arXiv:2411.00180, appendix F.
"""

from collections.abc import Callable
from functools import partial
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field
from fredholm.metrics.frames import paired

VERSION = "1: as of Exponax 1b25e94, 2026-02-20"
Mode = Literal["absolute", "normalized", "symmetric"]
Kind = Literal["MAE", "MSE", "RMSE"]
POWERS: dict[Kind, tuple[float, float]] = {"MAE": (1.0, 1.0), "MSE": (2.0, 1.0), "RMSE": (2.0, 0.5)}
"""Inner and outer exponents p and q: ((L/N)^D Σ|e|^p)^q."""
ROUNDING = 1e-5
"""Fourier coefficients of a transform without normalisation that are smaller count as zero."""
Aggregate = Callable[[Tensor], Float[Tensor, "batch times c"]]


def spatial(
    predicted: Field,
    truth: Field,
    kind: Kind = "RMSE",
    mode: Mode = "normalized",
    *,
    domain_extent: float = 1.0,
) -> Float[Tensor, "batch times"]:
    """A(e), A(e)/A(y) or 2 A(e)/(A(p) + A(y)), summed over channels; A(v) = ((L/N)^D Σ|v|^p)^q.

    Args:
        predicted, truth: Functions on the same cube.
        kind: The exponents: `"MAE"` p = q = 1, `"MSE"` p = 2 and q = 1, `"RMSE"` q = ½.
        mode: `"absolute"`, `"normalized"` (nRMSE) or `"symmetric"` (sRMSE).
        domain_extent: L; APEBench leaves it at 1.

    Raises:
        ValueError: The grid is no cube, or the kind or mode is unknown.
    """
    p, y = _cubes(predicted, truth)
    inner, outer = _powers(kind)
    scale = (domain_extent / y.shape[2]) ** (y.ndim - 3)
    return _combined(p, y, mode, lambda v: (scale * _sum(v.abs() ** inner)) ** outer)


def fourier(
    predicted: Field,
    truth: Field,
    kind: Kind = "RMSE",
    mode: Literal["absolute", "normalized"] = "normalized",
    *,
    low: int | None = None,
    high: int | None = None,
    derivative_order: float | None = None,
    domain_extent: float = 1.0,
) -> Float[Tensor, "batch times"]:
    """The same of Fourier coefficients: A(v) = Σ_axes ((L/N)^D Σ_k |k_axis^s v̂_k|^p / N^D)^q.

    For p = 2 without options that is `spatial`, by Parseval's equality. Coefficients below 1e-5 in
    absolute size count as zero, which small fields feel.

    Args:
        predicted, truth, kind, mode, domain_extent: As in `spatial`.
        low, high: First and last wavenumber that counts, as max |k_i|.
        derivative_order: s, with k in radians per length; one term for each axis. Without it,
            there is one term, the function itself.
    """
    p, y = _cubes(predicted, truth)
    if mode == "symmetric":
        raise ValueError("Exponax has no symmetric Fourier metrics")
    inner, outer = _powers(kind)
    n, dim = y.shape[2], y.ndim - 3
    k = torch.fft.fftfreq(n, 1 / n, dtype=torch.float64).abs().to(y.device)
    grids = [g[..., None] for g in torch.meshgrid(*[k] * dim, indexing="ij")]
    largest = torch.stack(grids).amax(0)
    first, last = (0 if low is None else low), (n // 2 + 1 if high is None else high)
    kept = (largest > first - 1) & (largest <= last)
    unit = 2 * torch.pi / domain_extent
    factors = [1.0] if derivative_order is None else [(unit * g) ** derivative_order for g in grids]
    scale = (domain_extent / n) ** dim / n**dim

    def aggregate(v: Tensor) -> Tensor:
        size = torch.fft.fftn(v, dim=tuple(range(2, v.ndim - 1))).abs()
        size = torch.where((size >= ROUNDING) & kept, size, 0.0)
        parts = [(scale * _sum((factor * size) ** inner)) ** outer for factor in factors]
        return torch.stack(parts).sum(0)

    return _combined(p, y, mode, aggregate)


def h1(
    predicted: Field,
    truth: Field,
    kind: Kind = "RMSE",
    mode: Literal["absolute", "normalized"] = "normalized",
    *,
    domain_extent: float = 1.0,
) -> Float[Tensor, "batch times"]:
    """`fourier` of the function plus `fourier` of its first derivatives: not the H¹ norm itself.

    Normalised, it is the sum of two ratios and not the ratio of two sums.
    """
    both = partial(fourier, predicted, truth, kind, mode, domain_extent=domain_extent)
    return both() + both(derivative_order=1)


def correlation(predicted: Field, truth: Field) -> Float[Tensor, "batch times"]:
    """⟨p, y⟩/(‖p‖ ‖y‖), the mean over channels: a cosine, the mean of the fields not taken off."""
    p, y = _cubes(predicted, truth)
    return (_sum(p * y) / (_sum(p * p) * _sum(y * y)).sqrt()).mean(-1)


def _cubes(predicted: Field, truth: Field) -> tuple[Tensor, Tensor]:
    p, y = paired(predicted, truth)
    if len(set(y.shape[2:-1])) != 1:
        raise ValueError(
            f"the metrics of Exponax are defined for N points on every axis of space, "
            f"got {tuple(y.shape[2:-1])}"
        )
    return p, y


def _powers(kind: Kind) -> tuple[float, float]:
    if kind not in POWERS:
        raise ValueError(f"kind is one of {tuple(POWERS)}, got {kind!r}")
    return POWERS[kind]


def _sum(values: Float[Tensor, "batch times *points c"]) -> Float[Tensor, "batch times c"]:
    return values.flatten(2, -2).sum(2)


def _combined(p: Tensor, y: Tensor, mode: Mode, aggregate: Aggregate) -> Tensor:
    """The aggregate of the error in one of the modes, summed over channels."""
    if mode not in get_args(Mode):
        raise ValueError(f"mode is one of {get_args(Mode)}, got {mode!r}")
    error = aggregate(p - y)
    if mode == "normalized":
        error = error / aggregate(y)
    elif mode == "symmetric":
        error = 2 * error / (aggregate(p) + aggregate(y))
    return error.sum(-1)


_PREFIXES: dict[Mode, str] = {"absolute": "", "normalized": "n", "symmetric": "s"}
METRICS = {
    "correlation": correlation,
    **{
        f"{_PREFIXES[mode]}{kind}": partial(spatial, kind=kind, mode=mode)
        for kind in POWERS
        for mode in _PREFIXES
    },
    **{
        f"{name}_{_PREFIXES[mode]}{kind}": partial(function, kind=kind, mode=mode)
        for name, function in (("fourier", fourier), ("H1", h1))
        for kind in POWERS
        for mode in _PREFIXES
        if mode != "symmetric"
    },
}
