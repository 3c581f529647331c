"""Text tables of values at scattered points, such as finite-element programs write."""

import math
import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis, Cylinder, PointCloud
from fredholm.errors import DataError
from fredholm.fields import Field, Variable

_COORDINATES = ("x", "y", "z", "t")
_COMMENT = "%#"


class Table(NamedTuple):
    """Functions sampled at points without order.

    Args:
        names: Names of the columns: the coordinates, then the functions.
        points: Where the samples lie.
        values: One column per function.

    Shapes:
        points (n, d), values (n, m), float64; d + m names.
    """

    names: tuple[str, ...]
    points: Float[Tensor, "n d"]
    values: Float[Tensor, "n m"]

    @property
    def variables(self) -> tuple[Variable, ...]:
        """Labels of the functions."""
        return tuple(Variable(name) for name in self.names[self.points.shape[1] :])

    def field(self) -> Field:
        """The functions as a batch of one on the cloud of the points, behind their times if any.

        Raises:
            DataError: The points differ between the times, or the times are not equally spaced.
        """
        names = self.names[: self.points.shape[1]]
        if "t" not in names:
            return Field(self.values[None], PointCloud(self.points, names=names))
        column = names.index("t")
        places = [k for k in range(len(names)) if k != column]
        times = self.points[:, column].unique()
        order = self.points[:, column].sort(stable=True).indices
        if len(times) < 2 or len(order) % len(times):
            raise DataError(
                f"the table does not have the same points at each of {len(times)} times"
            )
        points = self.points[order][:, places].reshape(len(times), -1, len(places))
        spacing = times.diff()
        if (points != points[:1]).any() or (spacing - spacing[0]).abs().max() > 1e-6 * spacing[0]:
            raise DataError(
                "the table has other points at other times, or times that are not equally spaced"
            )
        axis = Axis(len(times), float(times[0]), float(times[-1]), name="t")
        cloud = PointCloud(points[0], names=[names[k] for k in places])
        values = self.values[order].reshape(1, len(times), len(points[0]), -1)
        return Field(values, Cylinder(axis, cloud))


def read_table(path: str | Path, *, dim: int | None = None) -> Table:
    """The table in a text file: columns of numbers between blanks or commas.

    Lines before the first row of numbers are its header, and so are lines that start with % or #;
    the last of them that names every column counts. COMSOL's columns `u (m/s) @ t=0.1` at several
    times become one function u of (x, ..., t); settings that do not differ are left out.

    Args:
        path: The file.
        dim: Number of leading columns that are coordinates; by default those named x, y, z or t,
            and without names all but the last column.

    Raises:
        DataError: The file is missing, is not such a table, or has values that are not finite; with
            the line where it went wrong.
    """
    path = Path(path)
    header, rows = _parsed(path)
    columns = rows.shape[1]
    heading = next((names for names in reversed(header) if len(names) == columns), None)
    if dim is None:
        named = _leading_coordinates(heading or ())
        dim = named or columns - 1
    if not 0 < dim < columns:
        raise DataError(
            f"{path} has {columns} columns, which leaves no function beside {dim} coordinates; "
            "state how many columns are coordinates by dim="
        )
    points, values = rows[:, :dim], rows[:, dim:]
    if heading is None:
        functions = ["u"] if columns == dim + 1 else [f"u{i}" for i in range(columns - dim)]
        names = "xyz"[:dim] if dim <= 3 else [f"x{i}" for i in range(dim)]
        return Table((*names, *functions), points, values)
    return _unrolled([_name(word) for word in heading[:dim]], heading[dim:], points, values)


def _parsed(path: Path) -> tuple[list[list[str]], Tensor]:
    """The words of each header line, and the numbers."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise DataError(f"{path} does not exist") from None
    except (UnicodeDecodeError, OSError) as error:
        raise DataError(f"{path} cannot be read as a text table: {error}") from error
    header: list[list[str]] = []
    rows: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        words = line.replace(",", " ").split()
        if not words:
            continue
        row = None if line.lstrip()[0] in _COMMENT else _numbers(words)
        if row is not None:
            _check_row(row, rows, f"{path}, line {number}")
            rows.append(row)
        elif line.lstrip()[0] in _COMMENT or not rows:
            text = line.strip().lstrip(_COMMENT).strip()
            header.append(re.split(r"\s*,\s*|\s{2,}|\t", text))
        else:
            raise DataError(f"{path}, line {number}: expected numbers, got {line.strip()[:60]!r}")
    if not rows:
        raise DataError(f"{path} has no rows of numbers")
    return header, torch.tensor(rows, dtype=torch.float64)


def _numbers(words: Sequence[str]) -> list[float] | None:
    try:
        return [float(word) for word in words]
    except ValueError:
        return None


def _check_row(row: Sequence[float], rows: Sequence[Sequence[float]], where: str) -> None:
    if rows and len(row) != len(rows[0]):
        raise DataError(f"{where}: expected {len(rows[0])} columns as above, got {len(row)}")
    if not all(map(math.isfinite, row)):
        raise DataError(f"{where}: a value is not finite; leave out points without values")


def _name(heading: str) -> str:
    """The name in `u (m/s) @ t=0.1`; coordinates are written small."""
    name = re.split(r"\s*[(@]", heading)[0].strip()
    return name.lower() if name.lower() in _COORDINATES else name


def _leading_coordinates(heading: Sequence[str]) -> int:
    names = [_name(word) for word in heading]
    return next((i for i, name in enumerate(names) if name not in _COORDINATES), len(names))


def _settings(heading: str) -> dict[str, float]:
    """What stands behind the @: `t=0.1, Re=100`."""
    pairs = re.findall(r"(\w+)=([^\s,]+)", heading.partition("@")[2])
    return {name: float(value) for name, value in pairs if _numbers([value])}


def _unrolled(
    coordinates: Sequence[str], headings: Sequence[str], points: Tensor, values: Tensor
) -> Table:
    """Columns of one function under several settings put below each other."""
    settings = [_settings(heading) for heading in headings]
    varied = [
        name
        for name in dict.fromkeys(name for found in settings for name in found)
        if len({found.get(name) for found in settings}) > 1
    ]
    keys = [(_name(word), *map(found.get, varied)) for word, found in zip(headings, settings)]
    functions = list(dict.fromkeys(key[0] for key in keys))
    blocks = list(dict.fromkeys(key[1:] for key in keys))
    complete = {(function, *block) for function, block in product(functions, blocks)}
    if set(keys) != complete or len(keys) > len(complete):
        # Not every function once at every setting: the columns stay as they are.
        return Table((*coordinates, *headings), points, values)
    return Table(
        (*coordinates, *varied, *functions),
        torch.cat([torch.cat([points, _repeated(block, points)], dim=1) for block in blocks]),
        torch.cat([values[:, [keys.index((f, *block)) for f in functions]] for block in blocks]),
    )


def _repeated(block: Sequence[float | None], points: Tensor) -> Tensor:
    return torch.tensor(block, dtype=points.dtype).expand(len(points), -1)
