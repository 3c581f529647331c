"""The metrics of PDEBench: single numbers, means over channels and times.

Its order of aggregation is kept: roots per sample before the mean over samples for `rmse`, `nrmse`
and `brmse`, but the root mean square over samples for `crmse` and `frmse`. A function without time
counts as one time. The given frames, which the first releases scored, are not part of a trajectory
here. PDEBench computes in single precision.

Reference: Takamoto et al., NeurIPS 2022, arXiv:2210.07182, appendix B.
"""

from itertools import product
from math import prod

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field
from fredholm.metrics.frames import paired

VERSION = "1: as of PDEBench 9754b4c, 2025-05-15"
BANDS = {"low": (0, 4), "mid": (4, 12), "high": (12, None)}


def rmse(predicted: Field, truth: Field) -> float:
    """⟨√(mean_x e²)⟩ over samples: a mean of roots, not the root of a mean."""
    p, y = paired(predicted, truth)
    return float(_root_mean_square(p - y).mean(0).mean())


def nrmse(predicted: Field, truth: Field) -> float:
    """⟨√(mean_x e²) / √(mean_x y²)⟩ over samples, for each channel and time.

    One frame in which the truth vanishes makes it infinite.
    """
    p, y = paired(predicted, truth)
    return float((_root_mean_square(p - y) / _root_mean_square(y)).mean(0).mean())


def crmse(predicted: Field, truth: Field) -> float:
    """√⟨(Σ_x p - Σ_x y)²⟩ / N, N points: the error of the conserved mean, not normalised."""
    p, y = paired(predicted, truth)
    e = _over_points(p - y)
    return float((e.sum(2).square().mean(0).sqrt() / e.shape[2]).mean())


def maximum(predicted: Field, truth: Field) -> float:
    """The largest |e| over samples and points, then the mean over channels and times.

    It grows with the number of samples.
    """
    p, y = paired(predicted, truth)
    return float(_over_points(p - y).abs().amax(dim=(0, 2)).mean())


def brmse(predicted: Field, truth: Field) -> float:
    """⟨√(Σ e² over the boundary samples / their number)⟩; corners count once for each face.

    In three dimensions the sum runs over channels too, which do not count in the number: as
    PDEBench computes it.
    """
    p, y = paired(predicted, truth)
    e2 = (p - y) ** 2
    dim, shape = e2.ndim - 3, e2.shape[2:-1]
    total, number = e2.new_zeros(()), 0
    for axis in range(dim):
        faces = e2.index_select(2 + axis, torch.tensor([0, shape[axis] - 1], device=e2.device))
        faces = _over_points(faces).sum(2)
        total = total + (faces.sum(-1) if dim == 3 else faces)
        number += 2 * prod(shape) // shape[axis]
    return float((total / number).sqrt().mean(0).mean())


def frmse(predicted: Field, truth: Field, *, volume: float = 1.0) -> dict[str, float]:
    """√⟨Σ_shell |ê_k|²⟩ / N · volume, the mean over the shells of each band.

    In one dimension a shell is one mode 0 ≤ k ≤ n/2. In two and three it holds the k with ⌊|k|⌋ = s
    of which no component is negative or n/2, for s below half of the shortest axis: modes of mixed
    sign are ignored. The transform is not normalised. A band without shells is not a number.

    Args:
        predicted, truth: Functions on the same grid.
        volume: Product of the lengths of the domain; PDEBench's own runs leave it at 1.
    """
    p, y = paired(predicted, truth)
    e = p - y
    space = tuple(range(2, e.ndim - 1))
    power = torch.fft.fftn(e, dim=space).abs().square()
    shells = _line(power) if len(space) == 1 else _octant(power)
    amplitude = shells.mean(0).sqrt() / prod(e.shape[2:-1]) * volume
    return {
        name: float(amplitude[:, first:last].mean(1).mean())
        for name, (first, last) in BANDS.items()
    }


def _line(power: Float[Tensor, "batch times n c"]) -> Float[Tensor, "batch times s c"]:
    return power[:, :, : power.shape[2] // 2 + 1]


def _octant(power: Float[Tensor, "batch times *points c"]) -> Float[Tensor, "batch times s c"]:
    """Sums over the shells of the part of the spectrum without negative wavenumbers."""
    halves = [n // 2 for n in power.shape[2:-1]]
    corner = power[(slice(None), slice(None), *(slice(0, half) for half in halves))]
    k = torch.tensor(list(product(*map(range, halves))), dtype=torch.float64)
    shell = k.square().sum(1).sqrt().floor().long().to(power.device)
    kept = shell < min(halves)
    flat = _over_points(corner)[:, :, kept]
    result = flat.new_zeros(*flat.shape[:2], min(halves), flat.shape[-1])
    return result.index_add_(2, shell[kept], flat)


def _over_points(
    values: Float[Tensor, "batch times *points c"],
) -> Float[Tensor, "batch times n c"]:
    return values.flatten(2, -2)


def _root_mean_square(values: Tensor) -> Float[Tensor, "batch times c"]:
    return _over_points(values).square().mean(2).sqrt()


METRICS = {
    "rmse": rmse,
    "nrmse": nrmse,
    "crmse": crmse,
    "max": maximum,
    "brmse": brmse,
    "frmse": frmse,
}
