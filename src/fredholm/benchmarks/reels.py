"""What a film shows: some frames of truth and prediction, as plain arrays."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fredholm.benchmarks.wording import place
from fredholm.data import Samples
from fredholm.fields import Field, Variable
from fredholm.metrics.frames import frames, time_axis

_CHANNELS = 3
"""Channels that are shown."""


@dataclass(frozen=True, eq=False)
class Reel:
    """One channel of a film.

    Args:
        variable: Name and units.
        truth, answer: Values (times, *points); in the plane (times, vertical, horizontal).
    """

    variable: Variable
    truth: np.ndarray
    answer: np.ndarray

    @property
    def gap(self) -> np.ndarray:
        """Prediction minus truth."""
        with np.errstate(invalid="ignore", over="ignore"):
            return self.answer - self.truth

    def thinned(self, moments: np.ndarray, strides: Sequence[int]) -> "Reel":
        """Some of the frames, and one of so many points along each axis."""
        index = (moments, *(slice(None, None, stride) for stride in strides))
        return Reel(self.variable, self.truth[index], self.answer[index])


def evenly(count: int, most: int) -> np.ndarray:
    """Numbers of at most so many frames, evenly spread, the first and the last among them."""
    return np.unique(np.rint(np.linspace(0, count - 1, min(count, most))).astype(int))


def reels(case: Samples, predicted: Field) -> list[Reel]:
    """The channels of the first sample; of three axes of space, the middle of the last."""
    truth, answer = (_first(u) for u in (case.targets, predicted))
    labels = enumerate(case.target_variables[:_CHANNELS])
    return [Reel(variable, truth[..., c], answer[..., c]) for c, variable in labels]


def _first(u: Field) -> np.ndarray:
    """The first function: (times, x, c), or (times, y, x, c) in a plane."""
    values = frames(u[:1])[0].detach().cpu().numpy()
    while values.ndim > 4:
        values = values[..., values.shape[-2] // 2, :]
    return values.swapaxes(1, 2) if values.ndim == 4 else values


def labels(predicted: Field, moments: np.ndarray) -> list[str]:
    """What stands beside the slider at each frame."""
    time = time_axis(predicted)
    finite = frames(predicted[:1])[0].isfinite().flatten(1).all(1).tolist()
    texts = []
    for moment in moments:
        text = f"t = {place(float(time.points()[moment]), time.units)}"
        texts.append(text if finite[moment] else f"{text}: the prediction is not finite")
    return texts


def left_out(reel: Reel, moments: np.ndarray, stride: int) -> str:
    """What of the samples a film does not show."""
    text, total = "", len(reel.truth)
    if len(moments) < total:
        text += f"; {len(moments)} of {total} times are shown"
    if stride > 1:
        text += f"; one of {stride} points along an axis is shown"
    return text
