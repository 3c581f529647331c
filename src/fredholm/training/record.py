"""What happened in a training run."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Moment:
    """One look at a running training.

    Args:
        step, epoch: Optimiser steps and completed passes so far.
        seconds: Wall-clock seconds of training so far, across interruptions.
        rate: Learning rate.
        loss: Mean objective since the last look.
        validation: Mean relative L2 error on the validation samples, where there are any.
    """

    step: int
    epoch: int
    seconds: float
    rate: float
    loss: float
    validation: float | None = None


@dataclass(frozen=True)
class Record:
    """The story of a run, as plain data.

    Args:
        settings: What determined the run: budget, optimiser, objective, batch, seed, data.
        history: Looks at the run, about forty of them.
        steps, epochs, seconds: What it took.
        best: The look whose weights were kept.
        parameters: Number of trained parameters.
        device: Where it ran, and with how many threads.
    """

    settings: dict[str, Any]
    history: tuple[Moment, ...] = ()
    steps: int = 0
    epochs: int = 0
    seconds: float = 0.0
    best: Moment | None = None
    parameters: int = 0
    device: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Plain data for `surrogate.json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Record":
        """The record that `to_json` wrote."""
        history = tuple(Moment(**row) for row in data.get("history", ()))
        best = Moment(**data["best"]) if data.get("best") else None
        return cls(**{**data, "history": history, "best": best})
