"""Files that a command reads or makes, and how the user describes their content."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fredholm.cli import flags
from fredholm.cli.parser import Parser
from fredholm.errors import DataError

if TYPE_CHECKING:
    import xarray

    from fredholm.data import Samples, StreamedSamples
    from fredholm.domains import Grid, Scattered
    from fredholm.fields import Variable

_MEMORY = int(os.environ.get("FREDHOLM_MEMORY", 4 * 2**30))
"""Bytes of samples that are held in memory; more are streamed."""
_DESCRIBED = ("input", "target", "coordinates", "extent", "periodic", "location")


def add_description(parser: Parser) -> None:
    """Flags that say what a file means, where it does not say so itself.

    Where `--output` does not name a file to make, it is another word for `--target`.
    """
    group = parser.add_argument_group("what the file means (concluded from its content by default)")
    names = flags.several(str)
    add = group.add_argument
    add("--input", type=names, action="extend", metavar="NAME,...", help="arrays that are given")
    wanted = ("--target",) if "--output" in parser.flags() else ("--target", "--output")
    add(*wanted, type=names, action="extend", metavar="NAME,...", help="arrays that are wanted")
    add(
        "--coordinates", type=names, action="extend", metavar="NAME,...",
        help="arrays that hold the coordinates of scattered points",
    )  # fmt: skip
    group.add_argument(
        "--extent",
        type=per_axis(interval),
        metavar="A:B",
        help="interval of the axes, 0:2 or x=0:2",
    )
    group.add_argument(
        "--periodic",
        type=per_axis(flags.yes_or_no),
        metavar="yes|no",
        help="likewise, yes or x=yes",
    )
    group.add_argument(
        "--location",
        type=per_axis(flags.one_of(("node", "cell", "left", "right"))),
        metavar="WHERE",
        help="node, cell, left or right: where in its cell a sample lies",
    )


def described(args: argparse.Namespace) -> dict[str, Any]:
    """What the user said about the file, as arguments of `read`."""
    given = {name: getattr(args, name) for name in _DESCRIBED}
    return {name: value for name, value in given.items() if value is not None}


def read_samples(path: str, description: dict[str, Any], *, count: int | None = None) -> "Samples":
    """The samples of a file, all of whose values are finite.

    Raises:
        DataError: The file cannot be used.
    """
    from fredholm.data import read

    samples = read(path, **description, samples=count)
    refuse_not_finite(path, samples)
    return samples


def open_training(
    path: str, description: dict[str, Any], *, count: int | None = None
) -> "Samples | StreamedSamples":
    """Training samples: in memory where they fit, else streamed from the file.

    A stream is not looked through for values that are not finite before the training; there it
    stops at the first of them.

    Raises:
        DataError: The file cannot be used.
    """
    from fredholm.data import Samples, open_samples

    if count is not None or os.path.isdir(path):
        return read_samples(path, description, count=count)
    samples = open_samples(path, memory_limit=_MEMORY, **description)
    if isinstance(samples, Samples):
        refuse_not_finite(path, samples)
    return samples


def refuse_not_finite(path: str, samples: "Samples") -> None:
    """Makes sure that all values are numbers.

    Raises:
        DataError: Saying how many samples hold others.
    """
    import torch

    for side in ("input", "target"):
        wrong = ~torch.isfinite(getattr(samples, f"{side}s").values)
        bad = wrong.flatten(1).any(1).nonzero()[:, 0].tolist()
        if bad:
            channels = wrong.flatten(0, -2).any(0).tolist()
            labels = getattr(samples, f"{side}_variables")
            names = ", ".join(v.name for v, is_wrong in zip(labels, channels) if is_wrong)
            files = samples.origin.get("files")
            first = f"{files[bad[0]]}" if files else f"number {bad[0]}"
            raise DataError(
                f"{path}: the {side}s ({names}) of {len(bad)} of {len(samples)} samples hold NaN "
                f"or infinity, the first is {first}; `fredholm check {path}` tells more"
            )


def same_kind(path: str, samples: "Samples", trained: "Samples | StreamedSamples") -> None:
    """Refuses samples that a surrogate of the others could not be tested on, before it is trained.

    Raises:
        DataError: Other axes, intervals, numbers of channels or units.
    """
    shape, known = samples.signature, trained.head(1).signature
    for side in ("input_domain", "target_domain"):
        found, wanted = getattr(shape, side), getattr(known, side)
        if not _like(found, wanted):
            what = side.replace("_domain", "s")
            raise DataError(
                f"{path}: its {what} live on {found}, those of the training samples on {wanted}"
            )
    for side in ("inputs", "targets", "params"):
        found, wanted = getattr(shape, side), getattr(known, side)
        if len(found) != len(wanted):
            shown = [", ".join(map(str, names)) or "none" for names in (found, wanted)]
            raise DataError(
                f"{path}: its {side} are {shown[0]}, those of the training samples {shown[1]}"
            )
        same_units(path, found, wanted)


def _like(found: "Grid | Scattered", wanted: "Grid | Scattered") -> bool:
    """Whether functions live on the same box, or on points in the same coordinates.

    Any number of points and of times will do.
    """
    from fredholm.domains import Grid

    if isinstance(found, Grid) and isinstance(wanted, Grid):
        return found.names == wanted.names and found == wanted.resized(found.shape)
    return type(found) is type(wanted) and found.names == wanted.names


def same_units(path: str, found: "tuple[Variable, ...]", trained: "tuple[Variable, ...]") -> None:
    """Refuses functions in other units than those trained on, where both are stated.

    Raises:
        DataError: Naming the channel and both units.
    """
    for variable, known in zip(found, trained):
        if variable.units and known.units and variable.units != known.units:
            raise DataError(
                f"{path}: {variable.name} is in {variable.units!r}, the surrogate was trained on "
                f"{known.name} in {known.units!r}: convert it first"
            )


def refuse_existing(path: Path, overwrite: bool) -> None:
    """Makes sure that a file may be written there before anything is computed for it.

    Raises:
        DataError: It exists, or is something that cannot be replaced, or its folder is none.
    """
    if path.exists() and not path.is_file():
        raise DataError(f"{path} is not a file that could be replaced; choose another name")
    if path.exists() and not overwrite:
        raise DataError(f"{path} exists; choose another name or add --overwrite")
    refuse_folder(path.parent)


def refuse_folder(path: Path) -> None:
    """Makes sure that a folder may be made there before anything is computed for it.

    Raises:
        DataError: A file is in the way, or the place cannot be written.
    """
    nearest = next(parent for parent in (path, *path.absolute().parents) if parent.exists())
    if not nearest.is_dir():
        raise DataError(f"cannot make the folder {path}: {nearest} is not a folder")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise DataError(f"cannot make the folder {path}: {nearest} may not be written")


def write_dataset(dataset: "xarray.Dataset", path: Path, **facts: str) -> None:
    """Writes labelled arrays and where they come from to a NetCDF-4 file, at once or not at all.

    Raises:
        DataError: The file cannot be written.
    """
    from fredholm import __version__
    from fredholm.data.labelled import netcdf_bytes
    from fredholm.training import write_atomically

    told = {"Conventions": "CF-1.11", "source": f"fredholm {__version__}", **facts}
    content = netcdf_bytes(dataset.assign_attrs(told))
    write_atomically(path, lambda partial: partial.write_bytes(content))


def interval(word: str) -> tuple[float, float]:
    """`0:2` as a pair of numbers."""
    start, colon, stop = word.partition(":")
    if not colon:
        raise argparse.ArgumentTypeError(f"expected START:STOP, got {word!r}")
    return flags.number(start), flags.number(stop)


def per_axis(item: flags.Convert) -> Callable[[str], Any]:
    """One value for all axes, one per axis with commas between, or `NAME=VALUE` per axis."""

    def convert(word: str) -> Any:
        parts = [part.strip() for part in word.split(",")]
        if all("=" in part for part in parts):
            return {part.partition("=")[0]: item(part.partition("=")[2]) for part in parts}
        values = tuple(item(part) for part in parts)
        return values[0] if len(values) == 1 else values

    return convert
