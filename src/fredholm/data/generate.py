"""Data sets made by the reference solvers, larger than memory and restartable."""

from collections.abc import Callable, Sequence
from pathlib import Path

from fredholm.data.batches import Batch, batches
from fredholm.data.netcdf import sample_writer
from fredholm.data.samples import Samples
from fredholm.data.source import joined
from fredholm.data.writer import Writer, refuse_existing
from fredholm.errors import Interrupted
from fredholm.problems import Problem

_CHUNK, _CHUNK_BYTES = 32, 2**27


def generate(
    problem: Problem,
    n: int,
    *,
    path: str | Path,
    resolution: int | Sequence[int] | None = None,
    size: float | None = None,
    seed: int = 0,
    tol: float | None = None,
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
        size: Where shapes vary, the length of the edges of meshes; by default the problem's.
        seed: Selects the draws.
        tol: Relative error that the solver aims at; by default the problem's.
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
    make = batches(problem, seed, resolution=resolution, size=size, tol=tol)
    first = make(0, 1)
    chunk = chunk or _chunk(first, n)
    template = make.labelled(first, n=n, chunk=chunk)
    with sample_writer(path, template, n, overwrite=overwrite) as writer:
        _fill(writer, make, chunk, progress or (lambda done, total: None))
    return writer.path


def _fill(
    writer: Writer,
    make: Batch,
    chunk: int,
    progress: Callable[[int, int], None],
) -> None:
    n = writer.total
    try:
        progress(writer.done, n)
        while writer.done < n:
            writer.append(make(writer.done, min(writer.done + chunk, n)))
            progress(writer.done, n)
    except KeyboardInterrupt as stopped:
        kept = f"kept in {writer.partial}; repeat the call to go on"
        raise Interrupted(
            f"stopped after {writer.done} of {n} samples, {kept if writer.done else 'none is kept'}"
        ) from stopped


def solved(
    problem: Problem,
    n: int,
    *,
    seed: int = 0,
    resolution: int | Sequence[int] | None = None,
    size: float | None = None,
    tol: float | None = None,
) -> Samples:
    """n solved samples of a problem in memory; `generate` writes the same to a file.

    Args:
        problem: What is solved.
        n: Number of samples; sample i is drawn from (seed, i) alone.
        seed: Selects the draws.
        resolution: Points per axis of space; by default those of the problem.
        size: Where shapes vary, the length of the edges of meshes; by default the problem's. The
            same seed gives the same shapes and functions for every size.
        tol: Relative error that the solver aims at; by default the problem's.

    Raises:
        DivergedError: A solution left the finite numbers.
        ValueError: n below one.
    """
    if n < 1:
        raise ValueError(f"n is at least one, got {n}")
    make = batches(problem, seed, resolution=resolution, size=size, tol=tol)
    first = make(0, 1)
    chunk = _chunk(first, n)
    parts = [first, *(make(i, min(i + chunk, n)) for i in range(1, n, chunk))]
    return make.labelled(joined(parts), n=n, chunk=chunk)


def _chunk(first: Samples, n: int) -> int:
    """Samples that are solved together."""
    bytes_each = 8 * max(first.targets.values.numel(), first.inputs.values.numel())
    return max(1, min(_CHUNK, n, _CHUNK_BYTES // bytes_each))
