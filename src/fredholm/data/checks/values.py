"""Checks of the numbers themselves: finite, varying, in range, labelled."""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data.checks.report import Finding
from fredholm.data.samples import Samples
from fredholm.domains import Grid, Scattered
from fredholm.fields import Field, cleared, mean_square

_FLAT = 1e-10
"""Relative variation below which a function counts as constant: rounding of double precision."""
_SIZE_FACTOR = 10.0
_POINT_DEVIATIONS = 60.0
"""Robust standard deviations at a point: beyond any tail that a random field has in practice."""


def finite(samples: Samples) -> Iterator[Finding]:
    """No value is NaN or infinite."""
    for side, u in _sides(samples):
        bad = _numbers(~torch.isfinite(u.values).flatten(1).all(1))
        if bad:
            count = int((~torch.isfinite(u.values)).sum())
            yield Finding("error", "finite", f"{side} contain {count} NaN or infinite values", bad)


def varying(samples: Samples) -> Iterator[Finding]:
    """Functions differ between points, between samples and in time."""
    for side, u in _sides(samples):
        if not u.channels:
            continue
        size = u.values.abs().flatten(1).amax(1).clamp(min=1e-300)
        spread = cleared(u.with_values(u.values - _first(u))).values.abs().flatten(1).amax(1)
        flat = _numbers(spread <= _FLAT * size)
        if flat:
            yield Finding("warning", "constant", f"{side} are constant functions", flat)
        shared = u.domain.count is None
        if len(u) > 1 and shared and bool((u.values == u.values[:1]).all()):
            yield Finding("error", "constant", f"{side} are the same in all samples")
    u = samples.targets
    if "t" in u.domain.names:
        moved = (u.values - u.values[:, :1]).abs().flatten(1).amax(1)
        still = _numbers(moved <= _FLAT * u.values.abs().flatten(1).amax(1))
        if still:
            yield Finding("warning", "stationary", "trajectories never change in time", still)


def in_range(samples: Samples) -> Iterator[Finding]:
    """No sample is of another order of magnitude, no value far outside what its point ever has."""
    if len(samples) < 20:
        return
    for side, u in _sides(samples):
        size = mean_square(u).sqrt()
        usual = size.median()
        if usual > 0:
            large = _numbers(size > _SIZE_FACTOR * usual)
            if large:
                text = f"{side} are over {_SIZE_FACTOR:g} times larger than the median sample"
                yield Finding("warning", "range", text, large)
        if u.domain.count is not None:  # no point of one sample is a point of another
            continue
        odd = _numbers(_point_deviation(u.values).flatten(1).amax(1) > _POINT_DEVIATIONS)
        if odd:
            text = f"{side} have isolated values far outside what the same point has in the others"
            yield Finding("warning", "outlier", text, odd)


def _point_deviation(values: Float[Tensor, "n *points c"]) -> Float[Tensor, "n *points c"]:
    """|u - median| over the median of that, at each point; zero where most samples agree."""
    distance = (values - values.median(0).values).abs()
    usual = 1.4826 * distance.median(0).values
    deviation = distance / usual.clamp(min=1e-300)
    # A point that hardly varies, a boundary value say, has no scale of its own.
    return torch.where(usual > 1e-4 * values.std(), deviation, torch.zeros_like(deviation))


def labelled(samples: Samples) -> Iterator[Finding]:
    """Channels and axes have units."""
    variables = (*samples.input_variables, *samples.target_variables, *samples.param_variables)
    missing = [v.name for v in variables if not v.units]
    shape = samples.signature
    missing += _without_units(shape.input_domain) + _without_units(shape.target_domain)
    if missing:
        text = f"no units are stored for {', '.join(dict.fromkeys(missing))}"
        yield Finding("info", "units", text)


def seams(samples: Samples) -> Iterator[Finding]:
    """The last point of a periodic axis is not the first one again."""
    for side, u in _sides(samples):
        for number, axis in enumerate(u.grid.axes if isinstance(u.domain, Grid) else (), start=1):
            if not axis.periodic:
                continue
            first, last = u.values.select(number, 0), u.values.select(number, -1)
            varies = bool((u.values.diff(dim=number) != 0).any())
            if varies and torch.allclose(first, last, rtol=1e-6, atol=1e-6 * float(u.values.std())):
                text = f"the last point of the {side} repeats the first on periodic {axis.name}"
                yield Finding("error", "seam", text)


def _first(u: Field) -> Float[Tensor, "n *ones c"]:
    """The value at the first point of each function, along all its points."""
    first = u.values.flatten(1, -2)[:, 0]
    return first.reshape(len(u), *[1] * (u.values.ndim - 2), u.channels)


def _without_units(domain: Grid | Scattered) -> list[str]:
    """Names of the coordinates whose units are not known."""
    if isinstance(domain, Grid):
        return [axis.name for axis in domain.axes if not axis.units]
    times = [domain.time.name] if domain.time is not None and not domain.time.units else []
    return times + [name for name, unit in zip(domain.axis_names, domain.units) if not unit]


def _sides(samples: Samples) -> tuple[tuple[str, Field], ...]:
    return ("inputs", samples.inputs), ("targets", samples.targets)


def _numbers(mask: Tensor) -> tuple[int, ...]:
    return tuple(mask.nonzero().flatten().tolist())
