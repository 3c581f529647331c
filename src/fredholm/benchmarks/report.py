"""The report of a run: one page that says how far its surrogate can be believed, and why."""

from collections.abc import Mapping
from pathlib import Path

from fredholm.benchmarks.curves import training_curves
from fredholm.benchmarks.description import asked, cost, data, repeat, trained_on
from fredholm.benchmarks.film import script
from fredholm.benchmarks.forecasts import forecasts
from fredholm.benchmarks.motion import Motion, motion
from fredholm.benchmarks.page import Html, element, joined, page, section
from fredholm.benchmarks.results import overview, results
from fredholm.benchmarks.verdict import concerns, details, headline
from fredholm.benchmarks.wording import duration
from fredholm.data import Samples, as_trained
from fredholm.surrogates import Evaluation, Surrogate
from fredholm.training import write_atomically

Evaluations = Mapping[str, tuple[Samples, Evaluation]]


def write_report(
    path: str | Path,
    surrogate: Surrogate,
    evaluations: Evaluations,
    *,
    command: str,
    seconds: Mapping[str, float] | None = None,
) -> Path:
    """Writes one HTML file that refers to nothing outside itself.

    Args:
        path: Where to; an old report is replaced at once.
        surrogate: What is reported on.
        evaluations: Test samples and what was measured on them, by the name to show; the first
            decides the verdict.
        command: What was asked, and what repeats it.
        seconds: Wall-clock seconds of the parts of the run, by name.

    Raises:
        ValueError: There is no evaluation.
        DataError: The file cannot be written.
    """
    if not evaluations:
        raise ValueError("a report needs the evaluation of at least one set of test samples")
    # What was evaluated: trajectories as the forecasts or single steps that were trained on.
    evaluations = {
        name: (as_trained(samples, surrogate.signature), evaluation)
        for name, (samples, evaluation) in evaluations.items()
    }
    moving = {name: motion(surrogate, samples) for name, (samples, _) in evaluations.items()}
    variables = surrogate.signature.inputs, surrogate.signature.targets
    title = " ↦ ".join(", ".join(v.name for v in side) for side in variables)
    content = page(
        f"Surrogate {title}",
        _header(title, surrogate, evaluations),
        _verdict(surrogate, evaluations),
        overview(evaluations),
        *_forecasts(moving),
        section("What was asked", asked(surrogate, command)),
        section("Data", *data(surrogate, evaluations)),
        section("Training", *_training(surrogate)),
        *(results(name, surrogate, *pair) for name, pair in evaluations.items()),
        section("Cost", cost(surrogate, evaluations, seconds or {})),
        section("How to repeat it", *repeat(surrogate, command)),
        script=script() if any(moving.values()) else "",
    )
    path = Path(path)
    write_atomically(path, lambda partial: partial.write_text(content, encoding="utf-8"))
    return path


def _forecasts(moving: Mapping[str, Motion | None]) -> list[Html]:
    """A section for each set of test samples that moves; the first of them has the films."""
    found = [(name, each) for name, each in moving.items() if each is not None]
    return [forecasts(name, each, films=k == 0) for k, (name, each) in enumerate(found)]


def _header(title: str, surrogate: Surrogate, evaluations: Evaluations) -> Html:
    record = surrogate.record
    story = f"trained for {duration(record.seconds)}"
    if trained_on(surrogate):
        story += f" on {trained_on(surrogate)}"
    lead = f"A map between functions, {story}, tested on "
    return joined(
        (
            element("h1", f"Surrogate {title}"),
            element("p", lead + ", ".join(evaluations) + ".", class_="lead"),
        )
    )


def _verdict(surrogate: Surrogate, evaluations: Evaluations) -> Html:
    name, (_, evaluation) = next(iter(evaluations.items()))
    found = concerns(surrogate, evaluations)
    sentence = headline(evaluation)
    failed = any(concern.level == "alarm" for concern in found)
    box = element(
        "div",
        element("p", sentence),
        element("p", details(name, evaluation)),
        class_="verdict failed" if failed else "verdict",
    )
    warnings = (
        element("p", concern.text, class_=f"concern {concern.level}", role="alert")
        for concern in found
    )
    return joined((box, *warnings))


def _training(surrogate: Surrogate) -> list[Html]:
    if not surrogate.record.history:
        text = "This system is not trained step by step: its parameters follow from the samples at "
        return [element("p", f"{text}once, in {duration(surrogate.record.seconds)}.")]
    return [element("div", training_curves(surrogate.record), class_="pair")]
