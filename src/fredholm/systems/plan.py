"""How samples are seen in training: as they are, as forecasts, as steps, or as pairs of times."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data import Samples, StreamedSamples, forecast, one_step, pairs, windows
from fredholm.errors import FredholmError
from fredholm.fields import Field
from fredholm.metrics import error_curve, relative_l2
from fredholm.metrics.frames import time_axis
from fredholm.objectives import Chain, Noisy, Objective
from fredholm.operators import Operator, rollout
from fredholm.training import Measure, errors

Trajectory = Literal["auto", "unrolled", "direct", "step", "pairs"]
View = Callable[[Samples], Samples]

_DIRECT = 32
"""Most frames that are answered at once unless the user says so; longer trajectories are made of
steps, which can be continued beyond the last of them."""
_ROLLED = 64
"""Steps of the rollouts that choose the weights of a step and measure its error, at most."""


@dataclass(frozen=True)
class Plan:
    """What an operator is trained and judged on.

    Args:
        kind: How trajectories are made; `"direct"` where the samples are none.
        objective: What is minimised.
        view: What training sees of the samples.
        held_out: What is seen of the samples that choose the weights.
        measure: The errors that choose them.
    """

    kind: Trajectory
    objective: Objective
    view: View
    held_out: View
    measure: Measure

    def growth(self, operator: Operator, held_out: Samples) -> tuple[float, ...]:
        """The median error after each step of rollouts on held-out windows; empty for others."""
        if self.kind != "step":
            return ()
        place = next(operator.parameters(), torch.empty(0))
        held_out = held_out.to(place.device, place.dtype)
        with torch.no_grad():
            curve = error_curve(_rolled(operator, held_out), held_out.targets).median(0).values
        known = curve[torch.isfinite(curve).cumprod(0).bool()]
        return tuple(float(f"{value:.4g}") for value in known.tolist())


def plan(
    head: Samples,
    trajectory: Trajectory,
    objective: Objective,
    *,
    chain: Chain | None = None,
    noise: float = 0.0,
    view: View | None = None,
) -> Plan:
    """The plan for samples like these.

    Args:
        head: One sample or more, as stored.
        trajectory: How trajectories are made.
        objective: What the system minimises on single answers.
        chain: How steps are trained for their rollouts.
        noise: Size of the noise on the inputs of steps.
        view: How the system sees trajectories, where none of the usual ways is its own.

    Raises:
        FredholmError: The choices contradict each other or the samples.
    """
    if trajectory not in get_args(Trajectory):
        raise FredholmError(f"trajectory is one of {get_args(Trajectory)}, got {trajectory!r}")
    if view is not None:
        if trajectory not in ("auto", "direct") or chain or noise:
            raise FredholmError(
                "this system sees trajectories in a way of its own: train it without chains and "
                "noise, and leave trajectory='auto'"
            )
        return Plan("direct", objective, view, view, errors)
    following = forecast(head)
    moving = following is not head and following.signature.time is not None
    if trajectory == "auto":
        size = time_axis(following.targets).size if moving else 0
        trajectory = "step" if size > _DIRECT or moving and (chain or noise) else "direct"
    if chain and trajectory != "step" or noise and trajectory not in ("step", "pairs"):
        raise FredholmError("chains and noise train steps: use trajectory='step'")
    if chain:
        objective = _along(objective, chain)
    if noise:
        objective = Noisy(objective, noise)
    if trajectory == "pairs":
        return Plan(trajectory, objective, pairs, pairs, errors)
    if trajectory == "step":
        one_step(head)  # refuses samples that are no trajectories
        return _steps(time_axis(following.targets).size, objective, chain)
    if trajectory == "unrolled" and not following.signature.state_to_state:
        raise FredholmError(
            "steps can be repeated only where the targets are the same quantities as the inputs: "
            "use trajectory='direct'"
        )
    return Plan(trajectory, objective, forecast, forecast, errors)


def _along(objective: Objective, chain: Chain) -> Objective:
    """What a system minimises, its distances to known targets along a chain.

    Raises:
        FredholmError: It has no such distance.
    """
    found = objective.along(chain)
    if found == objective != chain:
        raise FredholmError(
            f"a chain of steps takes the place of a distance to known targets, and {objective}, "
            "which this system minimises, holds none: train single steps, or give a distance as "
            "the objective, relative-l2 for instance"
        )
    return found


def _steps(longest: int, objective: Objective, chain: Chain | None) -> Plan:
    """Steps, or windows for a chain; the weights are chosen by rollouts."""
    view: View = one_step
    if chain is not None:
        if chain.window > longest:
            raise FredholmError(
                f"a chain of {chain.window} steps does not fit trajectories of {longest} steps"
            )
        length = chain.window
        view = lambda samples: windows(samples, length)  # noqa: E731
    rolled = min(_ROLLED, longest)

    def held_out(samples: Samples) -> Samples:
        return windows(samples, rolled, stride=rolled)

    return Plan("step", objective, view, held_out, _rollout_errors)


def seen(samples: Samples | StreamedSamples, view: View) -> Samples | StreamedSamples:
    """Samples, in memory or streamed, through a view."""
    return samples.mapped(view) if isinstance(samples, StreamedSamples) else view(samples)


def _rollout_errors(step: Operator, samples: Samples) -> Float[Tensor, "batch"]:
    """Relative L2 errors of whole rollouts over the windows."""
    return relative_l2(_rolled(step, samples), samples.targets)


def _rolled(step: Operator, samples: Samples) -> Field:
    frames = samples.targets.values.shape[1]
    found = rollout(step, samples.inputs, frames, samples.given, keep_diverged=True)
    return Field(found.values, samples.targets.domain)
