"""Trajectories seen as tasks: what is given, and what has to be answered.

A stored trajectory holds its first frame, which is the input. That frame is no answer: counted in
a metric it would flatter every model. Both views leave it out by construction.
"""

from dataclasses import replace

import torch
from torch import Tensor

from fredholm.data.samples import Samples
from fredholm.domains import Axis, Domain, over_time, space_of, time_of
from fredholm.errors import DataError
from fredholm.fields import Field, Signature, Variable


def forecast(samples: Samples) -> Samples:
    """From the initial state to all later frames; samples without such a frame stay as they are.

    The time axis becomes `location="right"`: the initial state stands at its start. Inputs and
    targets carry the same labels, those of the targets, because they are the same quantities.
    """
    if not _holds_its_input(samples):
        return samples
    time = _time(samples)
    later = replace(time, size=time.size - 1, location="right")
    domain = over_time(later, samples.inputs.domain)
    targets = Field(samples.targets.values[:, 1:], domain)
    return replace(samples, targets=targets, input_variables=samples.target_variables)


def one_step(samples: Samples) -> Samples:
    """From each frame to the next: n trajectories of T frames after the first give n T samples.

    Raises:
        DataError: The samples are not trajectories that begin with their inputs.
    """
    steps = windows(samples, 1)
    return replace(steps, targets=Field(steps.targets.values[:, 0], steps.inputs.domain))


def windows(samples: Samples, length: int, *, stride: int = 1) -> Samples:
    """From each frame to the `length` frames that follow it: what chains are trained on.

    The windows overlap; they are copies, so that they take `length` times the memory of the frames.

    Args:
        samples: Trajectories that begin with their inputs.
        length: Frames of the target.
        stride: Distance of the first frames of neighbouring windows.

    Raises:
        DataError: The samples are not such trajectories, or shorter than a window.
    """
    frames = _frames(samples)
    last = frames.shape[1] - 1
    if not 1 <= length <= last or stride < 1:
        raise DataError(f"windows of {length} steps do not fit trajectories of {last} steps")
    starts = torch.arange(0, last - length + 1, stride)
    following = starts[:, None] + torch.arange(1, length + 1)
    step = _step(samples)
    time = replace(step, size=length, stop=length * step.spacing)
    space = _each(samples, len(starts))
    return _repeated(
        samples,
        len(starts),
        inputs=Field(frames[:, starts].flatten(0, 1), space),
        targets=Field(frames[:, following].flatten(0, 1), over_time(time, space)),
        step=step,
    )


def first_step(samples: Samples) -> Samples:
    """Windows cut to their first step; other samples as they are."""
    if samples.step is None or "t" not in samples.targets.domain.names:
        return samples
    space = space_of(samples.targets.domain)
    return replace(samples, targets=Field(samples.targets.values[:, 0], space))


LEAD_TIME = "lead_time"
"""Name of the parameter that says how far ahead the answer lies."""


def pairs(samples: Samples) -> Samples:
    """From each frame to each later one, told how much later: all T (T + 1)/2 pairs of times.

    The lead time is a parameter, the last column. One trajectory of T steps teaches every horizon
    at once, and many more pairs than steps.

    Raises:
        DataError: The samples are not trajectories that begin with their inputs.

    Reference:
        Herde et al., NeurIPS 2024, arXiv:2405.19101, section 3 (all-to-all training).
    """
    frames = _frames(samples)
    step = _step(samples)
    first, second = torch.triu_indices(frames.shape[1], frames.shape[1], offset=1)
    space = _each(samples, len(first))
    result = _repeated(
        samples,
        len(first),
        inputs=Field(frames[:, first].flatten(0, 1), space),
        targets=Field(frames[:, second].flatten(0, 1), space),
        step=step,
    )
    lead = ((second - first) * step.spacing).to(frames)[:, None].repeat(len(samples), 1)
    params = (
        lead if result.params is None else torch.cat([result.params, lead.to(result.params)], 1)
    )
    label = Variable(LEAD_TIME, step.units, "time from the input to the answer")
    return replace(result, params=params, param_variables=(*samples.param_variables, label))


