"""`fredholm solve`: one named problem, by its numerical solver or by a network."""

import argparse
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fredholm.cli import flags
from fredholm.cli.files import refuse_existing, refuse_folder
from fredholm.cli.named import add_problem_flags, problem_from, problem_in, word_behind
from fredholm.cli.output import Output, Progress, duration
from fredholm.cli.parser import Parser
from fredholm.errors import DataError, FredholmError, did_you_mean

if TYPE_CHECKING:
    from fredholm.collocation import NetworkSolution, Setup
    from fredholm.problems import Problem
    from fredholm.training import Budget, Moment

EXAMPLE = """\
  fredholm solve burgers_shock                          by the numerical solver
  fredholm solve burgers_shock --with pinn              by a network, and judged by the solver
  fredholm solve cavity --with pinn --seconds 300 -o cavity.nc
"""
SOLVER, NETWORK = "solver", "network hyper-parameters"


def parser(words: Sequence[str]) -> Parser:
    """The flags, those of the named problem and of the method included."""
    result = Parser(
        "solve",
        "PROBLEM",
        "Solve a named problem in which nothing varies, by the numerical solver that its statement "
        "calls for or by a network of its coordinates. The solution goes to a NetCDF-4 file and a "
        "picture; a network is also kept as a folder, and judged by what it was not trained on.",
        EXAMPLE,
    )
    result.add_argument("problem", metavar="PROBLEM", help="see `fredholm problems`")
    result.add_argument(
        "--with", default=SOLVER, metavar="METHOD", dest="method",
        help="solver, or a system that solves by a network: pinn, siren, pig, ... "
        "(default: solver)",
    )  # fmt: skip
    result.add_argument(
        "--at", type=flags.several(flags.positive), metavar="R",
        help="points per axis of space of what is written (default: the problem's)",
    )  # fmt: skip
    result.add_argument(
        "--tol", type=flags.number, default=1e-6, metavar="X",
        help="relative error that the numerical solver aims at (default: 1e-06)",
    )  # fmt: skip
    result.add_argument(
        "--seconds", type=flags.number, metavar="S", help="training time (default: 60)"
    )
    result.add_argument(
        "--steps", type=flags.positive, metavar="N", help="training steps, instead of seconds"
    )
    result.add_argument(
        "--derivatives", default="auto", metavar="HOW",
        help="auto, nested, jets, laplacian or stochastic (default: auto)",
    )  # fmt: skip
    result.add_argument("--soft", action="store_true", help="leave all conditions to the loss")
    result.add_argument("--seed", type=flags.seed, default=0, metavar="S", help="(default: 0)")
    result.add_argument(
        "-o", "--output", metavar="FILE.nc", help="file to make (default: PROBLEM-METHOD.nc)"
    )
    result.add_argument("--overwrite", action="store_true", help="replace what exists")
    result.add_argument("--json", action="store_true", help="end with one line of JSON")
    key, method = problem_in(words), word_behind("--with", words)
    if key is not None:
        add_problem_flags(result, key)
    if method not in (None, SOLVER):
        flags.add_flags(result, NETWORK, _method(method).setup)
    return result


def run(words: Sequence[str]) -> int:
    """Solves, writes, and says what can be believed."""
    args = parser(words).parse(words)
    output = Output(args.json)
    problem = problem_from(args.problem, args)
    if problem.varies:
        raise FredholmError(
            f"{problem.key!r} is a family in which {', '.join(problem.varies)} vary: solve many of "
            f"it by `fredholm generate {problem.key}`, or learn it by `fredholm fit {problem.key}`"
        )
    path = Path(args.output or f"{args.problem}-{args.method}.nc")
    if path.suffix != ".nc":
        raise DataError(f"solutions are written to NetCDF files, FILE.nc, got {path}")
    refuse_existing(path, args.overwrite)
    if args.method == SOLVER:
        return _numerically(problem, args, path, output)
    return _by_network(problem, args, path, output, shlex.join(["fredholm", "solve", *words]))


