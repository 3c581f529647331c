"""What was measured on the test samples: the table of all sets, and a section for each."""

from collections.abc import Mapping

from torch import Tensor

from fredholm.benchmarks.curves import error_distribution, spectra
from fredholm.benchmarks.motion import answers
from fredholm.benchmarks.page import Html, element, joined, section, table
from fredholm.benchmarks.pictures import case_pictures
from fredholm.benchmarks.verdict import best_baseline, ratio, size
from fredholm.benchmarks.wording import number, percent, whole
from fredholm.data import Samples
from fredholm.metrics import BANDS, distribution
from fredholm.surrogates import Evaluation, Surrogate

_MEANINGLESS = 10.0


def overview(evaluations: Mapping[str, tuple[Samples, Evaluation]]) -> Html:
    """One row for each set of test samples."""
    head = ("test samples", "number", "points", "mean", "median", "p95", "max", "best baseline")
    rows = []
    for name, (samples, evaluation) in evaluations.items():
        best, share = best_baseline(evaluation), ratio(evaluation)
        points = size(samples.target_domain)
        beside = ("none", "")
        if best is not None and share is not None:
            beside = (f"{best[0]} {percent(best[1])}", number(share))
        count = whole(len(evaluation.errors))
        rows.append((name, count, points, *_figures(evaluation.errors), *beside))
    return table((*head, "ratio to it"), rows)


def results(name: str, surrogate: Surrogate, samples: Samples, evaluation: Evaluation) -> Html:
    """Fields, scales, errors and baselines on one set of test samples."""
    return section(
        f"Results on {name}",
        _fields(surrogate, samples, evaluation),
        *_scales(evaluation),
        element("h3", "Beside the trivial baselines"),
        _baselines(evaluation),
    )


def _scales(evaluation: Evaluation) -> list[Html]:
    """Spread of the error, and its scales where the functions are on a grid."""
    spread = error_distribution(evaluation)
    if not evaluation.spectra:
        return [element("h3", "Spread of the error"), element("div", spread, class_="pair")]
    return [
        element("h3", "Scales and spread of the error"),
        element("div", spectra(evaluation), spread, class_="pair"),
        element("h3", "Error by band of wavenumbers"),
        _bands(evaluation),
    ]


def _figures(errors: Tensor) -> tuple[str, ...]:
    """Mean, median, 95th percentile and maximum, as text."""
    return tuple(percent(value) for value in distribution(errors).values())


def _fields(surrogate: Surrogate, samples: Samples, evaluation: Evaluation) -> Html:
    """The median and the worst sample, side by side with what they should have been."""
    parts = []
    for title, chosen in (("Median", evaluation.typical), ("Worst", evaluation.worst)):
        case = samples[[chosen]]
        error = percent(float(evaluation.errors[chosen]))
        heading = f"{title} sample: number {chosen}, relative error {error}"
        parts += [element("h3", heading), case_pictures(case, answers(surrogate, case))]
    note = "Error is prediction minus truth; truth and prediction share one scale."
    return joined((*parts, element("p", note, class_="note")))


def _bands(evaluation: Evaluation) -> Html:
    """A table with bars; a full bar is an error as large as the truth."""
    rows = []
    for band, error in evaluation.bands.items():
        first, last = BANDS[band]
        span = f"{first} ≤ k < {last}" if last < 10**6 else f"k ≥ {first}"
        bar = element("span", class_="meter", style=f"width:{13 * min(error, 1.0):.2f}rem")
        # Where the truth has next to no energy, the quotient is a number without a meaning.
        figure = percent(error) if error < _MEANINGLESS else "above 1000%"
        cells = (element("td", figure), element("td", bar, class_="bar"))
        rows.append(element("tr", element("th", f"{band}, {span}", scope="row"), *cells))
    head = ("wavenumbers", "relative error", "")
    top = element("tr", *(element("th", cell, scope="col") for cell in head))
    inside = element("table", element("thead", top), element("tbody", *rows))
    return element("div", inside, class_="scroll")


def _baselines(evaluation: Evaluation) -> Html:
    """The surrogate among the baselines, best first."""
    own = ("this surrogate", evaluation.errors)
    ranked = sorted((own, *evaluation.baselines.items()), key=lambda item: float(item[1].mean()))
    shares = evaluation.beats()
    rows = [
        (name, *_figures(errors), number(shares[name]) if errors is not own[1] else "")
        for name, errors in ranked
    ]
    head = ("", "mean", "median", "p95", "max", "surrogate relative to it")
    return table(head, rows, strong=ranked.index(own))
