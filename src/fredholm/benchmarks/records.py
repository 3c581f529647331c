"""Records: measured figures with everything that is needed to measure them again."""

import json
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from fredholm.benchmarks.machine import machine
from fredholm.errors import DataError

_OWN = ("key", "date", "command", "seeds", "machine")


def write_record(
    folder: str | Path,
    key: str,
    content: Mapping[str, Any],
    *,
    command: str,
    seeds: Sequence[int],
) -> Path:
    """Writes `KEY.json`, or `KEY-2.json`, ... where that exists: a record is never overwritten.

    To the content are added the key, the date (UTC), the command, the seeds, and the machine with
    its versions. Numbers that JSON cannot hold become the strings "NaN", "Infinity", "-Infinity",
    which `float` reads, so that a failed run can be recorded too.

    Args:
        folder: Where records are kept; made if it does not exist.
        key: Name of the experiment.
        content: What was measured, as plain data.
        command: What repeats it.
        seeds: Seeds of all its random choices.

    Raises:
        ValueError: The key is no plain file name, or the content uses a name that is added here.
        TypeError: The content holds something that is not plain data.
        DataError: The folder cannot be written.
    """
    if not re.fullmatch(r"\w[\w.-]*", key):
        raise ValueError(
            f"the key of a record is a plain name (letters, digits, '.', '-', '_'), got {key!r}"
        )
    taken = [name for name in _OWN if name in content]
    if taken:
        raise ValueError(f"a record adds {', '.join(taken)} itself; use other names in the content")
    date = datetime.now(UTC).isoformat(timespec="seconds")
    added = dict(zip(_OWN, (key, date, command, list(seeds), machine())))
    text = json.dumps(_storable({**added, **content}), indent=1, allow_nan=False) + "\n"
    return _publish(Path(folder), key, text)


def _publish(folder: Path, key: str, text: str) -> Path:
    """Gives a complete file the first free name; a link is made whole or not at all."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile("w", dir=folder, prefix=".", encoding="utf-8") as partial:
            partial.write(text)
            partial.flush()
            # Temporary files can be read by their owner only, records by everybody.
            os.chmod(partial.name, 0o644)
            return next(path for path in _names(folder, key) if _linked(partial.name, path))
    except OSError as error:
        raise DataError(f"cannot write a record to {folder}: {error}") from error


def _linked(file: str, path: Path) -> bool:
    """Whether the file could be given that name, because nothing had it."""
    try:
        os.link(file, path)
    except FileExistsError:
        return False
    return True


def _names(folder: Path, key: str) -> Iterator[Path]:
    yield folder / f"{key}.json"
    for number in count(2):
        yield folder / f"{key}-{number}.json"


def _storable(value: Any) -> Any:
    """The same data with numbers that are not finite as strings."""
    if isinstance(value, Mapping):
        return {str(name): _storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"
    return value
