"""Samples of a problem, drawn and solved together: on a grid, or on meshes of random shapes."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from fredholm.data.samples import Samples
from fredholm.domains import Grid
from fredholm.errors import DivergedError
from fredholm.fields import Field, batched
from fredholm.problems import Problem
from fredholm.solvers.solution import Solution


@dataclass(frozen=True)
class Batch(ABC):
    """Draws and solves samples start ... stop-1 of a seed.

    Args:
        problem: What is solved.
        seed: Selects the draws.
        tol: Relative error that the solver aims at.
    """

    problem: Problem
    seed: int
    tol: float

    @abstractmethod
    def solve(self, start: int, stop: int) -> tuple[Field, Solution]:
        """Inputs and their solutions, solved together."""

    @abstractmethod
    def where(self) -> dict[str, Any]:
        """What the call says of grids or meshes."""

    def __call__(self, start: int, stop: int) -> Samples:
        """The samples, solved together.

        Raises:
            DivergedError: A solution left the finite numbers.
        """
        problem = self.problem
        inputs, solution = self.solve(start, stop)
        finite = torch.isfinite(solution.field.values).flatten(1).all(1)
        if not bool(finite.all()):
            number = start + int((~finite).nonzero()[0])
            raise DivergedError(
                f"the solution of sample {number} of {problem.key!r} (seed {self.seed}) is not "
                "finite: use a finer resolution or a smaller tolerance"
            )
        return Samples(
            inputs,
            solution.field,
            problem.input_variables,
            problem.target_variables,
            origin=problem.origin(tol=self.tol, solution=solution),
            error=solution.error.to(torch.float64),
        )

    def labelled(self, samples: Samples, *, n: int, chunk: int) -> Samples:
        """The samples with the whole call in their provenance."""
        origin = dict(samples.origin)
        equations = origin.get("equations", {}).values()
        call = {"n": n, **self.where(), "seed": self.seed, "tol": self.tol}
        told = ", ".join(f"{name}={value}" for name, value in call.items())
        origin |= {
            "equation": "; ".join(equation["text"] for equation in equations),
            "seed": self.seed,
            **self.where(),
            "chunk": chunk,
            "history": f"fredholm.data.generate({self.problem.key!r}, {told})",
        }
        return replace(samples, origin=origin)


@dataclass(frozen=True)
class GridBatch(Batch):
    """Samples on a grid.

    Args:
        grid: Spatial grid of the inputs.
    """

    grid: Grid

    def solve(self, start: int, stop: int) -> tuple[Field, Solution]:
        problem = self.problem
        fine = problem.solving_grid(self.grid)
        drawn_on = problem.domain if problem.warmup else fine
        draws = [
            problem.draw(1, drawn_on, generator=generator_of(self.seed, i)).values
            for i in range(start, stop)
        ]
        resolved = Field(torch.cat(draws), drawn_on)
        if problem.warmup:
            resolved = problem.warmed(resolved, at=fine)
        solution = problem.solve(resolved, at=problem.target_grid(self.grid), tol=self.tol)
        return resolved.at(self.grid, method="nearest"), solution

    def where(self) -> dict[str, Any]:
        return {"resolution": list(self.grid.shape)}


@dataclass(frozen=True)
class ShapeBatch(Batch):
    """Samples on meshes of random shapes.

    Args:
        size: Length of the edges.
    """

    size: float

    def solve(self, start: int, stop: int) -> tuple[Field, Solution]:
        draws = [
            self.problem.sample(1, size=self.size, generator=generator_of(self.seed, i))
            for i in range(start, stop)
        ]
        inputs = batched(draws)
        return inputs, self.problem.solve(inputs, tol=self.tol)

    def where(self) -> dict[str, Any]:
        return {"size": self.size}


def batches(
    problem: Problem,
    seed: int,
    *,
    resolution: int | Sequence[int] | None = None,
    size: float | None = None,
    tol: float | None = None,
) -> Batch:
    """What draws and solves the samples of a problem, on grids or on shapes.

    Raises:
        ValueError: A size for a problem on grids, or a resolution for one on shapes.
    """
    tol = problem.tolerance if tol is None else tol
    if problem.shapes is None:
        if size is not None:
            raise ValueError(f"{problem.key!r} lives on grids: give a resolution, not a size")
        return GridBatch(problem, seed, tol, problem.grid(resolution))
    if resolution is not None:
        raise ValueError(
            f"{problem.key!r} lives on meshes of shapes, which have a length of edges and no "
            "resolution"
        )
    return ShapeBatch(problem, seed, tol, problem.edge_length if size is None else size)


def generator_of(seed: int, number: int) -> torch.Generator:
    """The source of randomness of one sample: a hash, so that neighbours are unrelated."""
    digest = hashlib.sha256(f"{seed}/{number}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") % 2**63)
