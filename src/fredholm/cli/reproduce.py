"""`fredholm reproduce`: run the experiment that shows a published system's claim."""

import argparse
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fredholm.cli import flags
from fredholm.cli.files import refuse_folder
from fredholm.cli.output import Output, duration
from fredholm.cli.parser import Parser
from fredholm.errors import FredholmError, did_you_mean

if TYPE_CHECKING:
    from fredholm.systems.card import Experiment

EXAMPLE = """\
  fredholm reproduce fno
  fredholm reproduce deeponet --seed 1 --json
  fredholm reproduce fno --size paper                   wants a graphics card
"""


def run(words: Sequence[str]) -> int:
    """Runs the experiment; the exit code says whether the claim held."""
    parser = Parser(
        "reproduce",
        "SYSTEM",
        "Train a system and its named baseline on the same data with the same budget, compare the "
        "ratio of their errors with the bar, and keep a record. At most ten minutes on two cores.",
        EXAMPLE,
    )
    parser.add_argument("system", metavar="SYSTEM", help="see `fredholm systems`")
    parser.add_argument("--seed", type=flags.seed, default=0, metavar="S", help="(default: 0)")
    parser.add_argument(
        "--size", default="small", metavar="NAME",
        help="small, or another size that the system has, such as paper (default: small)",
    )  # fmt: skip
    parser.add_argument(
        "--records", default="records/reproduce", metavar="FOLDER",
        help="where the record goes (default: records/reproduce)",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    args = parser.parse(words)
    key, experiment = _experiment(args.system, args.size)
    return _reproduce(key, experiment, args, ["reproduce", *words], Output(args.json))


def _experiment(system: str, size: str) -> "tuple[str, Experiment]":
    """The name of the record and the experiment.

    Raises:
        FredholmError: The system has none, or none of this size.
    """
    from fredholm.systems import card, keys

    found = card(system)
    sizes = dict(found.sizes)
    if found.experiment is not None:
        sizes["small"] = found.experiment
    if not sizes:
        able = ", ".join(name for name in keys() if card(name).experiment) or "none"
        raise FredholmError(f"{system} has no experiment to reproduce; systems with one: {able}")
    if size not in sizes:
        near = did_you_mean(size, [*sizes])
        raise FredholmError(f"{system} has no experiment of size {size!r}: {near}")
    return system if size == "small" else f"{system}-{size}", sizes[size]


def _reproduce(
    key: str,
    experiment: "Experiment",
    args: argparse.Namespace,
    words: Sequence[str],
    output: Output,
) -> int:
    from fredholm.benchmarks import write_record
    from fredholm.systems import card

    found = card(args.system)
    refuse_folder(Path(args.records))
    output.show(f"{found.title} ({found.reference})\npublished: {found.published}")
    began = time.monotonic()
    outcome = experiment(args.seed, output.note)
    content = {
        "passed": outcome.passed,
        "ratio": outcome.ratio,
        "bar": outcome.bar,
        "baseline": outcome.baseline,
        "figures": dict(outcome.figures),
        "seconds": round(time.monotonic() - began, 1),
    }
    command = shlex.join(["fredholm", *words])
    path = write_record(args.records, key, content, command=command, seeds=[args.seed])
    verdict = "holds" if outcome.passed else "DOES NOT HOLD"
    output.show(
        f"error relative to {outcome.baseline}: {outcome.ratio:.3g} (bar: {outcome.bar:.3g})\n"
        f"the claim {verdict}; {duration(content['seconds'])}; record: {path}"
    )
    output.result({"key": key, **content, "record": str(path)})
    return 0 if outcome.passed else 1
