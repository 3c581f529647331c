"""Trajectories seen as tasks: what is given, and what has to be answered.

A stored trajectory holds its first frame, which is the input. That frame is no answer: counted in
a metric it would flatter every model. Both views leave it out by construction.
"""

from dataclasses import replace

import torch
from torch import Tensor

from fredholm.data.samples import Samples
from fredholm.domains import Axis, Grid
from fredholm.errors import DataError
from fredholm.fields import Field, Signature


def forecast(samples: Samples) -> Samples:
    """From the initial state to all later frames; samples without such a frame stay as they are.

    The time axis becomes `location="right"`: the initial state stands at its start. Inputs and
    targets carry the same labels, those of the targets, because they are the same quantities.
    """
    if not _holds_its_input(samples):
        return samples
    time = samples.targets.grid.axis("t")
    later = replace(time, size=time.size - 1, location="right")
    grid = Grid.of(later, *samples.inputs.grid.axes)
    targets = Field(samples.targets.values[:, 1:], grid)
    return replace(samples, targets=targets, input_variables=samples.target_variables)


def one_step(samples: Samples) -> Samples:
    """From each frame to the next: n trajectories of T frames after the first give n T samples.

    Raises:
        DataError: The samples are not trajectories that begin with their inputs.
    """
    if not _holds_its_input(samples):
        raise DataError(
            "single steps need trajectories of the input's quantities that begin with the input; "
            f"these samples lead from {samples.inputs.domain} to {samples.targets.domain}"
        )
    frames = samples.targets.values
    steps = frames.shape[1] - 1
    space = samples.inputs.grid

    def repeated(rows: Tensor | None) -> Tensor | None:
        return None if rows is None else rows.repeat_interleave(steps, 0)

    return replace(
        samples,
        inputs=Field(frames[:, :-1].flatten(0, 1), space),
        targets=Field(frames[:, 1:].flatten(0, 1), space),
        input_variables=samples.target_variables,
        params=repeated(samples.params),
        error=repeated(samples.error),
    )


def as_trained(samples: Samples, signature: Signature) -> Samples:
    """The view of the samples that fits a signature: forecasts, single steps, or as they are."""
    if "t" not in samples.targets.grid.names or "t" in signature.input_grid.names:
        return samples
    return one_step(samples) if signature.time is None else forecast(samples)


def _holds_its_input(samples: Samples) -> bool:
    """Whether the first frame of the targets is the input."""
    grid, space = samples.targets.grid, samples.inputs.grid
    if grid.names != ("t", *space.names) or samples.targets.channels != samples.inputs.channels:
        return False
    time: Axis = grid.axes[0]
    if time.location != "node" or time.size < 2 or grid.axes[1:] != space.axes:
        return False
    first, given = samples.targets.values[:, 0], samples.inputs.values
    size = float(given.abs().max()) + 1e-30
    return bool(torch.isclose(first, given.to(first), rtol=0, atol=1e-6 * size).all())
