"""Whether a surrogate can be believed, in sentences that follow from its figures."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from fredholm.benchmarks.wording import counted, number, percent
from fredholm.data import Samples
from fredholm.domains import Domain, Grid, Scattered, Stack, space_of, time_of
from fredholm.metrics import distribution
from fredholm.surrogates import Evaluation, Surrogate

_REFERENCE = 10.0
"""A reference is good enough where its own error is smaller than the measured one by this."""
_HARDLY = 0.8
"""Above this share of the best baseline's error, the surrogate hardly learned anything."""
_DRIFT = 1.5
"""Test and validation errors differ a lot when their ratio leaves [1/1.5, 1.5]."""
_FEW, _DRIFT_OF_FEW = 20, 3.0
"""Of fewer test samples a single odd one decides, here or in the validation: more is asked."""


@dataclass(frozen=True)
class Concern:
    """Something that a user has to know before using the surrogate.

    Args:
        level: `"alarm"`: do not use it; `"caution"`: know the limit.
        text: One or two sentences.
    """

    level: Literal["alarm", "caution"]
    text: str


def best_baseline(evaluation: Evaluation) -> tuple[str, float] | None:
    """Name and mean error of the best trivial baseline, where there is one."""
    means = {name: float(errors.mean()) for name, errors in evaluation.baselines.items()}
    name = min(means, key=means.__getitem__, default=None)
    return None if name is None else (name, means[name])


def ratio(evaluation: Evaluation) -> float | None:
    """Mean error relative to that of the best baseline: below one is better than it."""
    best = best_baseline(evaluation)
    if best is None:
        return None
    return evaluation.relative_l2 / best[1] if best[1] > 0 else math.inf


def headline(evaluation: Evaluation) -> str:
    """One sentence: the error to expect, beside the best trivial baseline."""
    count, failed = len(evaluation.errors), _failures(evaluation)
    if failed:
        return f"Do not use this surrogate: {failed} of {count} predictions are not finite."
    error, best, share = (
        percent(evaluation.relative_l2),
        best_baseline(evaluation),
        ratio(evaluation),
    )
    if best is None or share is None:
        return f"Expect an error of about {error}; there is no baseline to compare it with."
    other = (
        f"the best trivial baseline, {best[0]}, makes {percent(best[1])} (ratio {number(share)})"
    )
    if share >= 1:
        return f"Do not use this surrogate: it errs by about {error}, where {other}."
    return f"Expect an error of about {error}, where {other}."


def details(name: str, evaluation: Evaluation) -> str:
    """What the figures of the headline are."""
    found = distribution(evaluation.errors)
    return (
        f"Mean relative L2 error over the {counted(len(evaluation.errors), 'sample')} of {name}. "
        f"Half of them lie below {percent(found['median'])}, 95 of 100 below "
        f"{percent(found['p95'])}, and the worst is at {percent(found['max'])}."
    )


def concerns(
    surrogate: Surrogate, evaluations: Mapping[str, tuple[Samples, Evaluation]]
) -> list[Concern]:
    """Everything that speaks against believing the surrogate; alarms first."""
    found = []
    for name, (samples, evaluation) in evaluations.items():
        found += _baseline_concerns(name, evaluation)
        found += [Concern("caution", f"{name}: {text}") for text in evaluation.warnings]
        found += _reference_concerns(name, evaluation)
        found += _drift_concerns(name, samples.targets.domain, evaluation, surrogate)
    return sorted(found, key=lambda concern: concern.level != "alarm")


def _failures(evaluation: Evaluation) -> int:
    return int((~evaluation.errors.isfinite()).sum())


def _baseline_concerns(name: str, evaluation: Evaluation) -> list[Concern]:
    failed, best, share = _failures(evaluation), best_baseline(evaluation), ratio(evaluation)
    if failed:
        text = f"{name}: {failed} of {len(evaluation.errors)} predictions are not finite."
        return [Concern("alarm", text)]
    if best is None or share is None or share < _HARDLY:
        return []
    mean = percent(evaluation.relative_l2)
    if share >= 1:
        text = (
            f"{name}: the surrogate ({mean}) does not beat {best[0]} ({percent(best[1])}), which "
            "needs no training. Train longer, use more samples, or choose another system."
        )
        return [Concern("alarm", text)]
    text = f"{name}: the surrogate ({mean}) is hardly better than {best[0]} ({percent(best[1])})."
    return [Concern("caution", text)]


def _reference_concerns(name: str, evaluation: Evaluation) -> list[Concern]:
    """The truth is itself computed: its error must not matter."""
    if evaluation.reference_error is None:
        return []
    reference, error = float(evaluation.reference_error.mean()), evaluation.relative_l2
    if reference * _REFERENCE <= error:
        return []
    text = (
        f"{name}: the estimated error of the reference solution ({percent(reference)}) is not ten "
        f"times below that of the surrogate ({percent(error)}), which is known only to about that "
        "much. Solve the test samples with a smaller tolerance."
    )
    return [Concern("caution", text)]


def _drift_concerns(
    name: str, domain: Domain, evaluation: Evaluation, surrogate: Surrogate
) -> list[Concern]:
    """Test and validation samples of one kind have errors of one size, up to chance."""
    best = surrogate.record.best
    known = None if best is None else best.validation
    error = evaluation.relative_l2
    if known is None or not (known > 0 and math.isfinite(known) and math.isfinite(error)):
        return []
    count = len(evaluation.errors)
    chance = 2 * float(evaluation.errors.double().std(correction=0)) / math.sqrt(count)
    elsewhere = _at_another_resolution(domain, surrogate.signature.target_domain)
    usual = _DRIFT if count >= _FEW or elsewhere else _DRIFT_OF_FEW
    if 1 / usual <= error / known <= usual or abs(error - known) <= chance:
        return []
    text = f"{name}: its error ({percent(error)}) is {number(error / known)} times that on the "
    text += f"validation samples ({percent(known)}). "
    if error < known:
        text += "It is easier than the training data, or overlaps with them: `fredholm check` tells"
    elif elsewhere:
        text += elsewhere
    else:
        text += "The test samples are not like those of the training"
    return [Concern("caution", f"{text}.")]


def _at_another_resolution(tested: Domain, trained: Domain | Scattered) -> str:
    """What an error on another number of points means; empty on the same, and on scattered ones."""
    if not isinstance(tested, Grid) or not isinstance(trained, Grid):
        return ""
    if space_of(tested).shape == space_of(trained).shape:
        return ""
    return (
        f"It has {size(tested)} points, the training samples have {size(trained)}: the "
        "surrogate does not carry over to that resolution without loss"
    )


def size(domain: Domain) -> str:
    """Number of points: along each axis, or in the smallest and the largest of several domains."""
    space = space_of(domain)
    if not isinstance(space, Stack):
        return " × ".join(map(str, domain.shape))
    few, many = min(space.sizes), max(space.sizes)
    points = str(few) if few == many else f"{few} to {many}"
    time = time_of(domain)
    return points if time is None else f"{time.size} × ({points})"
