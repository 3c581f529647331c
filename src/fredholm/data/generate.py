"""Data sets made by the reference solvers, larger than memory and restartable."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from fredholm.data.netcdf import SampleWriter, refuse_existing
from fredholm.data.samples import Samples
from fredholm.domains import Grid
from fredholm.errors import DivergedError, Interrupted
from fredholm.fields import Field
from fredholm.problems import Problem

_CHUNK, _CHUNK_BYTES = 32, 2**27


def generate(
    problem: Problem,
    n: int,
    *,
    path: str | Path,
    resolution: int | Sequence[int] | None = None,
    seed: int = 0,
    tol: float = 1e-6,
    chunk: int | None = None,
    overwrite: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Writes n solved samples of a problem to a NetCDF-4 file.

    Sample i is drawn from (seed, i) alone. A call that was interrupted goes on where it stopped
    when it is repeated, and ends with the same file as one that was not.

    Args:
        problem: What is solved.
        n: Number of samples.
        path: The file to make.
        resolution: Points per axis of space; by default those of the problem.
        seed: Selects the draws.
        tol: Relative error that the solver aims at.
        chunk: Samples solved together: what an interruption costs at most.
        overwrite: Replace an existing file.
        progress: Called with the number of samples done, and n, at the start and after each chunk.

    Raises:
        DataError: The file exists or cannot be written.
        DivergedError: A solution left the finite numbers.
        Interrupted: Ctrl-C; what was done is kept.
        ValueError: n or chunk below one.
    """
    if n < 1 or (chunk is not None and chunk < 1):
        raise ValueError(f"n and chunk are at least one, got {n} and {chunk}")
    refuse_existing(Path(path), overwrite)
    make = Batch(problem, problem.grid(resolution), seed, tol)
    first = make(0, 1)
    size = 8 * max(first.targets.values.numel(), first.inputs.values.numel())
    chunk = chunk or max(1, min(_CHUNK, n, _CHUNK_BYTES // size))
    template = make.labelled(first, n=n, chunk=chunk)
    with SampleWriter(path, template, n, overwrite=overwrite) as writer:
        _fill(writer, make, chunk, progress or (lambda done, total: None))
    return writer.path


def _fill(
    writer: SampleWriter, make: "Batch", chunk: int, progress: Callable[[int, int], None]
) -> None:
    n = writer.total
    try:
        progress(writer.done, n)
        while writer.done < n:
            writer.append(make(writer.done, min(writer.done + chunk, n)))
            progress(writer.done, n)
    except KeyboardInterrupt as stopped:
        raise Interrupted(
            f"stopped after {writer.done} of {n} samples, kept in {writer.partial}; "
            "repeat the call to go on"
        ) from stopped


@dataclass(frozen=True)
class Batch:
    """Draws and solves samples start ... stop-1 of a seed.

    Args:
        problem: What is solved.
        grid: Spatial grid of the inputs.
        seed: Selects the draws.
        tol: Relative error that the solver aims at.
    """

    problem: Problem
    grid: Grid
    seed: int
    tol: float

    def __call__(self, start: int, stop: int) -> Samples:
        """The samples, solved together.

        Raises:
            DivergedError: A solution left the finite numbers.
        """
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
        inputs = resolved.at(self.grid, method="nearest")
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
        call = {"n": n, "resolution": list(self.grid.shape), "seed": self.seed, "tol": self.tol}
        told = ", ".join(f"{name}={value}" for name, value in call.items())
        origin |= {
            "equation": "; ".join(equation["text"] for equation in equations),
            "seed": self.seed,
            "resolution": list(self.grid.shape),
            "chunk": chunk,
            "history": f"fredholm.data.generate({self.problem.key!r}, {told})",
        }
        return replace(samples, origin=origin)


def generator_of(seed: int, number: int) -> torch.Generator:
    """The source of randomness of one sample: a hash, so that neighbours are unrelated."""
    digest = hashlib.sha256(f"{seed}/{number}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") % 2**63)