def _numerically(problem: "Problem", args: argparse.Namespace, path: Path, output: Output) -> int:
    from fredholm.collocation.verdict import comparison_grid
    from fredholm.surrogates import Prediction

    if not args.tol > 0:
        raise ValueError(f"--tol is a positive number, got {args.tol:g}")
    output.note(f"solving {problem.key} to a relative error of {args.tol:g}")
    began = time.monotonic()
    solution = problem.solve(at=comparison_grid(_resized(problem, args)), tol=args.tol)
    seconds = time.monotonic() - began
    error = float(solution.error.max())
    answer = Prediction(solution.field, problem.target_variables, expected_error=error)
    picture = _write(answer, problem, path)
    output.show(
        f"{problem.title}: {solution.method}\n"
        f"estimated relative L2 error {error:.1e}; {duration(seconds)}\n"
        f"solution: {path}    picture: {picture}"
    )
    facts = {"error": error, "method": solution.method, "seconds": round(seconds, 3)}
    output.result({"problem": problem.key, "file": str(path), **facts})
    return 0


def _by_network(
    problem: "Problem", args: argparse.Namespace, path: Path, output: Output, command: str
) -> int:
    from fredholm.collocation import solve_by_network
    from fredholm.collocation.verdict import comparison_grid

    setup, folder = _setup(problem, args), path.with_suffix("")
    if folder.exists() and not args.overwrite:
        raise DataError(f"{folder} exists; choose another --output, or add --overwrite")
    refuse_folder(folder)
    output.note(f"solving {problem.key} by {args.method}, {_budget(args)}")
    with output.progress("training") as progress:
        found = solve_by_network(
            problem, setup, budget=_budget(args), seed=args.seed, watch=_watching(progress)
        )
    picture = _write(found.predict(comparison_grid(_resized(problem, args))), problem, path)
    found.save(folder)
    _tell(found, output, path, picture, folder)
    output.result(
        {
            "problem": problem.key,
            "method": args.method,
            "command": command,
            "file": str(path),
            "folder": str(folder),
            "seconds": found.record.seconds,
            "parameters": found.record.parameters,
            "verdict": found.verdict.to_json(),
        }
    )
    return 0


def _tell(
    found: "NetworkSolution", output: Output, path: Path, picture: Path, folder: Path
) -> None:
    trial, record = found.trial, found.record
    output.show(f"{trial.problem.title}\n\ntrial functions:")
    for line in str(trial.ansatz).splitlines():
        output.show(f"  {line}")
    output.show(
        f"\n{record.parameters} parameters, {record.steps} steps, {duration(record.seconds)}\n"
        f"{found.verdict.sentence}\n"
        f"solution: {path}    picture: {picture}    network: {folder}"
    )


def _setup(problem: "Problem", args: argparse.Namespace) -> "Setup":
    from dataclasses import replace

    chosen = flags.chosen(args, NETWORK)
    setup = _method(args.method).setup(problem, **chosen)  # type: ignore[misc]
    return replace(setup, derivatives=args.derivatives, hard=setup.hard and not args.soft)


def _method(name: str | None) -> Any:
    """The card of a system that solves a statement by a network.

    Raises:
        FredholmError: There is none of this name.
    """
    from fredholm.systems import card, keys

    able = [SOLVER, *(key for key in keys() if card(key).setup is not None)]
    if name not in able:
        raise FredholmError(f"nothing solves by {name!r}: {did_you_mean(str(name), able)}")
    return card(name)


def _budget(args: argparse.Namespace) -> "Budget":
    from fredholm.training import Budget

    if args.steps and args.seconds:
        raise ValueError("a budget is --seconds or --steps, not both")
    return Budget(steps=args.steps) if args.steps else Budget(seconds=args.seconds or 60.0)


def _watching(progress: Progress) -> "Callable[[Moment, float], None]":
    return lambda moment, spent: progress.advance(spent, f"loss {moment.loss:.2e}")


def _resized(problem: "Problem", args: argparse.Namespace) -> "Problem":
    from dataclasses import replace

    if args.at is None:
        return problem
    shape = args.at[0] if len(args.at) == 1 else args.at
    return replace(problem, domain=problem.grid(shape))


def _write(answer: Any, problem: "Problem", path: Path) -> Path:
    """The file and the picture of a solution."""
    from fredholm.benchmarks import draw_solution
    from fredholm.training import write_atomically

    picture = path.with_suffix(".png")
    dataset = answer.to_xarray()
    write_atomically(path, lambda partial: dataset.to_netcdf(partial, engine="h5netcdf"))
    draw_solution(answer, problem, picture)
    return picture
