"""The metric of the FNO paper and of most tables that descend from it.

Reference: Li et al., ICLR 2021, arXiv:2010.08895.
"""

from fredholm.fields import Field
from fredholm.metrics.frames import paired

VERSION = "1: as of the paper's code, 2021"


def rel_l2(predicted: Field, truth: Field) -> float:
    """⟨‖e‖/‖y‖⟩ over samples, plain sums over all times, points and channels within the norms.

    `metrics.relative_l2` differs from it only in its weights at the ends of axes that are not
    periodic and have samples on both.
    """
    p, y = (v.flatten(1) for v in paired(predicted, truth))
    return float(((p - y).norm(dim=1) / y.norm(dim=1)).mean())


METRICS = {"rel_l2": rel_l2}
