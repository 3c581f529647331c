"""Samples that a solver makes while they are needed: nothing is stored, nothing is seen twice."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, Self

import torch

from fredholm.data.samples import Samples
from fredholm.data.tasks import one_step, windows
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Signature, Variable
from fredholm.operators import Operator, rollout


class Draw(Protocol):
    """Random initial states, such as `problem.sample`."""

    def __call__(self, n: int, /, *, generator: torch.Generator) -> Field: ...


@dataclass(frozen=True, eq=False)
class SimulatedSamples:
    """Steps, or windows, of trajectories that are solved anew in every epoch.

    It takes the place of `Samples` in `fit`. Trajectories are drawn with the randomness of the
    epoch, so that a run can be repeated and continued.

    Args:
        step: The stepper that makes the trajectories.
        draw: Random initial states.
        variables: Names and units of the channels of a state.
        interval: Time of one step.
        count: Samples that make an epoch.
        horizon: Steps of each trajectory.
        length: Steps of each window; 1 for pairs of neighbouring states.
        target: Device and dtype that samples are converted to.

    Raises:
        ValueError: Windows that are longer than the trajectories, or an empty epoch.
    """

    step: Operator
    draw: Draw
    variables: tuple[Variable, ...]
    interval: float
    count: int = 1000
    horizon: int = 10
    length: int = 1
    target: tuple[Any, ...] = ()
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= self.length <= self.horizon or self.count < 1:
            raise ValueError(
                f"windows of {self.length} steps need trajectories of at least as many, and an "
                f"epoch at least one of them, got {self.horizon} steps and {self.count} windows"
            )

    def __len__(self) -> int:
        return self.count

    @property
    def signature(self) -> Signature:
        """Grids and labels of both sides."""
        return self.head(1).signature

    def to(self, *target: Any) -> Self:
        """The same samples on another device or in another floating-point dtype."""
        return replace(self, target=(*self.target, target))

    def head(self, count: int) -> Samples:
        """Some samples, always the same."""
        return self._made(count, torch.Generator().manual_seed(0))

    def batches(self, size: int, *, generator: torch.Generator | None = None) -> Iterator[Samples]:
        """One epoch of new samples; without a generator always the same."""
        generator = generator or torch.Generator().manual_seed(0)
        for start in range(0, self.count, size):
            yield self._made(min(size, self.count - start), generator)

    def _made(self, count: int, generator: torch.Generator) -> Samples:
        """Windows chosen at random from as few trajectories as hold them."""
        each = self.horizon - self.length + 1
        u = self.draw(-(-count // each), generator=generator)
        with torch.no_grad():
            later = rollout(self.step, u, self.horizon, interval=self.interval)
        frames = torch.cat([u.values[:, None], later.values], dim=1)
        time = Axis(self.horizon + 1, 0.0, self.horizon * self.interval, name="t")
        targets = Field(frames, Grid.of(time, *u.grid.axes))
        whole = Samples(u, targets, self.variables, self.variables, origin=self.origin)
        cut = one_step(whole) if self.length == 1 else windows(whole, self.length)
        chosen = cut[torch.randperm(len(cut), generator=generator)[:count]]
        for target in self.target:
            chosen = chosen.to(*target)
        return chosen
