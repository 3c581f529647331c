"""Snapshots of a running training: what a killed process leaves behind."""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from fredholm.errors import DataError, FormatError

NAME = "checkpoint.pt"


@dataclass(frozen=True)
class Checkpoints:
    """Where and how often the state of a run is written.

    Args:
        folder: The run's folder; made if it does not exist.
        every: Seconds between snapshots: the most that a killed process loses.
        resume: Continue from the snapshot in the folder, where there is one.
    """

    folder: Path
    every: float = 30.0
    resume: bool = False

    @property
    def path(self) -> Path:
        """The snapshot's file."""
        return Path(self.folder) / NAME

    def save(self, state: dict[str, Any]) -> None:
        """Replaces the snapshot at once: a reader sees the old or the new one, never a part.

        Raises:
            DataError: The folder cannot be written or the disk is full; the old snapshot is kept.
        """
        write_atomically(self.path, lambda partial: torch.save(state, partial))

    def load(self, settings: dict[str, Any]) -> dict[str, Any] | None:
        """The snapshot to continue from, or None to start afresh.

        Args:
            settings: What determines the run now; it must be what it was then.

        Raises:
            FormatError: The snapshot is damaged or belongs to a run with other settings.
        """
        if not (self.resume and self.path.exists()):
            return None
        try:
            state = torch.load(self.path, weights_only=True, map_location="cpu")
        except Exception as error:  # torch raises many kinds for a damaged file
            raise FormatError(
                f"{self.path} is damaged ({type(error).__name__}); remove it to start afresh"
            ) from error
        then = state.get("settings", {})
        changed = sorted(k for k in {*settings, *then} if settings.get(k) != then.get(k))
        if changed:
            raise FormatError(
                f"{self.path} belongs to a run with other settings ("
                + "; ".join(f"{k}: {then.get(k)} then, {settings.get(k)} now" for k in changed)
                + "): repeat the original command with --resume, or choose another run folder"
            )
        return state


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Writes a file beside its place and moves it there when it is whole.

    Raises:
        DataError: It cannot be written; nothing is left behind and an old file is untouched.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(partial)
        os.chmod(partial, 0o666 & ~_umask())
        os.replace(partial, path)
    except (OSError, RuntimeError) as error:  # torch wraps a full disk in a RuntimeError
        _discard(partial)
        reason = error if isinstance(error, OSError) else f"the disk may be full ({error})"
        raise DataError(f"cannot write {path}: {reason}") from error
    except BaseException:
        _discard(partial)
        raise


def _umask() -> int:
    """The permissions that the user takes away from new files; some writers take all away."""
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _discard(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
