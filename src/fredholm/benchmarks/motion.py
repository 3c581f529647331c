"""The forecasts that a report looks at: how the surrogate moves, beside how it should."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.equations import Expression, Unknown, from_json
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.metrics import drift, relative_l2
from fredholm.metrics.frames import time_axis
from fredholm.surrogates import Surrogate
from fredholm.surrogates.evaluation import apply
from fredholm.surrogates.rolling import rolled

_LARGEST, _FEWEST = 2**24, 8
"""Values of the trajectories that are looked at, as long as these are at least eight."""


@dataclass(frozen=True, eq=False)
class Motion:
    """Trajectories that were forecast from a given state.

    Args:
        samples: The given states and the true trajectories.
        predicted: What the surrogate answers.
        start: The given states, where they are states of the trajectory: what persistence repeats.
        repeated: The surrogate is a step, and the forecasts are made by repeating it.
        total: Number of test samples of which these are the first.
    """

    samples: Samples
    predicted: Field
    start: Field | None
    repeated: bool
    total: int

    @property
    def truth(self) -> Field:
        """The true trajectories."""
        return self.samples.targets

    @property
    def time(self) -> Axis:
        """Times of the forecasts."""
        return time_axis(self.truth)

    @property
    def errors(self) -> Float[Tensor, "n"]:
        """Relative L2 error of each whole trajectory."""
        return relative_l2(self.predicted, self.truth)

    @property
    def persistence(self) -> Field | None:
        """The given state at all times, the forecast that needs no model."""
        if self.start is None:
            return None
        values = self.start.values[:, None].expand_as(self.truth.values)
        return self.truth.with_values(values)


def motion(surrogate: Surrogate, samples: Samples) -> Motion | None:
    """The forecasts for some test samples; None where the targets do not move in space.

    Args:
        surrogate: What answers; where it makes single steps, they are repeated.
        samples: Test samples in the view that the surrogate was evaluated on.
    """
    if not isinstance(samples.targets.domain, Grid):
        return None  # scattered points have no films yet; their times are in the pictures
    names = samples.targets.grid.names
    if names[0] != "t" or len(names) < 2 or "t" in samples.inputs.grid.names:
        return None
    total, size = len(samples), samples.targets.values[0].numel()
    samples = samples[: max(_LARGEST // size, _FEWEST)].to("cpu")
    start = samples.inputs if _is_state(samples) else None
    repeated = surrogate.signature.time is None
    return Motion(samples, answers(surrogate, samples), start, repeated, total)


def answers(surrogate: Surrogate, samples: Samples) -> Field:
    """What a surrogate answers on the domain of the targets, on the CPU."""
    place = next(iter(surrogate.operator.state_dict().values()), torch.empty(0))
    operator = rolled(surrogate.operator, surrogate.signature, samples.targets.domain)
    return apply(operator, samples.to(place.device, place.dtype)).to("cpu")


def _is_state(samples: Samples) -> bool:
    """Whether the inputs are the same quantities as the targets, in the same places."""
    places = samples.inputs.grid.axes == samples.targets.grid.axes[1:]
    return places and samples.input_variables == samples.target_variables


def drifts(moving: Motion) -> Iterator[tuple[str, dict[str, Float[Tensor, "n"]]]]:
    """What should stay constant, and by which part it has changed in the end.

    The problem that made the samples tells what is conserved; nothing comes for other samples, or
    for a density that needs more than the state and the stated parameters.
    """
    known = moving.samples.origin.get("conserved") or {}
    values = _parameters(moving.samples)
    names = tuple(variable.name for variable in moving.samples.target_variables)
    for name, stated in known.items():
        density = _density(stated, names)
        if density is None:
            continue
        try:
            found = {
                who: drift(u, density, names=names, values=values, start=moving.start)[:, -1].abs()
                for who, u in (("surrogate", moving.predicted), ("truth", moving.truth))
            }
        except EquationError:
            continue
        yield name, found


def _parameters(samples: Samples) -> dict[str, float]:
    stated: Mapping = samples.origin.get("parameters") or {}
    return {k: float(v) for k, v in stated.items() if isinstance(v, int | float)}


def _density(stated: object, names: tuple[str, ...]) -> Expression | None:
    """An expression that is stored as a tree, or the name of a channel."""
    if isinstance(stated, Mapping) and "tree" in stated:
        return from_json(stated["tree"])
    return Unknown(stated) if isinstance(stated, str) and stated in names else None