def continuations(
    samples: Samples, known: int, asked: int | None = None, *, stride: int = 1
) -> Samples:
    """From some frames of trajectories to those that follow them.

    The times begin at zero with the first known frame; those of the answer are
    `location="right"`: the last known frame stands at their start.

    Args:
        samples: Trajectories that begin with their inputs.
        known: Frames that are given, the first included.
        asked: Frames that are answered, by default all that follow.
        stride: Distance of the first frames of neighbouring pairs, where one trajectory makes
            several.

    Raises:
        DataError: The samples are not such trajectories, or hold fewer frames.
    """
    frames = _frames(samples, "frames after frames")
    count, least = frames.shape[1], 1 if asked is None else asked
    if known < 2 or least < 1 or stride < 1 or known + least > count:
        raise DataError(
            f"{least} frames after {known} do not fit trajectories of {count} frames: at least 2 "
            "are known, and at least 1 is asked for"
        )
    asked = count - known if asked is None else asked
    starts = torch.arange(0, count - known - asked + 1, stride)
    at = starts[:, None] + torch.arange(known + asked)
    step, space = _step(samples), _each(samples, len(starts))
    past = replace(step, size=known, stop=(known - 1) * step.spacing, location="node")
    length = asked * step.spacing
    time = replace(step, size=asked, start=past.stop, stop=past.stop + length)
    return _repeated(
        samples,
        len(starts),
        inputs=Field(frames[:, at[:, :known]].flatten(0, 1), over_time(past, space)),
        targets=Field(frames[:, at[:, known:]].flatten(0, 1), over_time(time, space)),
        step=None,
    )


def as_trained(samples: Samples, signature: Signature) -> Samples:
    """The view of the samples that fits a signature: forecasts, pairs, or as they are.

    Trajectories are forecasts for a map from state to state too: it is repeated to make them. A
    map from frames to frames is shown those of neighbouring stretches of time.
    """
    if "t" not in samples.targets.domain.names or "t" in samples.inputs.domain.names:
        return samples
    known, asked = (time_of(grid) for grid in (signature.input_domain, signature.target_domain))
    if known is not None and asked is not None:
        return continuations(samples, known.size, asked.size, stride=asked.size)
    if LEAD_TIME in (variable.name for variable in signature.params):
        return pairs(samples)
    return forecast(samples)


def _frames(samples: Samples, wanted: str = "single steps") -> Tensor:
    """The states of trajectories that begin with their inputs, those included.

    Raises:
        DataError: They are not of that kind.
    """
    if not _holds_its_input(samples):
        raise DataError(
            f"{wanted} need trajectories of the input's quantities that begin with the input; "
            f"these samples lead from {samples.inputs.domain} to {samples.targets.domain}"
        )
    return samples.targets.values


def _time(samples: Samples) -> Axis:
    """The times of trajectories."""
    time = time_of(samples.targets.domain)
    assert time is not None
    return time


def _each(samples: Samples, times: int) -> Domain:
    """Where the states lie when each sample becomes so many."""
    order = torch.arange(len(samples)).repeat_interleave(times)
    return samples.inputs.domain.chosen(order)


def _step(samples: Samples) -> Axis:
    """The time axis from one frame to the next."""
    time = _time(samples)
    return replace(time, size=1, start=0.0, stop=time.spacing, location="right")


def _repeated(
    samples: Samples, times: int, *, inputs: Field, targets: Field, step: Axis | None
) -> Samples:
    """The samples with other functions, `times` of them for each trajectory."""

    def rows(part: Tensor | None) -> Tensor | None:
        return None if part is None else part.repeat_interleave(times, 0)

    return replace(
        samples,
        inputs=inputs,
        targets=targets,
        input_variables=samples.target_variables,
        params=rows(samples.params),
        error=rows(samples.error),
        step=step,
    )


def _holds_its_input(samples: Samples) -> bool:
    """Whether the first frame of the targets is the input."""
    domain, space = samples.targets.domain, samples.inputs.domain
    if domain.names != ("t", *space.names) or samples.targets.channels != samples.inputs.channels:
        return False
    time = _time(samples)
    if time.location != "node" or time.size < 2 or space_of(domain) != space:
        return False
    first, second = samples.targets.values[:, 0], samples.targets.values[:, 1]
    given = samples.inputs.values.to(first)
    gap, size, change = (float(v.norm()) for v in (first - given, given, second - given))
    # A solver with a loose tolerance gives back its input filtered, but far closer than a frame.
    return gap <= max(1e-6 * size, 0.02 * change)
