"""Surrogates of single steps, and of stretches of time, repeated."""

import torch
from torch import Tensor

from fredholm.data import LEAD_TIME
from fredholm.domains import Axis, Domain, behind_time_of, over_time, space_of, time_of
from fredholm.errors import DataError, DivergedError
from fredholm.fields import Field, Given, Signature
from fredholm.operators import Operator, Unrolled, advance, repeat
from fredholm.surrogates.limits import Limits

_LOOKS = 64
"""Frames of a rollout that are compared with the training data, at most."""


def rolled(operator: Operator, signature: Signature, domain: Domain) -> Operator:
    """The operator that answers on a domain: itself, or its step repeated up to the domain's times.

    Raises:
        DataError: The times are not multiples of the step.
    """
    step, time = signature.step, time_of(domain)
    if step is None or time is None or "t" in signature.target_domain.names:
        return operator
    ratio = time.spacing / step.spacing
    if round(ratio) < 1 or abs(ratio - round(ratio)) > 1e-6 * ratio:
        raise DataError(
            f"the surrogate makes steps of {step.spacing:g}{_unit(step)}, the frames lie "
            f"{time.spacing:g} apart, which is no multiple of that"
        )
    return Unrolled(operator if round(ratio) == 1 else repeat(operator, round(ratio)), time)


def roll(operator: Operator, signature: Signature, u0: Field, frames: int, given: Given) -> Field:
    """The first frames after the initial states, by steps or by stretches of the training's length.

    Raises:
        DivergedError: Values are not finite, with the first frame at which that happened.
    """
    state, found, count = u0, [], 0
    with torch.no_grad():
        while count < frames:
            if signature.time is None:
                state = advance(operator, state, given)
                block = state.values[:, None]
            else:
                answer = operator(
                    state, given, at=behind_time_of(state.domain, signature.target_domain)
                )
                block = answer.values
                state = Field(block[:, -1], state.domain)
            _require_finite(block, count, frames)
            found.append(block)
            count += block.shape[1]
    time = signature.time or signature.step
    assert time is not None
    values = torch.cat(found, dim=1)[:, :frames]
    length = frames * time.spacing
    axis = Axis(frames, 0.0, length, location="right", name="t", units=time.units)
    return Field(values, over_time(axis, u0.domain))


def _require_finite(block: Tensor, done: int, frames: int) -> None:
    good = torch.isfinite(block.flatten(2)).all(2)
    if bool(good.all()):
        return
    first = int((~good).any(0).nonzero()[0])
    bad = (~good[:, first]).nonzero()[:, 0].tolist()
    raise DivergedError(
        f"the rollout left the finite numbers at step {done + first + 1} of {frames}, in "
        f"{len(bad)} of {len(good)} functions (the first is number {bad[0]}): ask for fewer steps"
    )


def with_lead(params: Tensor | None, signature: Signature, count: int) -> Tensor | None:
    """The parameters with the lead time of one step, where the surrogate is told one."""
    step = signature.step
    if step is None or LEAD_TIME not in (v.name for v in signature.params):
        return params
    lead = torch.full((count, 1), step.spacing)
    return lead if params is None else torch.cat([params, lead.to(params)], dim=1)


def beyond(steps: int, signature: Signature, measured: int) -> list[str]:
    """One sentence where a rollout is longer than those on which the error is known.

    Args:
        steps: Steps of the rollout.
        signature: Tells the number of frames of one answer.
        measured: Steps of the rollouts that were compared with held-out samples; 0 if none were.
    """
    time = signature.time
    known = measured or (time.size if time else 1)
    if steps <= known:
        return []
    return [
        f"the error was measured on rollouts of {known} steps; what follows is an extrapolation"
    ]


def departures(trajectory: Field, limits: Limits, names: tuple[str, ...]) -> list[str]:
    """One sentence where a rollout leaves the range of the states that were trained on."""
    time, space = time_of(trajectory.domain), space_of(trajectory.domain)
    assert time is not None
    every = -(-time.size // _LOOKS)
    for number in range(every - 1, time.size, every):
        state = Field(trajectory.values[:, number], space)
        found = limits.warnings(state, names)
        if found:
            start = f"after step {number + 1} of {time.size} (t = {time.points()[number]:.4g}"
            return [f"{start}{_unit(time)}) the rollout leaves the training range: {found[0]}"]
    return []


def _unit(axis: Axis) -> str:
    return f" {axis.units}" if axis.units else ""
