"""The metrics of APEBench: those of Exponax, averaged over samples, and their geometric mean.

Reference: Koehler et al., NeurIPS 2024, arXiv:2411.00180, section 4.
"""

from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field
from fredholm.metrics import motion
from fredholm.metrics.platforms import exponax

VERSION = "1: as of APEBench 591b3d1, 2026-05-11"


def mean_nrmse(predicted: Field, truth: Field) -> Float[Tensor, "times"]:
    """The mean over samples of Exponax' nRMSE at each time."""
    return exponax.spatial(predicted, truth).mean(0)


def mean_correlation(predicted: Field, truth: Field) -> Float[Tensor, "times"]:
    """The mean over samples of Exponax' correlation at each time."""
    return exponax.correlation(predicted, truth).mean(0)


def gmean(predicted: Field, truth: Field, *, up_to: int = 100) -> float:
    """The geometric mean of `mean_nrmse` over the first `up_to` times, the given one not counted.

    APEBench reports the median of it over trainings with different seeds. One frame that is not a
    number makes it none.
    """
    return motion.gmean(exponax.spatial(predicted, truth), up_to)


METRICS = {"mean_nrmse": mean_nrmse, "mean_correlation": mean_correlation, "gmean": gmean}
