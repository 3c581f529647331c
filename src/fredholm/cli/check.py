"""`fredholm check`: look for mistakes in a file of samples, or for leaks between two."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fredholm.cli.files import add_description, described
from fredholm.cli.named import add_problem_flags, problem_from, word_behind
from fredholm.cli.output import Output
from fredholm.cli.parser import Parser

if TYPE_CHECKING:
    from fredholm.problems import Problem

EXAMPLE = """\
  fredholm check samples.nc
  fredholm check train.pt test.pt             also: does the test set repeat training samples?
  fredholm check samples.npz --problem heat   also: do they satisfy the equation?
"""


def run(words: Sequence[str]) -> int:
    """Prints what was found; the exit code says whether there was an error among it."""
    parser = Parser(
        "check",
        "FILE [OTHER]",
        "Look for NaN and infinity, duplicates, constant or stationary samples, unusable "
        "coordinates, samples that do not satisfy their equation, and test samples that were "
        "trained on.",
        EXAMPLE,
    )
    parser.add_argument("file", metavar="FILE", help="samples in any format that is read")
    parser.add_argument("other", metavar="OTHER", nargs="?", help="samples that must be different")
    parser.add_argument(
        "--problem", metavar="PROBLEM", help="the equation (default: the one that the file names)"
    )
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    add_description(parser)
    key = word_behind("--problem", words)
    if key is not None:
        add_problem_flags(parser, key)
    args = parser.parse(words)
    problem = None if key is None else problem_from(key, args)
    return _check(args.file, args.other, problem, described(args), Output(args.json))


def _check(
    file: str, other: str | None, problem: "Problem | None", description: dict, output: Output
) -> int:
    from fredholm.data import check, describe, read

    samples = read(file, **description)
    others = None if other is None else read(other, **description)
    output.show(describe(samples))
    report = check(samples, problem, others)
    output.show(str(report))
    output.result({"file": file, "ok": report.ok, **report.to_json()})
    return 0 if report.ok else 1
