"""How the error of forecasts grows, and when they stop being of use."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from fredholm.benchmarks.canvas import (
    MARK,
    OTHERS,
    PREDICTION,
    TRUTH,
    drawing,
    legend_above,
    log_y,
    svg,
)
from fredholm.benchmarks.motion import Motion
from fredholm.benchmarks.page import Html, figure, picture
from fredholm.benchmarks.timelines import drawable, time_axes, time_line
from fredholm.benchmarks.wording import percent, place
from fredholm.fields import Field
from fredholm.metrics import censored, curve_quartiles, error_curve, quantile, valid_time
from fredholm.metrics.frames import frames
from fredholm.metrics.motion import THRESHOLDS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_EXPLODED = 100.0
"""Errors above are not drawn: how far an explosion has come tells nothing."""


def error_growth(moving: Motion) -> Html:
    """Median and quartiles of the error at each time, beside persistence."""
    low, middle, high = curve_quartiles(error_curve(moving.predicted, moving.truth)).numpy()
    other = _persistence(moving)
    times, seen = moving.time.points().numpy(), np.concatenate([low, middle, high, other])
    with drawing():
        drawn, axes = time_axes(moving.time, "relative L2 error")
        axes.fill_between(times, drawable(low), drawable(high), color=PREDICTION, alpha=0.2, lw=0)
        time_line(axes, times, middle, color=PREDICTION, label="median, and half of all")
        if len(other):
            time_line(axes, times, other, color=OTHERS[0], linestyle="--", label="persistence")
        _mark_times(axes, moving)
        log_y(axes, seen.tolist())
        axes.set_ylim(top=min(axes.get_ylim()[1], _EXPLODED))
        legend_above(axes)
        image = svg(drawn)
    first, last = percent(float(middle[0])), percent(float(middle[-1]))
    alt = f"Median relative error from {first} at the first time to {last} at the last"
    text = "Error at each time, relative to the truth at that time: the median over the samples "
    text += f"and the range of the middle half. {_valid_sentence(moving)}"
    return figure(picture(image, "image/svg+xml", alt), text + _useless(moving, middle, other))


def valid(predicted: Field, truth: Field) -> tuple[float, bool]:
    """Median valid prediction time, and whether it is only a lower bound."""
    median = float(quantile(valid_time(predicted, truth), 0.5))
    return median, bool(censored(predicted, truth).double().mean() > 0.5)


def divergence(moving: Motion) -> float | None:
    """The first time at which a prediction is not finite, if there is one."""
    broken = ~torch.isfinite(frames(moving.predicted)).flatten(2).all(2).all(0)
    return float(moving.time.points()[broken][0]) if broken.any() else None


def _persistence(moving: Motion) -> np.ndarray:
    """Median error of persistence at each time; empty where it has no meaning."""
    if moving.persistence is None:
        return np.empty(0)
    return curve_quartiles(error_curve(moving.persistence, moving.truth))[1].numpy()


def _mark_times(axes: "Axes", moving: Motion) -> None:
    """Vertical lines at the valid time and at the first value that is not finite."""
    median, bound = valid(moving.predicted, moving.truth)
    if not bound:
        axes.axvline(median, color=MARK, linestyle="-.", label="valid time")
    broken = divergence(moving)
    if broken is not None:
        axes.axvline(broken, color=TRUTH, linestyle=":", label="first not finite")


def _valid_sentence(moving: Motion) -> str:
    median, bound = valid(moving.predicted, moving.truth)
    limit = f"correlation with the truth of at least {THRESHOLDS['correlation']:g}"
    if bound:
        return f"Most forecasts keep a {limit} to the end."
    time = place(median, moving.time.units)
    return f"Half of the forecasts lose a {limit} within {time}, the valid time."


def _useless(moving: Motion, middle: np.ndarray, other: np.ndarray) -> str:
    """From when on nothing is gained over persistence."""
    worse = np.flatnonzero(middle >= other) if len(other) else []
    if not len(worse):
        return ""
    time = place(float(moving.time.points()[worse[0]]), moving.time.units)
    return f" At t = {time} they are no better than persistence."
