"""At which scales forecasts err: spectra and bands of wavenumbers over time."""

from typing import TYPE_CHECKING

import numpy as np
import torch

from fredholm.benchmarks.canvas import (
    OTHERS,
    drawing,
    legend_above,
    line_axes,
    log_y,
    svg,
    wavenumber_ticks,
)
from fredholm.benchmarks.motion import Motion
from fredholm.benchmarks.page import Html, figure, picture
from fredholm.benchmarks.reels import evenly
from fredholm.benchmarks.timelines import time_axes, time_line
from fredholm.benchmarks.wording import place
from fredholm.fields import Field, difference
from fredholm.metrics import BANDS, NEGLIGIBLE, spectrum
from fredholm.metrics.frames import frames
from fredholm.metrics.spectra import in_band

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOMENTS = 40
"""Most times at which the error is taken apart by bands."""
_MEANINGLESS = 10.0
"""Where a band has next to no energy, an error relative to it is a number without a meaning."""
_LEAST, _MOST = 1e-10, 1e4
"""Energies that are drawn, relative to the largest of the truth: what lies below is rounding."""
_BLUES, _REDS = ("#9cc4e4", "#3f7fb5", "#0b2c45"), ("#f5b895", "#d55e00", "#6e2c00")
"""Truth and prediction at the first, the middle and the last time, light to dark."""


def bands_over_time(moving: Motion) -> Html:
    """The relative error within each band of wavenumbers at each time."""
    chosen = evenly(moving.time.size, _MOMENTS)
    times = moving.time.points().numpy()[chosen]
    found = [_band_errors(*_finite(moving, int(moment))) for moment in chosen]
    curves = {name: np.asarray([each[name] for each in found]) for name in BANDS}
    with drawing():
        drawn, axes = time_axes(moving.time, "relative error in the band")
        for (name, curve), colour in zip(curves.items(), OTHERS):
            first, last = BANDS[name]
            span = f"{first} ≤ k < {last}" if last < 10**6 else f"k ≥ {first}"
            time_line(
                axes, times, np.minimum(curve, _MEANINGLESS), color=colour, label=f"{name}, {span}"
            )
        log_y(axes, np.minimum(np.concatenate([*curves.values()]), _MEANINGLESS).tolist())
        legend_above(axes)
        image = svg(drawn)
    alt = "Relative error in bands of wavenumbers over time"
    caption = (
        "Error by band of wavenumbers k, where the truth has energy in it. At one, a band is lost: "
        f"its error is as large as what it holds. More than {_MEANINGLESS:g} is drawn as that."
    )
    return figure(picture(image, "image/svg+xml", alt), caption)


def spectra_over_time(moving: Motion) -> Html:
    """Energy of truth and prediction by wavenumber at the first, the middle and the last time."""
    chosen = [int(moment) for moment in evenly(moving.time.size, 3)]
    pairs = [_finite(moving, moment) for moment in chosen]
    answers, truths = ([_energy(pair[side]) for pair in pairs] for side in (0, 1))
    with drawing():
        x = "wavenumber, periods per length of the domain"
        drawn, axes = line_axes(x, "mean energy", top=True)
        for k, moment in enumerate(chosen):
            at = f"t = {place(float(moving.time.points()[moment]), moving.time.units)}"
            for energy, name, colour, dashes in (
                (truths[k], "truth", _BLUES[k], "-"),
                (answers[k], "prediction", _REDS[k], "--"),
            ):
                shells = 1 + np.arange(len(energy))
                axes.plot(shells, energy, dashes, color=colour, label=f"{name}, {at}")
        _energy_axes(axes, np.concatenate(truths), np.concatenate(answers))
        legend_above(axes)
        image = svg(drawn)
    alt = "Energy of truth and prediction over the wavenumber at three times"
    caption = (
        "Energy by wavenumber at three times, light to dark. A prediction that falls below the "
        "truth at high wavenumbers is too smooth; one that lies above adds noise."
    )
    return figure(picture(image, "image/svg+xml", alt), caption)


def _energy_axes(axes: "Axes", truth: np.ndarray, answer: np.ndarray) -> None:
    """Logarithmic axes that show what is neither rounding nor an explosion."""
    axes.set_xscale("log")
    log_y(axes, [*truth.tolist(), *answer.tolist()])
    (low, high), largest = axes.get_ylim(), truth.max(initial=0.0)
    if largest > 0:
        axes.set_ylim(max(low, _LEAST * largest), min(high, _MOST * largest))
    wavenumber_ticks(axes, axes.get_xlim()[1])


def _energy(u: Field) -> np.ndarray:
    """Mean energy in the shells from k = 1 on; empty where no sample is left."""
    return spectrum(u).energy.numpy()[1:] if len(u) else np.empty(0)


def _band_errors(predicted: Field, truth: Field) -> dict[str, float]:
    """The relative error within each band; not a number where the truth has next to no energy."""
    if not len(predicted):
        return dict.fromkeys(BANDS, np.nan)
    right, wrong = spectrum(truth).energy, spectrum(difference(predicted, truth)).energy
    result = {}
    for name in BANDS:
        band = in_band(len(right), name)
        held = right[band].sum()
        known = held > NEGLIGIBLE * right.sum()
        result[name] = float((wrong[band].sum() / held).sqrt()) if known else np.nan
    return result


def _finite(moving: Motion, moment: int) -> tuple[Field, Field]:
    """Prediction and truth at one time, of the samples that are finite there.

    Where none is, there is no prediction, and the truth of all.
    """
    space = moving.truth.grid.without("t")
    predicted, truth = (frames(u)[:, moment] for u in (moving.predicted, moving.truth))
    kept = torch.isfinite(predicted).flatten(1).all(1)
    return Field(predicted[kept], space), Field(truth[kept] if kept.any() else truth, space)
