"""The metrics of PDEArena: sums over times and fields, so not comparable between set-ups.

Reference: Gupta and Brandstetter, TMLR 2023, arXiv:2209.15616; Lippe et al., NeurIPS 2023
(PDE-Refiner), arXiv:2308.05732.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field
from fredholm.metrics.frames import paired

VERSION = "1: as of PDEArena 78a8b03, 2024-09-14"


def mse(predicted: Field, truth: Field) -> float:
    """Mean over space, sum over times and channels, mean over samples: the one-step loss."""
    p, y = paired(predicted, truth)
    return float((p - y).square().flatten(2, -2).mean(2).sum((1, 2)).mean())


def rollout_mse(predicted: Field, truth: Field) -> float:
    """Mean over samples, space and channels, sum over times: the unrolled loss."""
    p, y = paired(predicted, truth)
    return float((p - y).square().flatten(2).mean((0, 2)).sum())


def scaled_l2(predicted: Field, truth: Field) -> float:
    """⟨‖e‖/‖y‖⟩ over samples, the norms over all times, points and channels."""
    p, y = (v.flatten(1) for v in paired(predicted, truth))
    return float(((p - y).norm(dim=1) / y.norm(dim=1)).mean())


def correlation(predicted: Field, truth: Field) -> Float[Tensor, "times"]:
    """Mean over samples of the Pearson correlation of each frame, over points and channels at once.

    Channels share one mean, so that a difference between their means counts as variation.
    """
    p, y = (v.flatten(2) for v in paired(predicted, truth))
    p, y = (v - v.mean(2, keepdim=True) for v in (p, y))
    deviations = p.square().mean(2).sqrt() * y.square().mean(2).sqrt()
    return ((p * y).mean(2) / deviations.clamp(min=torch.finfo(torch.float32).tiny)).mean(0)


def valid_steps(predicted: Field, truth: Field, *, threshold: float = 0.8) -> int:
    """The number of frames whose `correlation` is above the threshold.

    Frames in which a forecast comes back are counted; `metrics.valid_time` ends at the first
    failure of each sample.
    """
    return int((correlation(predicted, truth) > threshold).sum())


METRICS = {
    "mse": mse,
    "rollout_mse": rollout_mse,
    "scaled_l2": scaled_l2,
    "correlation": correlation,
    "valid_steps": valid_steps,
}
