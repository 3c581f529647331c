"""Errors of forecasts over time: how fast they grow, and how long a forecast is of use.

A forecast that leaves the finite numbers has failed: from that frame on its error is infinite, it
is not valid, and no mean leaves it out.
"""

from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fredholm.domains import Axis
from fredholm.fields import Field
from fredholm.metrics.errors import quantile, relative
from fredholm.metrics.frames import frames, paired, space_integral, space_weights, time_axis

VERSION = 1
Scale = Literal["frame", "trajectory"]
Measure = Literal["correlation", "nrmse"]
THRESHOLDS = {"correlation": 0.8, "nrmse": 1.0}
"""Where a forecast stops being valid, unless another threshold is stated."""


def error_curve(
    predicted: Field, truth: Field, *, scale: Scale = "frame"
) -> Float[Tensor, "batch times"]:
    """‖p(t) - y(t)‖/‖y(t)‖ of each sample at each time, channels summed within the norms.

    Args:
        predicted, truth: Trajectories on the same grid.
        scale: `"frame"` divides by the truth at the same time. `"trajectory"` divides by the root
            mean square of ‖y‖ over all times, for a truth that comes close to zero on its way.

    Raises:
        ValueError: They are not trajectories on one grid, or the scale is unknown.
    """
    if scale not in get_args(Scale):
        raise ValueError(f"scale is one of {get_args(Scale)}, got {scale!r}")
    time_axis(truth)
    (p, y), weights = paired(predicted, truth), space_weights(truth)
    gap, size = (space_integral(v**2, weights).sum(-1).sqrt() for v in (p - y, y))
    if scale == "trajectory":
        size = size.square().mean(1, keepdim=True).sqrt().expand_as(size)
    return relative(gap, size)


def correlation_curve(predicted: Field, truth: Field) -> Float[Tensor, "batch times"]:
    """Pearson correlation of p(t) and y(t) over space, for each sample at each time.

    The mean of each channel over space is taken off, then covariance and variances are summed over
    channels: Σ_c⟨p', y'⟩ / (Σ_c‖p'‖² Σ_c‖y'‖²)^½. Two frames without any variation are correlated
    (1), one with and one without are not (0), and a frame that is not finite is not (0).
    """
    time_axis(truth)
    (p, y), weights = paired(predicted, truth), space_weights(truth)
    p, y = (_without_mean(v, weights) for v in (p, y))
    covariance, p2, y2 = (space_integral(v, weights).sum(-1) for v in (p * y, p * p, y * y))
    both_constant = (p2 == 0) & (y2 == 0)
    r = torch.where(both_constant, 1.0, covariance / (p2 * y2).sqrt())
    return torch.where(torch.isfinite(r), r, 0.0)


def _without_mean(values: Tensor, weights: Tensor) -> Tensor:
    shared = weights.ndim == values.ndim - 3
    total = weights.sum() if shared else weights.sum(-1, keepdim=True)
    mean = space_integral(values, weights) / total
    return values - mean.reshape(*mean.shape[:2], *[1] * (values.ndim - 3), mean.shape[-1])


def curve_quartiles(curve: Float[Tensor, "batch times"]) -> Float[Tensor, "3 times"]:
    """Lower quartile, median and upper quartile over the samples at each time."""
    return torch.stack([quantile(curve, q) for q in (0.25, 0.5, 0.75)])


def gmean(curve: Float[Tensor, "batch times"], up_to: int = 100) -> float:
    """exp(mean over the first `up_to` times of ln(mean over samples of the error)).

    Arithmetic over samples, geometric over time: the early, small errors count as much as the late
    ones. Infinite where one sample fails before `up_to`.

    Reference: Koehler et al., NeurIPS 2024 (APEBench), arXiv:2411.00180.
    """
    return float(curve[:, :up_to].double().mean(0).log().mean().exp())


def growth_rate(
    curve: Float[Tensor, "batch times"], axis: Axis, *, below: float = 0.5
) -> Float[Tensor, "batch"]:
    """The rate at which errors grow, d ln e/dt in 1/units of `axis`, before they saturate.

    The slope of the least-squares line through ln e over the frames before the error first reaches
    `below`. In a chaotic system it cannot stay under the largest Lyapunov exponent. Not a number
    where fewer than two frames are left, or where the error is zero.
    """
    early = (curve < below).long().cumprod(1).double()
    t, e = axis.points().to(curve), torch.where(early > 0, curve, 1.0).log()
    count = early.sum(1, keepdim=True)
    t = early * (t - (early * t).sum(1, keepdim=True) / count)
    slope = (t * e).sum(1) / (t * t).sum(1)
    return torch.where((count[:, 0] >= 2) & torch.isfinite(slope), slope, torch.nan)


def valid_frames(
    predicted: Field,
    truth: Field,
    *,
    threshold: float | None = None,
    measure: Measure = "correlation",
) -> Bool[Tensor, "batch times"]:
    """Which frames come before the first one that fails; see `valid_time`."""
    if measure not in THRESHOLDS:
        raise ValueError(f"measure is one of {tuple(THRESHOLDS)}, got {measure!r}")
    limit = THRESHOLDS[measure] if threshold is None else threshold
    if measure == "correlation":
        fine = correlation_curve(predicted, truth) >= limit
    else:
        fine = error_curve(predicted, truth, scale="trajectory") <= limit
    return fine.long().cumprod(1).bool()


def valid_time(
    predicted: Field,
    truth: Field,
    *,
    threshold: float | None = None,
    measure: Measure = "correlation",
    lyapunov_time: float | None = None,
) -> Float[Tensor, "batch"]:
    """Valid prediction time: from the given state to the first frame that fails, for each sample.

    A sample that fails nowhere gets the time of the last frame, which is then only a lower bound:
    `censored` tells which.

    Args:
        predicted, truth: Trajectories on the same grid; the given state stands at the start of
            the time axis.
        threshold: By default 0.8 for a correlation and 1 for an error.
        measure: `"correlation"`: a frame fails where the Pearson correlation is below the
            threshold. `"nrmse"`: where the error, relative to the root mean square of the truth
            over all times, is above it.
        lyapunov_time: If given, the result is in multiples of it instead of units of time.

    Raises:
        ValueError: They are not trajectories on one grid, or the measure is unknown.

    Reference:
        Kochkov et al., PNAS 2021, arXiv:2102.01010 (correlation); Vlachas et al., Neural Networks
        2020, arXiv:1910.05266 (error, in Lyapunov times).
    """
    fine = valid_frames(predicted, truth, threshold=threshold, measure=measure)
    axis = time_axis(truth)
    elapsed = (axis.points() - axis.start).to(fine.device)
    first_failure = fine.sum(1).clamp(max=axis.size - 1)
    return elapsed[first_failure] / (1.0 if lyapunov_time is None else lyapunov_time)


def censored(
    predicted: Field,
    truth: Field,
    *,
    threshold: float | None = None,
    measure: Measure = "correlation",
) -> Bool[Tensor, "batch"]:
    """Which samples stay valid to the end, so that their valid time is a lower bound."""
    return valid_frames(predicted, truth, threshold=threshold, measure=measure).all(1)


def failures(predicted: Field) -> Bool[Tensor, "batch"]:
    """Which samples leave the finite numbers at some time."""
    return ~torch.isfinite(frames(predicted)).flatten(1).all(1)
