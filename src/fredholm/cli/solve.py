"""`fredholm solve`: one named problem, by its numerical solver or by a network."""

import argparse
import math
import shlex
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fredholm.cli import runs
from fredholm.cli.files import write_dataset
from fredholm.cli.named import problem_from, problem_parameters
from fredholm.cli.output import Output, Progress, duration
from fredholm.cli.problems import statement
from fredholm.cli.solve_flags import SOLVER, hyper_parameters, method, parser
from fredholm.errors import DataError, FredholmError

if TYPE_CHECKING:
    from fredholm.collocation import NetworkSolution, Setup
    from fredholm.domains import Grid
    from fredholm.problems import Problem
    from fredholm.surrogates import Prediction
    from fredholm.training import Budget, Moment

FILE, PICTURE = "solution.nc", "solution.png"
_MOST = 20_000_000
"""Points of the largest grid that a solution is written on."""
_AXES = 4
"""Its most axes: space and time."""
_SECONDS = 60.0


def run(words: Sequence[str]) -> int:
    """Solves, writes everything to a run folder, and says what can be believed."""
    args = parser(words).parse(words)
    output = Output(args.json)
    problem = problem_from(args.problem, args)
    if problem.random:
        raise FredholmError(
            f"{problem.key!r} is a family of problems, as {' and '.join(problem.random)} may vary: "
            f"`fredholm generate {problem.key}` solves many of them, and "
            f"`fredholm fit {problem.key}` learns them"
        )
    grid = _grid(problem, args)
    command = shlex.join(["fredholm", "solve", *words])
    if args.method == SOLVER:
        return _numerically(problem, args, grid, command, output)
    return _by_network(problem, args, grid, command, output)


def _numerically(
    problem: "Problem", args: argparse.Namespace, grid: "Grid", command: str, output: Output
) -> int:
    from fredholm.benchmarks import Shown, draw_solution
    from fredholm.surrogates import Prediction

    _refuse_flags_of_networks(args)
    if not args.tol > 0:
        raise ValueError(f"--tol is a positive number, got {args.tol:g}")
    description = runs.Description(command, {**_asked(args), "at": args.at, "tol": args.tol})
    with runs.opened(_folder(args, description), description, resume=False) as folder:
        output.note(f"solving {problem.key} to a relative error of {args.tol:g}: {folder}")
        began = time.monotonic()
        solution = problem.solve(at=grid, tol=args.tol)
        seconds = time.monotonic() - began
        error = float(solution.error.max())
        answer = Prediction(solution.field, problem.target_variables, expected_error=error)
        caption = f"{solution.method}: estimated relative L2 error {error:.1e}"
        _write(answer, problem, folder, method=solution.method, command=command, verdict=caption)
        shown = Shown(problem.title, caption, solution.field, problem.target_variables)
        draw_solution(shown, folder / PICTURE)
    output.show(f"{problem.title}\n\n{caption}; {duration(seconds)}")
    _tell_files(folder, output)
    facts = {"error": error, "method": solution.method, "seconds": round(seconds, 3)}
    output.result({"problem": problem.key, **_files(folder), **facts})
    return 0


def _by_network(
    problem: "Problem", args: argparse.Namespace, grid: "Grid", command: str, output: Output
) -> int:
    setup, budget = _setup(problem, args), _budget(args)
    if not args.snapshots > 0:
        raise ValueError(f"--snapshots is a positive number of seconds, got {args.snapshots:g}")
    settings = {"budget": str(budget), "seed": args.seed, "hard": setup.hard}
    settings |= {"hyper": hyper_parameters(args), "derivatives": setup.derivatives}
    description = runs.Description(command, {**_asked(args), **settings})
    with runs.opened(_folder(args, description), description, resume=args.resume) as folder:
        found = _train(problem, args, setup, budget, folder, output)
        # Saved first: should a picture fail, the trained weights are not lost.
        found.save(folder)
        _write_answer(found, grid, folder, args, command, output)
    _tell(found, args, output)
    _tell_files(folder, output)
    output.result(
        {
            "problem": problem.key,
            "method": args.method,
            **_files(folder),
            "seconds": found.record.seconds,
            "steps": found.record.steps,
            "parameters": found.record.parameters,
            "verdict": found.verdict.to_json(),
        }
    )
    return 0


def _train(
    problem: "Problem",
    args: argparse.Namespace,
    setup: "Setup",
    budget: "Budget",
    folder: Path,
    output: Output,
) -> "NetworkSolution":
    from fredholm.collocation import solve_by_network
    from fredholm.training import Checkpoints

    output.note(f"solving {problem.key} by {args.method}, {budget}: {folder}")
    with output.progress("training") as progress:
        return solve_by_network(
            problem,
            setup,
            budget=budget,
            seed=args.seed,
            checkpoints=Checkpoints(folder, every=args.snapshots, resume=args.resume),
            watch=_watching(progress, resumed=args.resume),
        )


def _watching(progress: Progress, *, resumed: bool) -> "Callable[[Moment, float], None]":
    """Tells the losses; what was done before a pause does not count as pace."""
    pending = [progress.resume] if resumed else []

    def watch(moment: "Moment", spent: float) -> None:
        if pending:
            pending.pop()(spent)
        fresh = "" if moment.validation is None else f", at fresh points {moment.validation:.1e}"
        progress.advance(spent, f"step {moment.step}, loss {moment.loss:.1e}{fresh}")

    return watch


