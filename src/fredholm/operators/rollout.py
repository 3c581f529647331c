"""Steps repeated: trajectories from anything that maps a state to the next state."""

from collections.abc import Callable, Iterator

import torch

from fredholm.domains import Axis, Domain, over_time
from fredholm.errors import DivergedError
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators.operator import Operator

Step = Operator | Callable[[Field], Field]
"""A numerical stepper, a trained operator, a wrapper of one, or any function of a state."""


def states(step: Step, u0: Field, n: int, given: Given = NOTHING) -> Iterator[Field]:
    """The states after 1, 2, ..., n steps, one at a time.

    Args:
        step: Maps a state to the next one. An operator is told `given`; a plain function is not.
        u0: Initial states.
        n: Number of steps.
        given: Conditions that hold for all steps.

    Raises:
        ValueError: A negative number of steps, conditions for a function that takes none, or a
            step that changes the number of functions or channels.
    """
    if n < 0:
        raise ValueError(f"the number of steps is not negative, got {n}")
    if not isinstance(u0, Field):
        raise ValueError(
            f"a rollout begins with functions, Field(values, grid), got {type(u0).__name__}"
        )
    state = u0
    for _ in range(n):
        state = advance(step, state, given)
        yield state


def advance(step: Step, state: Field, given: Given = NOTHING) -> Field:
    """The next state.

    Raises:
        ValueError: As in `states`.
    """
    if isinstance(step, Operator):
        following = step(state, given)
    else:
        given.only()
        following = step(state)
    if not isinstance(following, Field):
        raise ValueError(f"a step returns a Field, this one returned {type(following).__name__}")
    if (len(following), following.channels) != (len(state), state.channels):
        raise ValueError(
            f"a step keeps the number of functions and channels: {len(state)} and "
            f"{state.channels} went in, {len(following)} and {following.channels} came out"
        )
    return following


def rollout(
    step: Step,
    u0: Field,
    n: int,
    given: Given = NOTHING,
    *,
    interval: float = 1.0,
    units: str = "",
    every: int = 1,
    keep_diverged: bool = False,
) -> Field:
    """The trajectory that n steps make.

    Args:
        step: Maps a state to the next one.
        u0: Initial states on a spatial grid.
        n: Number of steps.
        given: Conditions that hold for all steps.
        interval: Time of one step, for the time axis.
        units: Units of time.
        every: Keeps each so many steps' state; n is a multiple of it.
        keep_diverged: Go on where values are no longer finite, so that the other functions of the
            batch are finished; the metrics count such a trajectory as a failure.

    Shapes:
        Field (batch, *points, c) -> Field (batch, n / every, *points, c) on (t, *space). The
        initial state is not among the frames: it stands at the start of the time axis, t = 0.

    Raises:
        DivergedError: Values are not finite, with the first step at which that happened.
        ValueError: No steps, or a number of them that is no multiple of `every`.
    """
    if n < 1 or every < 1 or n % every:
        raise ValueError(f"a rollout has a multiple of {every} steps, at least one, got {n}")
    frames = []
    for number, state in enumerate(states(step, u0, n, given), start=1):
        if not keep_diverged:
            _require_finite(state, number, n)
        if number % every == 0:
            frames.append(state.values)
            domain = state.domain
    time = Axis(n // every, 0.0, n * interval, location="right", name="t", units=units)
    return Field(torch.stack(frames, dim=1), over_time(time, domain))


def _require_finite(state: Field, number: int, n: int) -> None:
    bad = ~torch.isfinite(state.values.detach().flatten(1)).all(1)
    if bool(bad.any()):
        raise DivergedError(
            f"the rollout left the finite numbers at step {number} of {n}, in {int(bad.sum())} of "
            f"{len(bad)} functions (the first is number {int(bad.nonzero()[0])})"
        )


class Repeated(Operator):
    """A step that consists of n steps of another.

    Args:
        step: Maps a state to the next one.
        n: How often it is applied.
    """

    def __init__(self, step: Operator, n: int) -> None:
        super().__init__()
        if n < 1:
            raise ValueError(f"a step is repeated at least once, got {n}")
        self.step = step
        self.n = n

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        *_, last = states(self.step, u, self.n, given)
        return last if at is None else last.at(at)


class Function(Operator):
    """A plain function of a state as an operator, so that it can stand wherever one can.

    It is not stored with a surrogate.

    Args:
        function: Maps a state to the next one.
    """

    def __init__(self, function: Callable[[Field], Field]) -> None:
        super().__init__()
        self.function = function

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only()
        image = self.function(u)
        return image if at is None else image.at(at)


def repeat(step: Step, n: int) -> Operator:
    """A step that consists of n steps: `rollout(repeat(f, 10), u0, 5)` makes fifty of f.

    Raises:
        ValueError: n is below one.
    """
    return Repeated(step if isinstance(step, Operator) else Function(step), n)
