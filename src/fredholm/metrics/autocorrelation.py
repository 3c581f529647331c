"""How long, and how far, a motion remembers itself."""

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field
from fredholm.metrics.frames import frames, time_axis
from fredholm.metrics.sampling import BLOCKS, Comparison, compare


def autocorrelation(u: Field, axis: str = "t") -> Float[Tensor, "lags"]:
    """ρ(l) = ⟨u'(s) u'(s + l)⟩ / ⟨u'²⟩ for lags of 0, 1, ... spacings along an axis.

    u' is the deviation of each channel from its mean over everything, in its own standard
    deviation; the average runs over samples, channels and all points that have a partner. A
    periodic axis goes around, and its lags end at half of it; on another they end at half of
    the samples, beyond which few pairs are left. A motion without variation has ρ = 1.

    Raises:
        ValueError: The function is not a trajectory, or has no such axis.
    """
    covariance = _covariance(_standardised(u, u), axis).mean(0)
    return _correlation(covariance)


def correlation_scale(u: Field, axis: str = "t") -> float:
    """Integral scale along an axis: ∫ρ dl up to the first zero of ρ, in the units of the axis.

    Along `t` it is the time over which the motion remembers. Where ρ has no zero within the lags
    it is only a lower bound.
    """
    rho = autocorrelation(u, axis)
    negative = torch.nonzero(rho <= 0).flatten()
    spacing = u.grid.axis(axis).spacing
    if not len(negative):
        return float(torch.trapezoid(rho, dx=spacing))
    last = int(negative[0])
    crossing = float(rho[last - 1] / (rho[last - 1] - rho[last]))
    whole = float(torch.trapezoid(rho[:last], dx=spacing))
    return whole + spacing * crossing * float(rho[last - 1]) / 2


def autocorrelation_distance(predicted: Field, truth: Field, axis: str = "t") -> Comparison:
    """The rms over lags of the difference of autocorrelations, with its sampling error.

    In time the lags are those that fit into half of a stretch of the trajectories (see
    `sampling`), of the shorter of both.
    """
    shortest = min(time_axis(u).size // -(-BLOCKS // len(u)) for u in (predicted, truth))
    lags = max(shortest // 2, 1) + 1 if axis == "t" else None

    def covariance(u: Field) -> Tensor:
        return _covariance(_standardised(u, truth), axis)[:, :lags]

    def distance(a: Tensor, b: Tensor) -> Tensor:
        return (_correlation(a) - _correlation(b)).square().mean().sqrt()

    return compare(predicted, truth, covariance, distance)


def _correlation(covariance: Float[Tensor, "lags"]) -> Float[Tensor, "lags"]:
    if covariance[0] == 0:
        return torch.ones_like(covariance)
    return covariance / covariance[0]


def _standardised(u: Field, like: Field) -> Field:
    """A trajectory in units in which each channel of `like` has mean zero and variance one."""
    time_axis(u)
    values = frames(like).flatten(0, -2)
    mean, deviation = values.mean(0), values.std(0, correction=0)
    return u.with_values((u.values.double() - mean) / torch.where(deviation > 0, deviation, 1.0))


def _covariance(u: Field, axis: str) -> Float[Tensor, "batch lags"]:
    """The mean over pairs of points of u(s) u(s + l), for each sample and lag."""
    along, dim = u.grid.axis(axis), 1 + u.grid.names.index(axis)
    n = along.size
    values = u.values.movedim(dim, -1)
    padded = n if along.periodic else 2 * n
    power = torch.fft.rfft(values, n=padded, dim=-1).abs().square()
    products = torch.fft.irfft(power, n=padded, dim=-1)[..., : n // 2 + 1]
    pairs = torch.full((n // 2 + 1,), float(n), dtype=torch.float64, device=values.device)
    if not along.periodic:
        pairs = pairs - torch.arange(n // 2 + 1, device=values.device)
    return products.flatten(1, -2).mean(1) / pairs