def _write_answer(
    found: "NetworkSolution",
    grid: "Grid",
    folder: Path,
    args: argparse.Namespace,
    command: str,
    output: Output,
) -> None:
    """The file and the picture, where a grid can hold the solution."""
    from fredholm.benchmarks import Shown, draw_solution
    from fredholm.collocation.verdict import comparison_grid

    problem, verdict = found.trial.problem, found.verdict
    if not _writable(grid):
        output.note(f"no file and no picture: a grid {_too_large(problem, grid)}")
        return
    _write(
        found.predict(grid),
        problem,
        folder,
        method=args.method,
        command=command,
        verdict=verdict.sentence,
        seed=args.seed,
    )
    judged = comparison_grid(problem)
    residual = found.residual(judged)
    residuals = {
        name: residual.with_values(residual.values[..., i : i + 1])
        for i, name in enumerate(problem.equations)
    }
    answer = found.predict(judged)
    shown = Shown(
        f"{problem.title}, by {args.method}",
        verdict.sentence,
        answer.mean,
        answer.variables,
        reference=verdict.truth,
        residuals=residuals,
        record=found.record,
    )
    draw_solution(shown, folder / PICTURE)


def _write(
    answer: "Prediction", problem: "Problem", folder: Path, *, seed: int | None = None, **facts: str
) -> None:
    """The solution as labelled arrays with everything that it comes from."""
    import torch

    parameters = ", ".join(f"{name} = {value:g}" for name, value in problem.parameters.items())
    lines = [f"{name}: {line}" for name, line in statement(problem) if name != "LaTeX"]
    if seed is not None:
        facts["seed"] = str(seed)
    write_dataset(
        answer.to_xarray().isel(sample=0),
        folder / FILE,
        title=problem.title,
        problem=problem.key,
        statement="\n".join(lines),
        parameters=parameters,
        torch=str(torch.__version__),
        **facts,
    )


def _tell(found: "NetworkSolution", args: argparse.Namespace, output: Output) -> None:
    """The trial functions, what they cost, and the verdict."""
    ansatz, record = found.trial.ansatz, found.record
    held = f", which satisfy {', '.join(sorted(ansatz.exact))}" if ansatz.exact else ""
    output.show(f"{found.trial.problem.title}\n\ntrial functions{held}:")
    for line in str(ansatz).splitlines():
        output.show(f"  {line}")
    took = f"{record.parameters} parameters, {record.steps} steps, {duration(record.seconds)}"
    output.show(f"\n{took}\n{found.verdict.sentence}")
    if args.seconds is args.steps is None and not found.verdict.trusted:
        output.show("This was a quick first answer; --seconds 600 or more may give a better one.")


def _tell_files(folder: Path, output: Output) -> None:
    output.show("")
    for name, path in _files(folder).items():
        output.show(f"{name:10}{path}")


def _files(folder: Path) -> dict[str, str]:
    """What was written, by what it is."""
    made = {"run": folder, "solution": folder / FILE, "picture": folder / PICTURE}
    return {name: str(path) for name, path in made.items() if path.exists()}


def _asked(args: argparse.Namespace) -> dict[str, Any]:
    """The settings that all methods share."""
    parameters = problem_parameters(args.problem, args)
    return {"problem": args.problem, "parameters": parameters, "method": args.method}


def _folder(args: argparse.Namespace, description: runs.Description) -> Path:
    if args.run is not None:
        return Path(args.run)
    base = f"{args.problem}-{args.method}"
    return runs.unfinished(base, description) if args.resume else runs.free(base)


def _setup(problem: "Problem", args: argparse.Namespace) -> "Setup":
    from dataclasses import replace

    setup = method(args.method)(problem, **hyper_parameters(args))
    derivatives = args.derivatives or setup.derivatives
    return replace(setup, derivatives=derivatives, hard=setup.hard and not args.soft)


def _budget(args: argparse.Namespace) -> "Budget":
    from fredholm.training import Budget

    if args.seconds is args.steps is None:
        return Budget(seconds=_SECONDS)
    return Budget(seconds=args.seconds, steps=args.steps)


def _refuse_flags_of_networks(args: argparse.Namespace) -> None:
    for name in ("seconds", "steps", "derivatives", "soft", "resume"):
        if getattr(args, name):
            raise ValueError(f"--{name} is for networks: add --with pinn, or leave it out")


def _grid(problem: "Problem", args: argparse.Namespace) -> "Grid":
    """Where the solution is written.

    Raises:
        DataError: More points were asked for than a file should hold.
        ValueError: The wrong number of axes.
    """
    from dataclasses import replace

    from fredholm.collocation.verdict import comparison_grid

    if args.at is None:
        return comparison_grid(problem)
    shape = args.at[0] if len(args.at) == 1 else args.at
    grid = comparison_grid(replace(problem, domain=problem.grid(shape)))
    if not _writable(grid):
        raise DataError(f"--at: a grid {_too_large(problem, grid)}")
    return grid


def _writable(grid: "Grid") -> bool:
    return len(grid.names) <= _AXES and math.prod(grid.shape) <= _MOST


def _too_large(problem: "Problem", grid: "Grid") -> str:
    if problem.domain.dim > 3:
        return f"in {problem.domain.dim} coordinates tells nothing; ask the network at points"
    return f"of {math.prod(grid.shape):,} points is larger than the {_MOST:,} that are written"
