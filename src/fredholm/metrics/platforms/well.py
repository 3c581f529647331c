"""The metrics of The Well: means over space of each sample, time and channel.

Its tables are means of these over samples and times. The ε = 1e-7 is absolute, so that fields of
small size have too small an error.

Reference: Ohana et al., NeurIPS 2024, arXiv:2412.00568, appendix E.
"""

from math import log10, pi, prod, sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field
from fredholm.metrics.frames import paired

VERSION = "1: as of The Well 215f55d, 2026-06-25"
EPSILON = 1e-7
Values = Float[Tensor, "batch times c"]


def mse(predicted: Field, truth: Field) -> Values:
    """mean_x e²."""
    p, y = _flat(predicted, truth)
    return (p - y).square().mean(2)


def rmse(predicted: Field, truth: Field) -> Values:
    """√(mean_x e²)."""
    return mse(predicted, truth).sqrt()


def mae(predicted: Field, truth: Field) -> Values:
    """mean_x |e|."""
    p, y = _flat(predicted, truth)
    return (p - y).abs().mean(2)


def nmae(predicted: Field, truth: Field) -> Values:
    """mean_x |e| / (mean_x |y| + ε)."""
    return mae(predicted, truth) / (_flat(predicted, truth)[1].abs().mean(2) + EPSILON)


def nmse(predicted: Field, truth: Field) -> Values:
    """mean_x e² / (mean_x y² + ε)."""
    return mse(predicted, truth) / (_flat(predicted, truth)[1].square().mean(2) + EPSILON)


def nrmse(predicted: Field, truth: Field) -> Values:
    """√(mean_x e² / (mean_x y² + ε))."""
    return nmse(predicted, truth).sqrt()


def vmse(predicted: Field, truth: Field) -> Values:
    """mean_x e² / (var_x y + ε), with the unbiased variance: n - 1 in its denominator."""
    return mse(predicted, truth) / (_flat(predicted, truth)[1].var(2) + EPSILON)


def vrmse(predicted: Field, truth: Field) -> Values:
    """√(mean_x e² / (var_x y + ε)): about one for a prediction of the mean."""
    return vmse(predicted, truth).sqrt()


def linf(predicted: Field, truth: Field) -> Values:
    """max_x |e|."""
    p, y = _flat(predicted, truth)
    return (p - y).abs().amax(2)


def pearson(predicted: Field, truth: Field) -> Values:
    """cov / (σ_p σ_y + ε): a biased covariance over unbiased deviations, at most (n - 1)/n."""
    p, y = _flat(predicted, truth)
    covariance = ((p - p.mean(2, keepdim=True)) * (y - y.mean(2, keepdim=True))).mean(2)
    return covariance / (p.std(2) * y.std(2) + EPSILON)


def histogram_w1(predicted: Field, truth: Field) -> Float[Tensor, "batch 1 c"]:
    """mean |sorted p - sorted y| over time and space, of values divided by mean y² + ε.

    The divisor is the mean square and not its root, so that the number depends on the units.
    """
    p, y = (v.flatten(1, 2) for v in _flat(predicted, truth))
    size = y.square().mean(1, keepdim=True) + EPSILON
    return ((p / size).sort(1).values - (y / size).sort(1).values).abs().mean(1, keepdim=True)


def binned_spectral_mse(predicted: Field, truth: Field) -> Float[Tensor, "batch times 3 c"]:
    """Σ_{k in bin} |ê_k|² / N² in three bins of |k|, whose sum is `mse`.

    |k| is in radians per grid point, whatever the lengths of the axes. The edges are 0, two that
    stand equally spaced in logarithm between 2π/max n and π√D, and the latter.
    """
    p, y = paired(predicted, truth)
    return _binned_energy(p - y)


def binned_spectral_nmse(predicted: Field, truth: Field) -> Float[Tensor, "batch times 3 c"]:
    """`binned_spectral_mse` over the energy of the truth in the same bin, plus ε."""
    p, y = paired(predicted, truth)
    return _binned_energy(p - y) / (_binned_energy(y) + EPSILON)


def _flat(
    predicted: Field, truth: Field
) -> tuple[Float[Tensor, "batch times n c"], Float[Tensor, "batch times n c"]]:
    p, y = paired(predicted, truth)
    return p.flatten(2, -2), y.flatten(2, -2)


def _binned_energy(values: Float[Tensor, "batch times *points c"]) -> Tensor:
    shape = values.shape[2:-1]
    radius = torch.zeros((), dtype=torch.float64)
    for n in shape:
        radius = radius[..., None] + (2 * pi * torch.fft.fftfreq(n, dtype=torch.float64)) ** 2
    lowest, highest = 2 * pi / max(shape), pi * sqrt(len(shape)) + 1e-6
    edges = torch.logspace(log10(lowest), log10(highest), 4, dtype=torch.float64)
    # Edges 1 and 2 alone decide: every |k| lies between 0 and the last edge.
    number = torch.bucketize(radius.sqrt().flatten(), edges[1:3], right=True).to(values.device)
    power = torch.fft.fftn(values, dim=tuple(range(2, values.ndim - 1))).abs().square()
    power = power.flatten(2, -2) / prod(shape) ** 2
    result = power.new_zeros(*power.shape[:2], 3, power.shape[-1])
    return result.index_add_(2, number, power)


METRICS = {
    "mse": mse,
    "rmse": rmse,
    "mae": mae,
    "nmae": nmae,
    "nmse": nmse,
    "nrmse": nrmse,
    "vmse": vmse,
    "vrmse": vrmse,
    "linf": linf,
    "pearson": pearson,
    "histogram_w1": histogram_w1,
    "binned_spectral_mse": binned_spectral_mse,
    "binned_spectral_nmse": binned_spectral_nmse,
}
