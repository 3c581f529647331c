"""`fredholm generate`: solve a named problem many times and write the samples to a file."""

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from fredholm.cli import flags
from fredholm.cli.files import refuse_existing
from fredholm.cli.named import add_problem_flags, problem_from, problem_in
from fredholm.cli.output import Output, Progress, duration
from fredholm.cli.parser import Parser
from fredholm.errors import FredholmError

EXAMPLE = """\
  fredholm generate darcy -n 1000 --resolution 64 --seed 1 -o train.nc
  fredholm generate burgers --help            the parameters of one problem
"""


def parser(words: Sequence[str]) -> Parser:
    """The flags, those of the named problem included."""
    result = Parser(
        "generate",
        "PROBLEM",
        "Solve a named problem for random inputs and write the samples to a NetCDF-4 file. A call "
        "that was interrupted goes on where it stopped when it is repeated.",
        EXAMPLE,
    )
    result.add_argument("problem", metavar="PROBLEM", help="see `fredholm problems`")
    result.add_argument(
        "-n", "--samples", type=flags.positive, default=100, metavar="N", dest="n",
        help="number of samples (default: 100)",
    )  # fmt: skip
    result.add_argument(
        "--resolution", type=flags.several(flags.positive), metavar="R",
        help="points per axis, one number or one per axis: 64,32 (default: the problem's)",
    )  # fmt: skip
    result.add_argument(
        "--seed", type=flags.seed, default=0, metavar="S", help="selects the draws (default: 0)"
    )
    result.add_argument(
        "-o", "--output", metavar="FILE.nc", help="file to make (default: PROBLEM.nc)"
    )
    result.add_argument(
        "--tol", type=flags.number, metavar="X",
        help="relative error that the solver aims at (default: the problem's)",
    )  # fmt: skip
    result.add_argument("--overwrite", action="store_true", help="replace an existing file")
    result.add_argument("--json", action="store_true", help="end with one line of JSON")
    key = problem_in(words)
    if key is not None:
        add_problem_flags(result, key)
    return result


def run(words: Sequence[str]) -> int:
    """Generates and tells what to do next."""
    args = parser(words).parse(words)
    output = Output(args.json)
    path = Path(args.output or f"{args.problem}.nc")
    began = time.monotonic()
    make_samples(args, path, output, n=args.n, seed=args.seed)
    _tell(args, path, time.monotonic() - began, output)
    return 0


def make_samples(
    args: argparse.Namespace, path: Path, output: Output, *, n: int, seed: int
) -> None:
    """Writes samples of the problem that the arguments describe.

    Raises:
        FredholmError: The problem is unknown or cannot be solved, or the file cannot be written.
        ValueError: A parameter is impossible.
    """
    from fredholm.data import generate

    problem = problem_from(args.problem, args)
    if args.tol is not None and not args.tol > 0:
        raise ValueError(f"--tol is a positive number, got {args.tol:g}")
    if not problem.random:
        raise FredholmError(
            f"nothing varies in {problem.key!r}, so there is one solution and not many: "
            f"`fredholm solve {problem.key}` gives it"
        )
    refuse_existing(path, args.overwrite)
    with output.progress(f"solving {problem.key}") as progress:
        generate(
            problem,
            n,
            path=path,
            resolution=resolution(args),
            seed=seed,
            tol=args.tol,
            overwrite=args.overwrite,
            progress=_watching(progress),
        )


def resolution(args: argparse.Namespace) -> int | tuple[int, ...] | None:
    """The points per axis that were asked for, if any."""
    given = args.resolution
    return given[0] if given is not None and len(given) == 1 else given


def _watching(progress: Progress) -> Callable[[int, int], None]:
    """Reports counts of samples; the first call says where an interrupted call had come to."""
    calls = iter([progress.resume])

    def watch(done: int, total: int) -> None:
        next(calls, progress.advance)(done / total)

    return watch


def _tell(args: argparse.Namespace, path: Path, seconds: float, output: Output) -> None:
    from fredholm.data import describe, read

    samples = read(path)
    error = None if samples.error is None else float(samples.error.mean())
    output.show(describe(samples))
    solved = f"Solved in {duration(seconds)}"
    output.show(solved if error is None else f"{solved}, mean estimated error {error:.1e}.")
    output.show(f"Next: fredholm check {path}    or: fredholm fit {path}")
    output.result(
        {"file": str(path), "samples": len(samples), "error": error, "seconds": round(seconds, 3)}
    )
