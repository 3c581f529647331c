"""The metrics of other platforms, by their definitions, for comparison with their tables.

Each module follows one platform to the letter, in its order of roots and means, and states what is
peculiar. For judging a model use `fredholm.metrics`. All take a prediction and its truth as
functions on one grid, of which the axis `t` is time, compute in float64, and know the version of
the source that they follow.
"""

from collections.abc import Callable

from fredholm.errors import did_you_mean
from fredholm.metrics.platforms import (
    apebench,
    cfdbench,
    exponax,
    fno,
    pdearena,
    pdebench,
    poseidon,
    well,
)

_MODULES = {
    "apebench": apebench,
    "cfdbench": cfdbench,
    "exponax": exponax,
    "fno": fno,
    "pdearena": pdearena,
    "pdebench": pdebench,
    "poseidon": poseidon,
    "well": well,
}
METRICS: dict[str, Callable] = {
    f"{platform}.{name}": metric
    for platform, module in _MODULES.items()
    for name, metric in module.METRICS.items()
}
"""Every metric by its name, such as `well.vrmse`: a function of a prediction and its truth."""


def version(name: str) -> str:
    """Which definition a metric follows: our version of it, and the source's.

    Raises:
        ValueError: No metric has this name.
    """
    if name not in METRICS:
        raise ValueError(f"no metric {name!r}: {did_you_mean(name, [*METRICS])}")
    return _MODULES[name.partition(".")[0]].VERSION


__all__ = [
    "METRICS",
    "apebench",
    "cfdbench",
    "exponax",
    "fno",
    "pdearena",
    "pdebench",
    "poseidon",
    "version",
    "well",
]
