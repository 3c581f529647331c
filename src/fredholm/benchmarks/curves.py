"""Line figures of a run: how it was trained, at which scales it errs, how its errors spread."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from torch import Tensor

from fredholm.benchmarks.canvas import (
    LOSS,
    MARK,
    OTHERS,
    PREDICTION,
    TRUTH,
    drawing,
    line_axes,
    log_ticks,
    log_y,
    svg,
    wavenumber_ticks,
)
from fredholm.benchmarks.page import Html, figure, joined, picture
from fredholm.benchmarks.wording import duration, number, percent, whole
from fredholm.metrics import distribution
from fredholm.surrogates import Evaluation
from fredholm.training import Record

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def training_curves(record: Record) -> Html:
    """Loss and validation error, and the learning rate, over the seconds of the run."""
    return joined((_errors(record), _rate(record)))


def _errors(record: Record) -> Html:
    seconds = [moment.seconds for moment in record.history]
    losses = [moment.loss for moment in record.history]
    seen = [(m.seconds, m.validation) for m in record.history if m.validation is not None]
    caption = f"Training loss, {record.settings.get('objective', 'the objective')}"
    with drawing():
        drawn, axes = line_axes("seconds of training", "", top=True)
        axes.plot(seconds, losses, color=LOSS, marker=".", label="training loss")
        if seen:
            axes.plot(*zip(*seen), color=PREDICTION, marker=".", label="validation error")
            caption += "; mean relative L2 error on the validation samples"
        _mark_best(axes, record)
        log_y(axes, [*losses, *(error for _, error in seen)])
        _steps_on_top(axes, record)
        axes.legend()
        image = svg(drawn)
    alt = f"Training loss from {number(losses[0])} to {number(losses[-1])}"
    return figure(picture(image, "image/svg+xml", alt), f"{caption}. {_best_sentence(record)}")


def _mark_best(axes: "Axes", record: Record) -> None:
    best = record.best
    if best is not None and best.validation is not None:
        (mark,) = axes.plot([best.seconds], [best.validation], "o", color=MARK)
        mark.set(markersize=9, markerfacecolor="none", label="kept weights")


def _best_sentence(record: Record) -> str:
    best = record.best
    if best is None or best.validation is None:
        return "No samples were held out: the last weights are kept."
    late = (
        " That was the last look: a larger budget may help." if best == record.history[-1] else ""
    )
    return (
        f"The kept weights are those after step {whole(best.step)} ({duration(best.seconds)}), "
        f"with {percent(best.validation)} on validation.{late}"
    )


def _rate(record: Record) -> Html:
    seconds = [moment.seconds for moment in record.history]
    rates = [moment.rate for moment in record.history]
    with drawing():
        drawn, axes = line_axes("seconds of training", "learning rate", top=True)
        axes.plot(seconds, rates, color=LOSS, marker=".")
        axes.set_ylim(bottom=0)
        axes.ticklabel_format(style="plain", axis="y")
        _steps_on_top(axes, record)
        image = svg(drawn)
    alt = f"Learning rate, at most {number(max(rates))}"
    caption = f"Learning rate, {record.settings.get('optimiser', 'of the optimiser')}."
    return figure(picture(image, "image/svg+xml", alt), caption)


def spectra(evaluation: Evaluation) -> Html:
    """Energy of the truth and of the error by wavenumber, both axes logarithmic."""
    truth, error = evaluation.spectra["truth"], evaluation.spectra["error"]
    with drawing():
        drawn, axes = line_axes("wavenumber, periods per length of the domain", "mean energy")
        for label, part, colour in (("truth", truth, TRUTH), ("error", error, PREDICTION)):
            shells, energy = part.shells.numpy(), part.energy.numpy()
            shown = (shells >= 1) & (energy > 0) & np.isfinite(energy)
            axes.plot(shells[shown], energy[shown], color=colour, marker=".", label=label)
        axes.set_xscale("log")
        log_y(axes, [*truth.energy[1:].tolist(), *error.energy[1:].tolist()])
        axes.set_ylim(bottom=_floor(axes, truth.energy, error.energy))
        wavenumber_ticks(axes, float(truth.shells[-1]))
        axes.legend()
        image = svg(drawn)
    alt = "Energy of the truth and of the error over the wavenumber, logarithmic"
    caption = "Energy by wavenumber. Where the error reaches the truth, nothing was learned."
    return figure(picture(image, "image/svg+xml", alt), caption)


def _floor(axes: "Axes", truth: Tensor, error: Tensor) -> float:
    """Lower end of the energies: what lies far below truth and error is rounding."""
    of_interest = min(1e-10 * float(truth.max()), 1e-3 * float(error.max()))
    lowest = axes.get_ylim()[0]
    return max(lowest, of_interest) if np.isfinite(of_interest) else lowest


def error_distribution(evaluation: Evaluation) -> Html:
    """Share of samples below each error, for the surrogate and the baselines."""
    found = distribution(evaluation.errors)
    with drawing():
        drawn, axes = line_axes("relative L2 error", "share of samples", top=True)
        for (name, errors), colour in zip(evaluation.baselines.items(), OTHERS):
            _steps(axes, errors, color=colour, label=name, linewidth=1.2, linestyle="--")
        _steps(axes, evaluation.errors, color=PREDICTION, label="this surrogate", linewidth=2.2)
        for (name, value), sign in zip(found.items(), "oDs^"):
            if np.isfinite(value):
                height = float((evaluation.errors <= value).double().mean())
                label = f"{name} {percent(value)}"
                axes.plot([value], [height], sign, color=TRUTH, markersize=5, label=label)
        _error_axis(axes, [evaluation.errors, *evaluation.baselines.values()])
        axes.set_ylim(0, 1.04)
        axes.legend(fontsize=7.5, ncols=4, loc="lower left", bbox_to_anchor=(-0.12, 1.0))
        image = svg(drawn)
    alt = "Distribution of the errors: " + ", ".join(f"{k} {percent(v)}" for k, v in found.items())
    caption = "Share of the test samples with at most that error; further left is better."
    return figure(picture(image, "image/svg+xml", alt), caption)


def _steps_on_top(axes: "Axes", record: Record) -> None:
    """Optimiser steps beside the seconds, at the mean pace of the run."""
    last = record.history[-1]
    if last.seconds > 0 and last.step > 0:
        pace = last.step / last.seconds
        to_steps, to_seconds = partial(np.multiply, pace), partial(np.multiply, 1 / pace)
        above = axes.secondary_xaxis("top", functions=(to_steps, to_seconds))
        above.set_xlabel("steps")


def _steps(axes: "Axes", errors: Tensor, **style: Any) -> None:
    finite = np.sort(errors[errors.isfinite()].double().numpy())
    if len(finite):
        shares = np.arange(len(finite) + 1) / len(errors)
        axes.step(np.append(finite[:1], finite), shares, where="post", **style)


def _error_axis(axes: "Axes", groups: list[Tensor]) -> None:
    """Percent; logarithmic where the errors span more than a decade."""
    from matplotlib.ticker import PercentFormatter

    found = [error for group in groups for error in group.tolist() if 0 < error < np.inf]
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    if found and max(found) > 10 * min(found):
        axes.set_xscale("log")
        parts = (1.0, 2.0, 5.0) if max(found) < 1e3 * min(found) else (1.0,)
        log_ticks(axes.xaxis, parts, lambda value: f"{100 * value:g}%")
