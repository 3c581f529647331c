"""The metrics of CFDBench, over a whole batch at once: NMSE depends on the size of the batch.

Historically they were computed for the first velocity component alone.

Reference: Luo et al., 2023, arXiv:2310.05963.
"""

from fredholm.fields import Field
from fredholm.metrics.frames import paired

VERSION = "1: as of CFDBench 6c30c62, 2025-10-25"


def mse(predicted: Field, truth: Field) -> float:
    """mean e² over everything."""
    p, y = paired(predicted, truth)
    return float((p - y).square().mean())


def mae(predicted: Field, truth: Field) -> float:
    """mean |e| over everything."""
    p, y = paired(predicted, truth)
    return float((p - y).abs().mean())


def nmse(predicted: Field, truth: Field) -> float:
    """mean e² / mean y², both over the whole batch."""
    return mse(predicted, truth) / float(truth.values.double().square().mean())


METRICS = {"mse": mse, "mae": mae, "nmse": nmse}
