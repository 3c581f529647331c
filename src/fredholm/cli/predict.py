"""`fredholm predict`: the answers of a trained surrogate to inputs in a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fredholm.cli import flags
from fredholm.cli.files import (
    add_description,
    described,
    refuse_existing,
    refuse_folder,
    write_dataset,
)
from fredholm.cli.inputs import read_inputs
from fredholm.cli.output import Output
from fredholm.cli.parser import Parser
from fredholm.errors import DataError

if TYPE_CHECKING:
    from fredholm.domains import Grid
    from fredholm.fields import Field
    from fredholm.surrogates import Surrogate

EXAMPLE = """\
  fredholm predict runs/darcy-fno-1 coefficients.nc -o pressures.nc
  fredholm predict runs/darcy-fno-1 coefficients.pt --at 128
  fredholm predict runs/burgers-fno-1 states.pt --steps 200 -o out.nc
  fredholm predict runs/parts-gnot-1 new_parts/ -o stresses/
"""


def run(words: Sequence[str]) -> int:
    """Predicts and writes."""
    parser = Parser(
        "predict",
        "RUN INPUT",
        "Let a trained surrogate answer the inputs in a file (any format that is read, or a bare "
        "array; targets are not needed) and write the answers with coordinates and units to a "
        "NetCDF-4 file; for files of meshes, each answer to a VTU file of its own.",
        EXAMPLE,
    )
    parser.add_argument("run", metavar="RUN", help="folder that `fredholm fit` made")
    parser.add_argument("file", metavar="INPUT", help="file of inputs, or folder of meshes")
    parser.add_argument(
        "-o", "--output", metavar="OUT",
        help="file to make, or folder for VTU files (default: INPUT-prediction.nc, or "
        "INPUT-prediction for meshes)",
    )  # fmt: skip
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
    if args.steps and args.at:
        raise ValueError("--steps repeats states on the grid of the input: leave out --at")
    wanted = Wanted(args.at, args.steps, described(args), args.output, args.overwrite)
    _predict(args.run, args.file, wanted, Output(args.json))
    return 0


@dataclass(frozen=True)
class Wanted:
    """What is asked of a surrogate.

    Args:
        at: Points per axis of the answer.
        steps: Length of the rollout.
        description: What the user says of the input file.
        output: File or folder to make, if one is named.
        overwrite: Replace what is there.
    """

    at: tuple[int, ...] | None
    steps: int | None
    description: dict
    output: str | None
    overwrite: bool


def _predict(run: str, file: str, wanted: Wanted, output: Output) -> None:
    from fredholm.surrogates import Surrogate

    surrogate = Surrogate.load(run)
    place = _place(surrogate, file, wanted)
    inputs, params = read_inputs(file, wanted.description, surrogate)
    if wanted.steps is None:
        prediction = surrogate.predict(inputs, params=params, at=_grid(surrogate, wanted.at))
    else:
        prediction = surrogate.rollout(inputs, wanted.steps, params=params)
    if place.names is None:
        write_dataset(prediction.to_xarray(), place.path, surrogate=run)
    else:
        prediction.write_vtu(place.path, names=place.names, overwrite=wanted.overwrite)
    for warning in prediction.warnings:
        output.note(f"warning: {warning}")
    names = ", ".join(str(variable) for variable in prediction.variables)
    error = prediction.expected_error
    expected = "" if error is None else f"; expected relative error {error:.2%} (median)"
    where = f"{prediction.mean.domain}{_later(surrogate, prediction.mean)}"
    output.show(f"{place.path}: {len(prediction.mean)} functions {names} on {where}{expected}")
    output.result(
        {
            "file": str(place.path),
            "samples": len(prediction.mean),
            "expected_relative_l2": error,
            "warnings": list(prediction.warnings),
        }
    )


def _later(surrogate: "Surrogate", answer: "Field") -> str:
    """When the states are that a surrogate of steps has answered with, unless they tell it."""
    from fredholm.domains import time_of

    step = surrogate.signature.step
    if step is None or time_of(answer.domain) is not None:
        return ""
    return f", {step.spacing:g} {step.units}".rstrip() + " after the inputs"


class Place(NamedTuple):
    """Where answers go: a NetCDF file; or a folder, with the names of its VTU files."""

    path: Path
    names: list[str] | None = None


def _place(surrogate: "Surrogate", file: str, wanted: Wanted) -> Place:
    """Where answers go, made sure of before anything is computed.

    Files of meshes are answered by files of meshes of the same names, unless a NetCDF file is asked
    for.

    Raises:
        DataError: Something is there that may not be replaced.
    """
    from fredholm.data import detect
    from fredholm.data.readers.mesh_folder import KIND, mesh_files
    from fredholm.data.vtu import refuse_files
    from fredholm.domains import Scattered

    scattered = isinstance(surrogate.signature.target_domain, Scattered)
    as_meshes = scattered and detect(file) == KIND and not str(wanted.output or "").endswith(".nc")
    ending = "-prediction" if as_meshes else "-prediction.nc"
    path = Path(wanted.output or f"{Path(file).with_suffix('')}{ending}")
    if not as_meshes:
        refuse_existing(path, wanted.overwrite)
        return Place(path)
    refuse_folder(path)
    if path.exists() and path.samefile(file):
        raise DataError(f"{path} holds the inputs: choose another folder for the answers")
    names = [mesh.stem for mesh in mesh_files(Path(file))]
    refuse_files([path / f"{name}.vtu" for name in names], wanted.overwrite)
    return Place(path, names)


def _grid(surrogate: "Surrogate", at: tuple[int, ...] | None) -> "Grid | None":
    """The grid of the answer with that many points per axis of space.

    Raises:
        ValueError: The surrogate answers on meshes.
    """
    from fredholm.domains import Scattered

    if at is None:
        return None
    target = surrogate.signature.target_domain
    if isinstance(target, Scattered):
        raise ValueError("--at counts points of a grid; meshes are answered at their own nodes")
    space = target if "t" not in target.names else target.without("t")
    return space.resized(at[0] if len(at) == 1 else at).behind_time_of(target)
