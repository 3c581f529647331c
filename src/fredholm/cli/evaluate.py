"""`fredholm evaluate`: errors of a trained surrogate on files of samples."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fredholm.cli.files import add_description, described, read_samples, same_units
from fredholm.cli.output import Output, table
from fredholm.cli.parser import Parser
from fredholm.errors import DataError

if TYPE_CHECKING:
    from fredholm.data import Samples
    from fredholm.surrogates import Evaluation, Surrogate

EXAMPLE = """\
  fredholm evaluate runs/darcy-fno-1 test.nc
  fredholm evaluate runs/darcy_train_16-fno-1 darcy_test_16.pt darcy_test_32.pt --json
"""


def run(words: Sequence[str]) -> int:
    """Evaluates and prints."""
    parser = Parser(
        "evaluate",
        "RUN FILE...",
        "Measure the relative L2 errors of a trained surrogate, and of the trivial baselines that "
        "were fitted to its training samples, on files of samples at any resolution.",
        EXAMPLE,
    )
    parser.add_argument("run", metavar="RUN", help="folder that `fredholm fit` made")
    parser.add_argument("files", metavar="FILE", nargs="+", help="samples not trained on")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    add_description(parser)
    args = parser.parse(words)
    _evaluate(args.run, args.files, described(args), Output(args.json))
    return 0


def _evaluate(run: str, files: Sequence[str], description: dict, output: Output) -> None:
    from fredholm.surrogates import Surrogate

    surrogate = Surrogate.load(run)
    sets = {file: read_samples(file, description) for file in files}
    sets, found = evaluate_all(surrogate, sets)
    show_errors(surrogate, sets, found, output)
    output.result({"run": run, **as_json(found)})


def evaluate_all(
    surrogate: "Surrogate", sets: "Mapping[str, Samples]"
) -> "tuple[dict[str, Samples], dict[str, Evaluation]]":
    """The sets of samples as the surrogate sees them, and the evaluation on each, by its name.

    Raises:
        DataError: A set is not of the kind that the surrogate was trained on, with its name.
    """
    from fredholm.data import as_trained

    shape = surrogate.signature
    seen, found = {}, {}
    for name, samples in sets.items():
        seen[name] = samples = as_trained(samples, shape)
        same_units(name, samples.input_variables, shape.inputs)
        same_units(name, samples.target_variables, shape.targets)
        try:
            found[name] = surrogate.evaluate(samples)
        except DataError as error:
            raise DataError(f"{name}: {error}") from error
    return seen, found


def show_errors(
    surrogate: "Surrogate",
    sets: "Mapping[str, Samples]",
    found: "Mapping[str, Evaluation]",
    output: Output,
) -> None:
    """The table of errors, and every reason not to believe the surrogate."""
    from fredholm.benchmarks.verdict import concerns

    output.show(error_table(found))
    for concern in concerns(surrogate, {name: (sets[name], found[name]) for name in found}):
        output.show(f"{concern.level}: {concern.text}")


def as_json(found: "Mapping[str, Evaluation]") -> dict[str, Any]:
    """Results per file, and those of the baselines per file."""
    content = {name: evaluation.to_json() for name, evaluation in found.items()}
    baselines = {name: result.pop("baselines") for name, result in content.items()}
    return {"test": content, "baselines": baselines}


def error_table(found: "Mapping[str, Evaluation]") -> str:
    """Errors of the surrogate and of the baselines, and the ratio of their means."""
    rows = []
    for name, evaluation in found.items():
        content = evaluation.to_json()
        rows.append((f"{name}", *_row(content["relative_l2"]), ""))
        for baseline, ratio in evaluation.beats().items():
            numbers = _row(content["baselines"][baseline])
            rows.append((f"  {baseline}", *numbers, _figure(ratio, 2)))
    return table(("relative L2 error on", "mean", "median", "p95", "max", "ours / it"), rows)


def _row(distribution: Mapping[str, float]) -> list[str]:
    return [_figure(distribution[name], 4) for name in ("mean", "median", "p95", "max")]


def _figure(value: float, digits: int) -> str:
    """So many decimals; a power of ten where they would show nothing, or too much."""
    plain = value == 0 or 10.0**-digits <= abs(value) < 1e4 or not math.isfinite(value)
    return f"{value:.{digits}f}" if plain else f"{value:.1e}"
