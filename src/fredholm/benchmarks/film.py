"""Films: a forecast beside its truth, played in the page by a few lines of its own script."""

import json
from collections.abc import Sequence
from importlib import resources

from fredholm.benchmarks.film_curves import moving_curves
from fredholm.benchmarks.film_planes import moving_planes
from fredholm.benchmarks.page import Html, element, joined
from fredholm.benchmarks.reels import labels, reels
from fredholm.data import Samples
from fredholm.fields import Field
from fredholm.metrics.frames import space_axes


def script() -> str:
    """What plays the films of a page."""
    return resources.files("fredholm.benchmarks").joinpath("film.js").read_text("utf-8")


def film(case: Samples, predicted: Field) -> Html:
    """Truth, prediction and error of one sample in motion.

    Two axes of space are shown as colours, one as curves; of three, the plane in the middle of
    the last. Without scripts nothing of it is seen but a sentence.

    Args:
        case: Samples of which the first is shown; the targets are trajectories.
        predicted: What the surrogate answers for it.
    """
    axes = space_axes(case.targets)[:2]
    channels = reels(case, predicted)
    if len(axes) == 1:
        screens, moments, caption = moving_curves(channels, axes[0])
    else:
        screens, moments, caption = moving_planes(channels, axes)
    times = labels(predicted, moments)
    attributes = {"data-labels": json.dumps(times, ensure_ascii=False)}
    note = "Films need scripts to be allowed; the pictures that stand still show the same."
    return joined(
        (
            element(
                "figure",
                screens,
                _controls(times),
                element("figcaption", caption),
                class_="film",
                hidden="",
                **attributes,
            ),
            element("noscript", element("p", note, class_="note")),
        )
    )


def _controls(times: Sequence[str]) -> Html:
    last = str(len(times) - 1)
    slider = {"type": "range", "min": "0", "max": last, "value": "0", "aria-label": "time"}
    return element(
        "div",
        element("button", "Play", type="button"),
        element("input", **slider),
        element("output", times[0]),
        class_="controls",
    )
