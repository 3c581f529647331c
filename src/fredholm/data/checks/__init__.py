"""Is a data set fit for use? Each check is a function that yields findings."""

from collections.abc import Iterator

from fredholm.data.checks import physics, twins, values
from fredholm.data.checks.report import Finding, Report
from fredholm.data.samples import Samples
from fredholm.data.stream import StreamedSamples
from fredholm.domains import Grid
from fredholm.problems import Problem

__all__ = ["Finding", "Report", "check"]

_MOST = 5000


def check(
    samples: Samples | StreamedSamples,
    problem: Problem | None = None,
    other: Samples | StreamedSamples | None = None,
) -> Report:
    """Examines samples; of a very large file, its first five thousand.

    Args:
        samples: What is checked.
        problem: The problem that they claim to solve, where their provenance does not say.
        other: A training set that the samples must not be part of.
    """
    name = str(samples.origin.get("file", "samples"))
    return Report.of(name, list(_findings(samples, problem, other)))


def _findings(
    samples: Samples | StreamedSamples,
    problem: Problem | None,
    other: Samples | StreamedSamples | None,
) -> Iterator[Finding]:
    if len(samples) > _MOST:
        text = f"only the first {_MOST} of {len(samples)} samples were examined"
        yield Finding("info", "extent", text)
    some = samples.head(_MOST)
    for line in some.origin.get("assumed", ()):
        yield Finding("info", "assumed", line)
    not_finite = list(values.finite(some))
    yield from not_finite
    yield from values.labelled(some)
    if not_finite:  # every other number would be NaN as well
        return
    for examine in (values.varying, values.in_range, values.seams, twins.duplicates):
        yield from examine(some)
    if other is not None:
        yield from twins.leakage(some, other.head(_MOST))
    yield from physics.solved_again(some, problem)
    if not isinstance(some.targets.domain, Grid):
        return
    yield from physics.residual(some, problem)
    yield from physics.coefficients(some)
