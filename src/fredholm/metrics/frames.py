"""Trajectories as arrays with time in front: the shape that every metric of motion works on."""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis, Grid, space_of, time_of
from fredholm.fields import Field


def time_axis(u: Field) -> Axis:
    """The time axis of a trajectory.

    Raises:
        ValueError: The function has none.
    """
    time = time_of(u.domain)
    if time is None:
        raise ValueError(
            f"this metric needs a trajectory, a function on a domain with an axis named 't'; "
            f"got axes {u.domain.names}"
        )
    return time


def space_axes(u: Field) -> tuple[Axis, ...]:
    """The axes other than time, in their order."""
    return tuple(axis for axis in u.grid.axes if axis.name != "t")


def frames(u: Field) -> Float[Tensor, "batch times *points c"]:
    """float64 values with time in front of space; a function without time is one frame."""
    values = u.values.double()
    if "t" not in u.domain.names:
        return values.unsqueeze(1)
    return values.movedim(1 + u.domain.names.index("t"), 1)


def space_weights(u: Field) -> Float[Tensor, "*points"]:
    """Quadrature weights of one frame, on the device of the values.

    Where each function has a domain of its own they are (batch, 1, points).
    """
    if not isinstance(u.domain, Grid):
        space = space_of(u.domain)
        weights = space.weights() if space.count is None else space.weights()[:, None]
        return weights.to(u.values.device)
    weights = torch.ones((), dtype=torch.float64)
    for axis in space_axes(u):
        weights = weights[..., None] * axis.weights()
    return weights.to(u.values.device)


def space_integral(
    values: Float[Tensor, "batch times *points c"], weights: Float[Tensor, "*points"]
) -> Float[Tensor, "batch times c"]:
    """∫ over space of each frame and channel, with the weights of `space_weights`."""
    if weights.ndim > values.ndim - 3:  # one row for each function
        return (values * weights[..., None]).sum(2)
    return torch.tensordot(values.movedim(-1, 2), weights, dims=weights.ndim)


def paired(
    predicted: Field, truth: Field
) -> tuple[Float[Tensor, "batch times *points c"], Float[Tensor, "batch times *points c"]]:
    """The frames of a prediction and of its truth.

    Raises:
        ValueError: They differ in number, domain or channels.
    """
    if predicted.domain != truth.domain or predicted.values.shape != truth.values.shape:
        raise ValueError(
            f"a prediction is compared on the domain of its truth: got values "
            f"{tuple(predicted.values.shape)} on {predicted.domain}, the truth has "
            f"{tuple(truth.values.shape)} on {truth.domain}; use .at(truth.domain)"
        )
    return frames(predicted), frames(truth)


def pieces(u: Field, count: int) -> Field:
    """Contiguous stretches of trajectories: at least `count` of them where there are the frames.

    Trajectories are cut in time only where they are fewer than `count`; the frames that remain
    at the end of each are left out.
    """
    axis, values = time_axis(u), frames(u)
    cuts = min(-(-count // len(u)), axis.size)
    length = axis.size // cuts
    stretch = replace(
        axis,
        size=length,
        stop=axis.start + length * axis.spacing,
        periodic=False,
        location="right",
    )
    shape = (len(u) * cuts, length, *values.shape[2:])
    return Field(values[:, : cuts * length].reshape(shape), Grid.of(stretch, *space_axes(u)))
