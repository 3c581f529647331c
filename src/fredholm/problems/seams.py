"""Does a function go on smoothly from the last sample of a periodic axis to the first?"""

import torch

from fredholm.fields import Field

SEAM = 2.0
"""Ratio beyond which functions are called not periodic.

Draws of the named problems on 16 to 64 points have at most 1.1; the median of smooth functions that
are not periodic exceeds 2 from 32 points on.
"""


def wrap_ratio(u: Field, name: str) -> float:
    """How much farther functions jump across the ends of an axis than anywhere inside it.

    For each function and channel the root mean square of the jump is divided by the largest step
    between neighbours; the median over functions of the worst channel is returned. A front at the
    ends is no jump: its other samples lie inside.

    Args:
        u: Functions on a grid.
        name: The axis.
    """
    values = u.values.detach().movedim(1 + u.grid.names.index(name), 1)
    if not values.numel() or values.shape[1] < 3:
        return 0.0
    values = values.reshape(*values.shape[:2], -1, values.shape[-1])
    jump = (values[:, 0] - values[:, -1]).square().mean(1).sqrt()
    inside = values.diff(dim=1).abs().amax((1, 2))
    ratio = jump / inside.clamp(min=torch.finfo(values.dtype).tiny)
    return float(ratio.amax(1).median())
