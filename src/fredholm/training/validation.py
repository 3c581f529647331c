"""The errors of an operator on held-out samples."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data import Samples, StreamedSamples
from fredholm.metrics import relative_l2
from fredholm.operators import Operator

Measure = Callable[[Operator, Samples], Tensor]
"""Errors of an operator on some samples, one per sample."""


def errors(operator: Operator, samples: Samples) -> Float[Tensor, "batch"]:
    """The relative L2 errors of the answers on the targets' domain."""
    answer = operator(samples.inputs, samples.given, at=samples.targets.domain)
    return relative_l2(answer, samples.targets)


def mean_error(
    operator: Operator,
    samples: Samples | StreamedSamples,
    measure: Measure = errors,
    *,
    batch: int = 64,
) -> float:
    """Mean error in evaluation mode; the operator's mode is put back."""
    mode = operator.training
    operator.eval()
    with torch.no_grad():
        found = [measure(operator, part) for part in samples.batches(batch)]
    operator.train(mode)
    return float(torch.cat(found).double().mean())
