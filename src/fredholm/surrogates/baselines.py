"""The trivial baselines, fitted to the samples that a surrogate was trained on."""

from collections.abc import Callable

from fredholm.data import Samples
from fredholm.domains import Grid, Scattered
from fredholm.fields import Signature
from fredholm.models import (
    LinearRegression,
    NearestNeighbour,
    NearestShape,
    Persistence,
    TrainMean,
)
from fredholm.operators import ClosedForm, RasterisedFit, background, on_background

_REMEMBERED = 2000
"""Most training samples that the baselines look at."""
_COMPONENTS = 256
"""Most principal components of the linear baseline."""

Build = Callable[[], ClosedForm]


def fit_baselines(samples: Samples) -> dict[str, ClosedForm]:
    """Mean, nearest neighbour, linear regression, and persistence where it has a meaning.

    Of more than two thousand samples the first two thousand are used, so that the baselines stay
    small enough to be kept with the surrogate. On scattered points the nearest neighbour is that of
    shape and input, and the others work on a background grid.
    """
    samples = samples[: min(len(samples), _REMEMBERED)]
    shape, count = samples.signature, len(samples)
    kind = _on_grids if isinstance(shape.input_domain, Grid) else _behind
    build = kind(shape, count)
    if shape.state_to_state:
        build["persistence"] = lambda: Persistence(shape.target_domain)
    return {name: make().fit(samples.inputs, samples.targets) for name, make in build.items()}


def _on_grids(shape: Signature, count: int) -> dict[str, Build]:
    """Those for functions on grids."""
    source, target = shape.input_domain, shape.target_domain
    assert isinstance(source, Grid) and isinstance(target, Grid)
    channels = len(shape.inputs), len(shape.targets)
    kept = min(count, _COMPONENTS)
    return {
        "train mean": lambda: TrainMean(target, channels[1]),
        "nearest neighbour": lambda: NearestNeighbour(source, target, *channels, count),
        "linear regression": lambda: LinearRegression(source, target, *channels, kept),
    }


def _behind(shape: Signature, count: int) -> dict[str, Build]:
    """Those for scattered points, most of them on a background grid."""
    points = shape.input_domain
    assert isinstance(points, Scattered)
    grid = background(points)
    behind = _on_grids(on_background(shape), count)
    channels = len(shape.inputs), len(shape.targets)
    return {
        "train mean": lambda: RasterisedFit(behind["train mean"](), grid),
        "nearest shape": lambda: NearestShape(grid, *channels, points.size, count, shape.time),
        "linear regression": lambda: RasterisedFit(behind["linear regression"](), grid),
    }
