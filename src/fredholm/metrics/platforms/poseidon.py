"""The metric of Poseidon.

Reference: Herde et al., NeurIPS 2024, arXiv:2405.19101, section 3.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field
from fredholm.metrics.errors import quantile
from fredholm.metrics.frames import paired

VERSION = "1: as of Poseidon b8fa28f, 2025-04-10"


def rel_l1(predicted: Field, truth: Field) -> Float[Tensor, "frames"]:
    """100 Σ|e|/Σ|y| over points and channels, in per cent, for each state.

    A truth that is zero everywhere has the divisor 1e-10. Each frame of a trajectory is a state.
    """
    p, y = (v.flatten(0, 1).flatten(1) for v in paired(predicted, truth))
    size = y.abs().sum(1)
    return 100 * (p - y).abs().sum(1) / torch.where(size == 0, 1e-10, size)


def rel_l1_median(
    predicted: Field, truth: Field, *, groups: Sequence[Sequence[int]] | None = None
) -> float:
    """The mean over groups of channels of the median over states of `rel_l1`.

    A median hides that up to half of the predictions fail.

    Args:
        predicted, truth: Functions on the same grid.
        groups: Channels that belong together, as density; velocities; pressure. By default all.
    """
    medians = [
        quantile(
            rel_l1(*(u.with_values(u.values[..., list(group)]) for u in (predicted, truth))), 0.5
        )
        for group in groups or [range(truth.channels)]
    ]
    return float(torch.stack(medians).mean())


METRICS = {"rel_l1": rel_l1, "rel_l1_median": rel_l1_median}
