"""How much a training run may cost, and how far it has come."""

import time
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Budget:
    """Exactly one limit: wall-clock seconds, optimiser steps, or passes over the samples.

    Steps and epochs make a run reproducible number for number; seconds make runs of different
    methods comparable, and then the schedule follows the clock.

    Args:
        seconds, steps, epochs: The limit.
        clock: What seconds are: those on the wall, or those that the processor worked for this
            process on all its threads, which are fairer where a machine is shared.

    Raises:
        ValueError: None or several limits are given, or one is not positive.
    """

    seconds: float | None = None
    steps: int | None = None
    epochs: int | None = None
    clock: Literal["wall", "processor"] = "wall"

    def __post_init__(self) -> None:
        limits = [x for x in (self.seconds, self.steps, self.epochs) if x is not None]
        if len(limits) != 1 or not limits[0] > 0:
            raise ValueError(
                "a budget is one positive number of seconds, steps or epochs, got "
                f"seconds={self.seconds}, steps={self.steps}, epochs={self.epochs}"
            )

    def progress(self, *, seconds: float, steps: int, steps_per_epoch: int) -> float:
        """How much of the budget is spent, from 0 to 1."""
        if self.seconds is not None:
            return min(seconds / self.seconds, 1.0)
        limit = self.steps if self.steps is not None else (self.epochs or 0) * steps_per_epoch
        return min(steps / limit, 1.0)

    def now(self) -> float:
        """Seconds on its clock, of which only differences mean anything."""
        return time.process_time() if self.clock == "processor" else time.monotonic()

    def __str__(self) -> str:
        name = next(n for n in ("seconds", "steps", "epochs") if getattr(self, n) is not None)
        clock = " of processor time" if name == "seconds" and self.clock == "processor" else ""
        return f"{getattr(self, name):g} {name}{clock}"
