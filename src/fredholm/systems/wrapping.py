"""The operator of a card, wrapped so that it takes and gives functions in physical units."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from fredholm.data import LEAD_TIME, Samples
from fredholm.domains import Grid, Stack, Unstructured, space_of, stacked
from fredholm.fields import Signature, Standardise, mean_square
from fredholm.operators import (
    ClosedForm,
    Increment,
    Normalised,
    Operator,
    ParamsAsChannels,
    Rasterised,
    RasterisedFit,
    Rate,
    ScaledParams,
    TimeChannels,
    Unrolled,
    background,
    on_background,
)
from fredholm.systems.card import Card, Task
from fredholm.systems.plan import Trajectory


def build(
    chosen: Card,
    head: Samples,
    hyper: Mapping[str, Any],
    translations: bool,
    kind: Trajectory = "direct",
) -> Operator:
    """The operator of a card, wrapped so that it takes and gives functions in physical units.

    Args:
        chosen: The system.
        head: Some training samples: grids, labels and scales are taken from them.
        hyper: Hyper-parameters that were chosen.
        translations: Whether the map commutes with shifts.
        kind: How trajectories are made.

    Raises:
        FredholmError: The system cannot be built for these samples.
    """
    shape = head.signature
    if chosen.closed_form:
        return _made(chosen, Task(shape), hyper)
    inner = _inner(shape, kind == "unrolled", chosen.conditioned)
    operator = _made(chosen, Task(inner, translations, _vanishes(head)), hyper)
    if shape.params:
        wrapper = ScaledParams if chosen.conditioned else ParamsAsChannels
        operator = wrapper(operator, _scale_of(head.params))
    # States keep one scale, so that an increment of zero is exactly no change.
    measured = head.inputs if shape.state_to_state else head.targets
    encode = _scale_of_inputs(head)
    decode = Standardise(len(shape.targets)).fit(measured)
    if kind == "pairs":
        column = [variable.name for variable in shape.params].index(LEAD_TIME)
        operator = Rate(operator, column, _change(head, decode, column))
    if kind == "step" or kind == "unrolled":
        operator = Increment(operator, _change(head, decode))
    if shape.time is not None:
        operator = (Unrolled if kind == "unrolled" else TimeChannels)(operator, shape.time)
    return chosen.finished(Normalised(operator, encode, decode), head, hyper)


def _made(chosen: Card, task: Task, hyper: Mapping[str, Any]) -> Operator:
    """The operator of a card; behind a background grid where it does not take scattered points."""
    points = task.signature.input_domain
    if isinstance(points, Grid) or chosen.scattered:
        return chosen.make(task, hyper)
    behind = replace(task, signature=on_background(task.signature), boundary=False)
    operator = chosen.make(behind, hyper)
    wrapper = RasterisedFit if isinstance(operator, ClosedForm) else Rasterised
    return wrapper(operator, background(points))  # type: ignore[arg-type]


def _scale_of_inputs(head: Samples) -> Standardise:
    """Means and deviations of the inputs.

    What is known on the boundary alone keeps its zeros elsewhere, and is measured where it is.
    """
    scale = Standardise(len(head.input_variables)).fit(head.inputs)
    for channel, variable in enumerate(head.input_variables):
        if variable.support == "boundary":
            known = head.inputs.values[..., channel]
            size = known[known != 0].double().square().mean().sqrt()
            scale.mean[channel] = 0.0
            scale.scale[channel] = size if size > 0 else 1.0
    return scale


def _change(head: Samples, scale: Standardise, lead: int | None = None) -> float:
    """Root mean square of what a step changes, or of its rate, in normalised units."""
    following = head.targets.values
    if "t" in head.targets.domain.names:
        following = following[:, 0]
    change = (following - head.inputs.values) / scale.scale.to(following)
    if lead is not None:
        assert head.params is not None
        change = change / head.params[:, lead].reshape(-1, *[1] * (change.ndim - 1))
    size = float(mean_square(head.inputs.with_values(change.double())).mean().sqrt())
    return float(f"{size:.3g}") if size > 0 else 1.0


def _inner(shape: Signature, repeats: bool, conditioned: bool) -> Signature:
    """The signature of the network itself: between spatial grids, parameters mostly as channels."""
    times = 1 if shape.time is None or repeats else shape.time.size
    space = shape.target_domain if shape.time is None else shape.target_domain.without("t")
    return replace(
        shape,
        target_domain=space,
        inputs=shape.inputs + (() if conditioned else shape.params),
        targets=shape.targets * times,
        params=shape.params if conditioned else (),
    )


def _vanishes(head: Samples) -> bool:
    """Whether all targets are zero on every stored point of a boundary that is not periodic."""
    size = head.targets.values.abs().max()
    space = space_of(head.targets.domain)
    if isinstance(space, Unstructured | Stack):
        members = stacked(space, len(head)).members
        values = [head.targets.values[i][..., m.boundary, :] for i, m in enumerate(members)]
        found = [each.abs().max() for each in values if each.numel()]
        return len(found) == len(members) and bool(torch.stack(found).max() <= 1e-6 * size)
    edges = []
    for number, axis in enumerate(head.targets.grid.axes, start=1):
        sides = {"left": (0,), "right": (-1,), "cell": ()}.get(axis.location, (0, -1))
        if not axis.periodic and axis.name != "t":
            edges += [head.targets.values.select(number, side).abs().max() for side in sides]
    return bool(edges) and bool(torch.stack(edges).max() <= 1e-6 * size)


def _scale_of(params: Tensor | None) -> Standardise:
    """Mean and deviation of the parameters' columns."""
    assert params is not None
    scale = Standardise(params.shape[-1])
    scale.mean.copy_(params.mean(0))
    deviation = params.std(0, correction=0)
    scale.scale.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))
    return scale
