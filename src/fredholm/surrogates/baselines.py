"""The trivial baselines, fitted to the samples that a surrogate was trained on."""

from collections.abc import Callable

from fredholm.data import Samples
from fredholm.models import LinearRegression, NearestNeighbour, Persistence, TrainMean
from fredholm.operators import ClosedForm

_REMEMBERED = 2000
"""Most training samples that the baselines look at."""
_COMPONENTS = 256
"""Most principal components of the linear baseline."""


def fit_baselines(samples: Samples) -> dict[str, ClosedForm]:
    """Mean, nearest neighbour, linear regression, and persistence where it has a meaning.

    Of more than two thousand samples the first two thousand are used, so that the baselines stay
    small enough to be kept with the surrogate.
    """
    samples = samples[: min(len(samples), _REMEMBERED)]
    shape = samples.signature
    grids = shape.input_grid, shape.target_grid
    channels = len(shape.inputs), len(shape.targets)
    count = len(samples)
    build: dict[str, Callable[[], ClosedForm]] = {
        "train mean": lambda: TrainMean(shape.target_grid, channels[1]),
        "nearest neighbour": lambda: NearestNeighbour(*grids, *channels, count),
        "linear regression": lambda: LinearRegression(*grids, *channels, min(count, _COMPONENTS)),
    }
    if shape.state_to_state:
        build["persistence"] = lambda: Persistence(shape.target_grid)
    return {name: make().fit(samples.inputs, samples.targets) for name, make in build.items()}
