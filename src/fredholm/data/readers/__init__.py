"""Files of samples, ours and others', behind one function."""

from collections.abc import Sequence
from pathlib import Path

from fredholm.data.readers import own
from fredholm.data.readers.detect import OF_ARRAYS, READERS, detect
from fredholm.data.readers.found import Options, PerAxis
from fredholm.data.readers.mesh_folder import KIND as MESHES
from fredholm.data.samples import Samples
from fredholm.data.source import Source

__all__ = ["READERS", "detect", "open_source", "points_of", "read"]

Names = str | Sequence[str] | None


def read(
    path: str | Path,
    *,
    input: Names = None,
    target: Names = None,
    sample: Names = None,
    extent: PerAxis = None,
    periodic: PerAxis = None,
    location: PerAxis = None,
    coordinates: Names = None,
    samples: int | slice | None = None,
) -> Samples:
    """Samples of a file in any of the formats of `READERS`, in memory.

    What the reader found and what it had to assume is in `origin["assumed"]`; the arguments
    override it.

    Args:
        path: The file.
        input, target: Names of the arrays on either side; a target alone is a trajectory whose
            first frame is the input.
        sample: Names of the dimensions that together number the samples, in labelled files.
        extent, periodic, location: As for `Grid`, for the axes of space in their order, or as a
            mapping by name of the axis (`"t"` for time).
        coordinates: Names of the arrays that hold the coordinates of scattered points, where a file
            is arrays without labels: (samples, points, dim), (points, dim, samples), or one array
            (samples, *points) for each coordinate.
        samples: How many of the first samples to read, or a slice of them.

    Raises:
        DataError: The file cannot be used, with the reason and what to do.
        FormatError: Written by a later version of fredholm.
        ValueError: Arguments that do not fit the file.
    """
    source = open_source(
        path,
        input=input,
        target=target,
        sample=sample,
        extent=extent,
        periodic=periodic,
        location=location,
        coordinates=coordinates,
    )
    if samples is not None:
        chosen = samples if isinstance(samples, slice) else slice(0, samples)
        source = source.restricted(chosen)
    return source.read()


def open_source(
    path: str | Path,
    *,
    input: Names = None,
    target: Names = None,
    sample: Names = None,
    extent: PerAxis = None,
    periodic: PerAxis = None,
    location: PerAxis = None,
    coordinates: Names = None,
) -> Source:
    """The same as `read`, with the numbers left in the file."""
    stated = Options(
        _names(input),
        _names(target),
        _names(sample),
        extent,
        periodic,
        location,
        _names(coordinates),
    )
    if stated.input and not stated.target:
        raise ValueError("an input was named but no target; name both")
    path = Path(path)
    kind = detect(path)
    if stated.coordinates and kind not in OF_ARRAYS:
        raise ValueError(
            f"{path} ({kind}) states its axes itself; leave coordinates out, they are for files of "
            "arrays without labels"
        )
    return READERS[kind](path, stated)


def points_of(path: str | Path) -> own.Points:
    """Whether a file or folder holds samples on clouds or meshes, as far as its format tells.

    Raises:
        DataError: It does not exist, or is damaged.
    """
    kind = detect(path)
    if kind == own.KIND:
        return own.points_of(Path(path))
    return "mesh" if kind == MESHES else ""


def _names(names: Names) -> tuple[str, ...]:
    if names is None:
        return ()
    return (names,) if isinstance(names, str) else tuple(names)
