"""Inputs of a problem without solutions: what a residual is trained on."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

import torch

from fredholm.data.samples import Samples
from fredholm.domains import Grid
from fredholm.fields import Field, Signature
from fredholm.problems import Problem


@dataclass(frozen=True, eq=False)
class DrawnSamples:
    """Inputs drawn anew in every epoch from what varies in a problem; nothing is solved.

    It takes the place of `Samples` in `fit`. The targets have no channels: only their domain is
    known, and an objective that compares with them refuses.

    Args:
        problem: What the inputs belong to.
        grid: Spatial grid of the inputs.
        at: Where answers are wanted; by default the problem's targets for inputs on `grid`.
        count: Samples that make an epoch.
        target: Device and dtype that samples are converted to.

    Raises:
        ValueError: An empty epoch.
    """

    problem: Problem
    grid: Grid
    at: Grid | None = None
    count: int = 1000
    target: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if self.count < 1:
            raise ValueError(f"an epoch has at least one sample, got {self.count}")

    def __len__(self) -> int:
        return self.count

    @property
    def signature(self) -> Signature:
        """Grids and labels of both sides."""
        problem = self.problem
        return Signature(
            self.grid, self.target_grid, problem.input_variables, problem.target_variables
        )

    @property
    def target_grid(self) -> Grid:
        """Where answers are wanted."""
        return self.problem.target_grid(self.grid) if self.at is None else self.at

    @property
    def origin(self) -> Mapping[str, Any]:
        """Where the samples come from, as plain JSON."""
        return {"problem": self.problem.key, "solver": None}

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
        inputs = self.problem.sample(count, self.grid, generator=generator)
        nothing = inputs.values.new_zeros(count, *self.target_grid.shape, 0)
        labels = self.problem.input_variables
        made = Samples(inputs, Field(nothing, self.target_grid), labels, (), origin=self.origin)
        for target in self.target:
            made = made.to(*target)
        return made
