"""Run folders: where a training leaves everything that it made, and how it is found again."""

import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from fredholm.cli.files import refuse_folder
from fredholm.cli.output import plain
from fredholm.errors import DataError, FormatError, Interrupted

RUN = "run.json"
FINISHED = ("surrogate.json", "solution.json")
"""What a run leaves when it has ended, one of them."""


@dataclass(frozen=True)
class Description:
    """What determines a run, and the command that asked for it.

    Args:
        command: The command line.
        settings: What determines the result, as plain data: a run is only continued with the same.
    """

    command: str
    settings: Mapping[str, Any]


@contextmanager
def opened(folder: Path, description: Description, *, resume: bool) -> Iterator[Path]:
    """The folder of a run, with `run.json` in it.

    A new folder that holds nothing else when the run fails is removed again.

    Raises:
        DataError: It exists, or is not there to be continued, or cannot be made.
        FormatError: It belongs to a run with other settings.
    """
    if resume:
        _same(folder, description)
        yield folder
        return
    made = _make(folder)
    write_json(folder / RUN, _facts(description))
    try:
        yield folder
    except (Interrupted, KeyboardInterrupt):
        raise
    except BaseException:
        _forget(folder, made)
        raise


def free(base: str, parent: Path = Path("runs")) -> Path:
    """The first folder `parent/base-k`, k = 1, 2, ..., that does not exist."""
    return next(path for path in _numbered(base, parent) if not path.exists())


def unfinished(base: str, description: Description, parent: Path = Path("runs")) -> Path:
    """The latest folder `parent/base-k` of a run with these settings that has not ended.

    Raises:
        DataError: There is none.
    """
    found = None
    for path in _numbered(base, parent):
        if not path.exists():
            break
        ended = any((path / name).exists() for name in FINISHED)
        if (path / RUN).exists() and not ended:
            found = path if not _changed(path, description) else found
    if found is None:
        raise DataError(
            f"there is no unfinished run {parent / base}-* with these settings; "
            "name its folder with --run FOLDER, or leave out --resume to begin a new one"
        )
    return found


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Writes plain data to a file, at once or not at all.

    Raises:
        DataError: It cannot be written.
    """
    from fredholm.training import write_atomically

    text = json.dumps(plain(dict(content)), indent=1, allow_nan=False) + "\n"
    write_atomically(path, lambda partial: partial.write_text(text, encoding="utf-8"))


def _numbered(base: str, parent: Path) -> Iterator[Path]:
    return (parent / f"{base}-{number}" for number in count(1))


def _make(folder: Path) -> list[Path]:
    """Makes the folder and those above it; returns those that are new, the deepest first."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise DataError(
            f"{folder} exists; choose another folder, or add --resume to continue the run in it"
        )
    refuse_folder(folder)
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return made


def _forget(folder: Path, made: list[Path]) -> None:
    """Removes what `opened` made, as far as nothing else was put there."""
    if any(path.name != RUN for path in folder.iterdir()):
        return
    (folder / RUN).unlink(missing_ok=True)
    for path in made:
        if any(path.iterdir()):
            break
        path.rmdir()


def _facts(description: Description) -> dict[str, Any]:
    import torch

    import fredholm

    return {
        "format": 1,
        "command": description.command,
        "settings": description.settings,
        "begun": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {
            "fredholm": fredholm.__version__,
            "torch": str(torch.__version__),
            "python": platform.python_version(),
        },
    }


def _same(folder: Path, description: Description) -> None:
    """Makes sure that a folder holds the same run.

    Raises:
        DataError: It holds none.
        FormatError: It holds another.
    """
    if not (folder / RUN).is_file():
        raise DataError(f"{folder} holds no run that could be continued (no {RUN})")
    changed = _changed(folder, description)
    if changed:
        raise FormatError(
            f"{folder} holds a run with other settings ({changed}): repeat the original command "
            "with --resume, or choose another run folder"
        )


def _changed(folder: Path, description: Description) -> str:
    """The settings that are not those of the run in a folder, in words; empty if all are."""
    path = folder / RUN
    try:
        then = json.loads(path.read_text(encoding="utf-8"))["settings"]
        names = sorted({*then, *description.settings})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FormatError(f"{path} is damaged ({error!r}); begin a new run") from error
    now = json.loads(json.dumps(plain(dict(description.settings))))
    return "; ".join(
        f"{name}: {then.get(name)} then, {now.get(name)} now"
        for name in names
        if then.get(name) != now.get(name)
    )
