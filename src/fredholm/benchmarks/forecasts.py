"""What a report says of forecasts: films, figures over time, and the numbers beside them."""

from fredholm.benchmarks.energy import bands_over_time, spectra_over_time
from fredholm.benchmarks.film import film
from fredholm.benchmarks.growth import error_growth, valid
from fredholm.benchmarks.motion import Motion, drifts
from fredholm.benchmarks.page import Html, element, section, table
from fredholm.benchmarks.wording import counted, percent, place, whole
from fredholm.fields import Field
from fredholm.metrics import censored, error_curve, failures, gmean, quantile
from fredholm.metrics.motion import THRESHOLDS

_GMEAN = 100
"""Times that count for the geometric mean."""
_MEANINGS = (
    "GMean: geometric mean over time of the mean error of the samples. Valid: until the "
    f"correlation with the truth is first below {THRESHOLDS['correlation']:g}."
)


def forecasts(name: str, moving: Motion, *, films: bool) -> Html:
    """Films of the median and the worst sample, growth of the error, spectra and numbers.

    Args:
        name: Of the test samples.
        moving: The forecasts.
        films: Show the films: those of one set of test samples are enough for a page.
    """
    parts = [element("p", _lead(moving), class_="note")]
    if films:
        parts += _films(moving)
    return section(
        f"Forecasts on {name}",
        *parts,
        element("h3", "Error over time"),
        element("div", error_growth(moving), bands_over_time(moving), class_="pair"),
        element("div", spectra_over_time(moving), _numbers(moving), class_="pair"),
    )


def _lead(moving: Motion) -> str:
    count, steps = len(moving.samples), moving.time.size
    how = counted(steps, "step" if moving.repeated else "time")
    how += ", each from the answer of the one before" if moving.repeated and steps > 1 else ""
    of = "" if count == moving.total else f"; the first {whole(count)} of {whole(moving.total)}"
    last = f"t = {place(float(moving.time.points()[-1]), moving.time.units)}"
    return f"From the given state to {last} in {how}{of}."


def _films(moving: Motion) -> list[Html]:
    """The median and the worst forecast in motion."""
    order = moving.errors.argsort()
    parts = []
    for name, rank in (("Median", len(order) // 2), ("Worst", -1)):
        chosen = int(order[rank])
        case, predicted = moving.samples[[chosen]], moving.predicted[[chosen]]
        error = percent(float(moving.errors[chosen]))
        title = f"{name} forecast: sample {chosen}, relative error {error} over all times"
        parts += [element("h3", title), film(case, predicted)]
    return parts


def _numbers(moving: Motion) -> Html:
    """The figures that forecasts are compared by, beside those of persistence."""
    answers: dict[str, Field] = {"this surrogate": moving.predicted}
    if moving.persistence is not None:
        answers["persistence"] = moving.persistence
    columns = [_column(moving, predicted) for predicted in answers.values()]
    rows = [(row, *(column[row] for column in columns)) for row in columns[0]]
    inside = [table(("", *answers), rows)]
    drifted = [
        (name, *(percent(float(quantile(found[who], 0.5))) for who in ("surrogate", "truth")))
        for name, found in drifts(moving)
    ]
    if drifted:
        head = ("drift by the last time", "this surrogate", "truth")
        inside.append(table(head, drifted))
    inside.append(element("p", _MEANINGS, class_="note"))
    return element("div", *inside)


def _column(moving: Motion, predicted: Field) -> dict[str, str]:
    """Names and values of the figures of one forecast."""
    curve = error_curve(predicted, moving.truth)
    time = moving.time
    first, last = (f"t = {place(float(time.points()[i]), time.units)}" for i in (0, -1))
    median, bound = valid(predicted, moving.truth)
    kept = int(censored(predicted, moving.truth).sum())
    return {
        f"median error at {first}": percent(float(quantile(curve[:, 0], 0.5))),
        f"median error at {last}": percent(float(quantile(curve[:, -1], 0.5))),
        f"GMean over {counted(min(time.size, _GMEAN), 'time')}": percent(gmean(curve, _GMEAN)),
        "median valid time": f"{'≥ ' if bound else ''}{place(median, time.units)}",
        "valid to the end": f"{kept} of {len(curve)}",
        "not finite": f"{int(failures(predicted).sum())} of {len(curve)}",
    }
