"""`fredholm predict`: the answers of a trained surrogate to inputs in a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fredholm.cli import flags
from fredholm.cli.files import add_description, described, refuse_existing, write_dataset
from fredholm.cli.inputs import read_inputs
from fredholm.cli.output import Output
from fredholm.cli.parser import Parser

if TYPE_CHECKING:
    from fredholm.domains import Grid
    from fredholm.surrogates import Surrogate

EXAMPLE = """\
  fredholm predict runs/darcy-fno-1 coefficients.nc -o pressures.nc
  fredholm predict runs/darcy-fno-1 coefficients.pt --at 128
  fredholm predict runs/burgers-fno-1 states.pt --steps 200 -o out.nc
"""


def run(words: Sequence[str]) -> int:
    """Predicts and writes."""
    parser = Parser(
        "predict",
        "RUN INPUT",
        "Let a trained surrogate answer the inputs in a file (any format that is read, or a bare "
        "array; targets are not needed) and write the answers with coordinates and units to a "
        "NetCDF-4 file.",
        EXAMPLE,
    )
    parser.add_argument("run", metavar="RUN", help="folder that `fredholm fit` made")
    parser.add_argument("file", metavar="INPUT", help="file of inputs")
    parser.add_argument(
        "-o", "--output", metavar="OUT.nc", help="file to make (default: INPUT-prediction.nc)"
    )
    parser.add_argument(
        "--at", type=flags.several(flags.positive), metavar="R",
        help="points per axis of the answer (default: those of the input)",
    )  # fmt: skip
    parser.add_argument(
        "--steps", type=flags.positive, metavar="N",
        help="roll out N time steps (default: the frames of the training trajectories, or one step "
        "of a surrogate of steps)",
    )  # fmt: skip
    parser.add_argument("--overwrite", action="store_true", help="replace an existing file")
    parser.add_argument("--json", action="store_true", help="end with one line of JSON")
    add_description(parser)
    args = parser.parse(words)
    path = Path(args.output or f"{Path(args.file).with_suffix('')}-prediction.nc")
    refuse_existing(path, args.overwrite)
    if args.steps and args.at:
        raise ValueError("--steps repeats states on the grid of the input: leave out --at")
    wanted = Wanted(args.at, args.steps, described(args))
    _predict(args.run, args.file, wanted, path, Output(args.json))
    return 0


@dataclass(frozen=True)
class Wanted:
    """What is asked of a surrogate.

    Args:
        at: Points per axis of the answer.
        steps: Length of the rollout.
        description: What the user says of the input file.
    """

    at: tuple[int, ...] | None
    steps: int | None
    description: dict


def _predict(run: str, file: str, wanted: Wanted, path: Path, output: Output) -> None:
    from fredholm.surrogates import Surrogate

    surrogate = Surrogate.load(run)
    inputs, params = read_inputs(file, wanted.description, surrogate)
    if wanted.steps is None:
        prediction = surrogate.predict(inputs, params=params, at=_grid(surrogate, wanted.at))
    else:
        prediction = surrogate.rollout(inputs, wanted.steps, params=params)
    write_dataset(prediction.to_xarray(), path, surrogate=run)
    for warning in prediction.warnings:
        output.note(f"warning: {warning}")
    names = ", ".join(str(variable) for variable in prediction.variables)
    error = prediction.expected_error
    expected = "" if error is None else f"; expected relative error {error:.2%} (median)"
    output.show(
        f"{path}: {len(prediction.mean)} functions {names} on {prediction.mean.grid}{expected}"
    )
    output.result(
        {
            "file": str(path),
            "samples": len(prediction.mean),
            "expected_relative_l2": error,
            "warnings": list(prediction.warnings),
        }
    )


def _grid(surrogate: "Surrogate", at: tuple[int, ...] | None) -> "Grid | None":
    """The grid of the answer with that many points per axis of space."""
    if at is None:
        return None
    target = surrogate.signature.target_grid
    space = target if "t" not in target.names else target.without("t")
    return space.resized(at[0] if len(at) == 1 else at).behind_time_of(target)
