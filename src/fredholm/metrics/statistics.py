"""Invariant statistics of trajectories: what stays right in a chaotic system when paths part.

Each is given with the distance that sampling alone would explain (`Comparison.noise`), so that
"different" is a statement and not an impression. A prediction that is not finite is infinitely far.
"""

from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field
from fredholm.metrics.frames import frames, space_integral, space_weights
from fredholm.metrics.sampling import Comparison, compare
from fredholm.metrics.spectra import BANDS, NEGLIGIBLE, in_band, shell_energies

HistogramMeasure = Literal["wasserstein", "total_variation"]


def moment_distances(predicted: Field, truth: Field) -> dict[str, Comparison]:
    """Mean and variance of the values over samples, times and space, for each channel.

    The distances are the mean over channels of |Δ mean| / standard deviation of the truth and of
    |Δ variance| / variance of the truth: dimensionless. The variance is about the mean of the
    truth, so that it is a plain average.
    """
    mean, variance = _moments(truth)

    def centred(u: Field) -> Tensor:
        return _average((frames(u) - mean), u)

    def squared(u: Field) -> Tensor:
        return _average((frames(u) - mean) ** 2, u)

    size = variance.clamp(min=torch.finfo(torch.float64).tiny)
    return {
        "mean": compare(predicted, truth, centred, lambda a, b: _over(a - b, size.sqrt())),
        "variance": compare(predicted, truth, squared, lambda a, b: _over(a - b, size)),
    }


def _over(gap: Float[Tensor, "c"], size: Float[Tensor, "c"]) -> Tensor:
    return (gap.abs() / size).mean()


def _average(values: Float[Tensor, "batch times *points c"], u: Field) -> Float[Tensor, "batch c"]:
    """The mean over times and space."""
    weights = space_weights(u)
    return space_integral(values, weights / weights.sum()).mean(1)


def _moments(u: Field) -> tuple[Float[Tensor, "c"], Float[Tensor, "c"]]:
    """Mean and variance of each channel over everything."""
    mean = _average(frames(u), u).mean(0)
    return mean, _average((frames(u) - mean) ** 2, u).mean(0)


def histogram_distance(
    predicted: Field, truth: Field, *, bins: int = 64, measure: HistogramMeasure = "wasserstein"
) -> Comparison:
    """Distance between the distributions of values over samples, times and space.

    Args:
        predicted, truth: Trajectories on the same space.
        bins: Equal bins between the smallest and the largest value of the truth, for each channel;
            one open bin stands on either side of them for a prediction that leaves this range.
        measure: `"wasserstein"`: ∫|F_p - F_y| dv in standard deviations of the truth, with F the
            cumulative distributions at the edges of the bins, linear between them; outside of the
            range of the truth it is exact. `"total_variation"`: half the sum over bins of the
            difference of shares, between 0 and 1. Both are means over channels.

    Returns:
        The statistics are the shares of the bins, (c, bins + 2), and behind them, (c, 2), the mean
        excess below and above the range, in widths of a bin.
    """
    if measure not in get_args(HistogramMeasure):
        raise ValueError(f"measure is one of {get_args(HistogramMeasure)}, got {measure!r}")
    flat = frames(truth).flatten(0, -2)
    low, width = flat.amin(0), (flat.amax(0) - flat.amin(0)) / bins
    width = torch.where(width > 0, width, torch.ones_like(width))
    deviation = _moments(truth)[1].sqrt()
    scale = torch.where(deviation > 0, width / deviation, torch.ones_like(width))

    def shares(u: Field) -> Tensor:
        return _shares((frames(u) - low) / width, space_weights(u), bins)

    def wasserstein(a: Tensor, b: Tensor) -> Tensor:
        gap = a - b
        at_edges = gap[:, : bins + 1].cumsum(1).abs()
        inside = (at_edges[:, 1:] + at_edges[:, :-1]).sum(1) / 2
        return ((inside + gap[:, -2:].abs().sum(1)) * scale).mean()

    def total_variation(a: Tensor, b: Tensor) -> Tensor:
        return (a - b)[:, :-2].abs().sum(1).mean() / 2

    distance = wasserstein if measure == "wasserstein" else total_variation
    return compare(predicted, truth, shares, distance)


def _shares(
    position: Float[Tensor, "pieces times *points c"], weights: Float[Tensor, "*points"], bins: int
) -> Float[Tensor, "pieces c k"]:
    """Shares of the bins from positions in widths of a bin, and the mean excess on either side."""
    count, channels = len(position), position.shape[-1]
    weights = weights.flatten() / weights.sum() / position.shape[1]
    share = weights.repeat(position.shape[1]).expand(count, channels, -1)
    flat = position.flatten(1, -2).movedim(-1, 1)
    # The largest value of the truth belongs to the last bin, and not to what lies above it.
    inside = (flat >= 0) & (flat <= bins)
    number = torch.where(
        inside, flat.clamp(0, bins - 1).floor() + 1, torch.where(flat < 0, 0, bins + 1)
    )
    result = position.new_zeros(count, channels, bins + 2)
    result.scatter_add_(2, number.long(), share)
    excess = [(share * (-flat).clamp(min=0)).sum(2), (share * (flat - bins).clamp(min=0)).sum(2)]
    return torch.cat([result, torch.stack(excess, dim=2)], dim=2)


def spectrum_distance(predicted: Field, truth: Field) -> dict[str, Comparison]:
    """Distance of the time-averaged spectra in each band: the rms over shells of ln(E_p/E_y).

    An energy below `NEGLIGIBLE` of that of the truth counts as that much, so that rounding does not
    count. 0.1 is a difference of about ten per cent in energy, five in amplitude. A band beyond the
    resolution is left out.
    """
    floor = NEGLIGIBLE * shell_energies(truth).mean(0).sum()
    shells = shell_energies(truth[:1]).shape[1]
    result = {}
    for name in BANDS:
        band = in_band(shells, name)
        if band.start < band.stop:
            result[name] = compare(
                predicted, truth, lambda u, b=band: shell_energies(u)[:, b], _log_ratio(floor)
            )
    return result


def _log_ratio(floor: Tensor):
    """The rms over shells of the logarithm of the ratio of energies."""

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return (a.clamp(min=floor).log() - b.clamp(min=floor).log()).square().mean().sqrt()

    return distance
