"""`fredholm fit`: train a surrogate, measure its errors, and keep everything in a run folder."""

import argparse
import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fredholm.cli import runs
from fredholm.cli.evaluate import as_json, evaluate_all, show_errors
from fredholm.cli.fit_data import Sets, of_files, of_problem
from fredholm.cli.fit_flags import Wanted, base_name, is_problem, parser, wanted
from fredholm.cli.output import Output, Progress, duration

if TYPE_CHECKING:
    from fredholm.data import Samples
    from fredholm.surrogates import Evaluation, Surrogate
    from fredholm.training import Moment


def run(words: Sequence[str]) -> int:
    """Trains, evaluates, writes the report, and prints the errors."""
    args = parser(words).parse(words)
    output = Output(args.json)
    plan = wanted(args)
    description = runs.Description(shlex.join(["fredholm", "fit", *words]), plan.settings)
    # Files are read before anything is made: most of what can be wrong is wrong there.
    sets = None if is_problem(args.data) else of_files(args, output)
    with runs.opened(_folder(args, description), description, resume=args.resume) as folder:
        sets = sets or of_problem(args, plan.choices, folder, output)
        surrogate = _train(args, plan, sets, folder, output)
        seen, found = _finish(surrogate, sets, folder, description.command)
    output.show("")
    show_errors(surrogate, seen, found, output)
    _tell(args, surrogate, found, folder, output)
    return 0


def _folder(args: argparse.Namespace, description: runs.Description) -> Path:
    if args.run is not None:
        return Path(args.run)
    base = base_name(args)
    return runs.unfinished(base, description) if args.resume else runs.free(base)


def _train(
    args: argparse.Namespace, plan: Wanted, sets: Sets, folder: Path, output: Output
) -> "Surrogate":
    from fredholm.systems.learn import learn
    from fredholm.training import Checkpoints

    output.note(f"training {args.system} on {len(sets.train)} samples, {plan.budget}: {folder}")
    with output.progress("training") as progress:
        return learn(
            sets.train,
            args.system,
            budget=plan.budget,
            choices=plan.choices,
            seed=args.seed,
            checkpoints=Checkpoints(folder, every=args.snapshots, resume=args.resume),
            watch=_watching(progress, resumed=args.resume),
            tell=output.note,
        )


def _watching(progress: Progress, *, resumed: bool) -> "Callable[[Moment, float], None]":
    """Tells loss and validation error; what was done before a pause does not count as pace."""
    pending = [progress.resume] if resumed else []

    def watch(moment: "Moment", spent: float) -> None:
        if pending:
            pending.pop()(spent)
        error = "" if moment.validation is None else f", error {moment.validation:.4f}"
        progress.advance(spent, f"step {moment.step}, loss {moment.loss:.4f}{error}")

    return watch


def _finish(
    surrogate: "Surrogate", sets: Sets, folder: Path, command: str
) -> "tuple[dict[str, Samples], dict[str, Evaluation]]":
    """Saves the surrogate, evaluates it and writes the report."""
    from fredholm.benchmarks import write_report

    # Saved first: should the evaluation fail, the trained weights are not lost.
    surrogate.save(folder)
    began = time.monotonic()
    seen, found = evaluate_all(surrogate, sets.tests)
    seconds = {**sets.seconds, "evaluating": time.monotonic() - began}
    runs.write_json(folder / "evaluation.json", {**as_json(found), "seconds": seconds})
    pairs = {name: (seen[name], found[name]) for name in found}
    write_report(folder / "report.html", surrogate, pairs, command=command, seconds=seconds)
    return seen, found


def _tell(
    args: argparse.Namespace,
    surrogate: "Surrogate",
    found: "Mapping[str, Evaluation]",
    folder: Path,
    output: Output,
) -> None:
    record = surrogate.record
    took = f"{duration(record.seconds)} of training"
    if record.steps:
        took += f", {record.steps} steps, {record.parameters} parameters"
    output.show(f"\n{took}, on {record.device.get('name', 'CPU')}")
    output.show(f"run     {folder}\nreport  {folder / 'report.html'}")
    if args.seconds is args.steps is args.epochs is None and record.steps:
        output.show("This was a quick first answer; --seconds 600 or more gives a better one.")
    output.result(
        {
            "run": str(folder),
            "report": str(folder / "report.html"),
            "system": args.system,
            "seconds": record.seconds,
            "steps": record.steps,
            "parameters": record.parameters,
            "device": record.device,
            **as_json(found),
        }
    )
