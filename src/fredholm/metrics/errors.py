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
    return relative(norm(difference(predicted, truth)), norm(truth))


def relative(gap: Float[Tensor, "*n"], size: Float[Tensor, "*n"]) -> Float[Tensor, "*n"]:
    """gap/size; zero where the gap is zero, infinite where it is not finite."""
    error = torch.where(gap == 0, torch.zeros_like(gap), gap / size)
    return torch.where(torch.isfinite(gap), error, torch.full_like(error, torch.inf))


def maximum_error(predicted: Field, truth: Field) -> Float[Tensor, "batch"]:
    """The largest |p - y| over points and channels, in the units of the targets."""
    return norm(difference(predicted, truth), p=float("inf"))


def quantile(values: Float[Tensor, "n *others"], q: float) -> Float[Tensor, "*others"]:
    """The q-quantile along the first dimension, linear between order statistics.

    Unlike `torch.quantile` it is right where some values are infinite: a quantile that lies
    between a finite and an infinite value is infinite, and not undefined.
    """
    ordered = values.sort(dim=0).values
    position = q * (len(values) - 1)
    below, above = ordered[int(position)], ordered[min(int(position) + 1, len(values) - 1)]
    part = position - int(position)
    return (
        below if part == 0 else torch.where(below == above, below, below + part * (above - below))
    )


def distribution(errors: Float[Tensor, "n"]) -> dict[str, float]:
    """Mean, median, 95th percentile and maximum of the errors of single samples."""
    errors = errors.double()
    return {
        "mean": float(errors.mean()),
        "median": float(quantile(errors, 0.5)),
        "p95": float(quantile(errors, 0.95)),
        "max": float(errors.max()),
    }
