"""Errors of predictions, one number per sample, in the norms of functions.

The definition of every metric is part of its name and version; an error averaged in another order
is another metric.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field, difference, norm

VERSION = 1


def relative_l2(predicted: Field, truth: Field) -> Float[Tensor, "batch"]:
    """‖p - y‖/‖y‖ for each sample, over all its points, times and channels at once.

    Time and space stand inside the root: the error of a trajectory is that of the whole block. A
    prediction that is not finite has an infinite error, so that it counts as a failure and is
    never dropped; a target that is zero everywhere has the error zero or infinity.
    """
    gap, size = norm(difference(predicted, truth)), norm(truth)
    error = torch.where(gap == 0, torch.zeros_like(gap), gap / size)
    return torch.where(torch.isfinite(gap), error, torch.full_like(error, torch.inf))


def maximum_error(predicted: Field, truth: Field) -> Float[Tensor, "batch"]:
    """The largest |p - y| over points and channels, in the units of the targets."""
    return norm(difference(predicted, truth), p=float("inf"))


def distribution(errors: Float[Tensor, "n"]) -> dict[str, float]:
    """Mean, median, 95th percentile and maximum of the errors of single samples."""
    errors = errors.double()
    return {
        "mean": float(errors.mean()),
        "median": float(errors.quantile(0.5)),
        "p95": float(errors.quantile(0.95)),
        "max": float(errors.max()),
    }
