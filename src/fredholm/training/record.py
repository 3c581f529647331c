"""What happened in a training run."""

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Moment:
    """One look at a running training.

    Args:
        step, epoch: Optimiser steps and completed passes so far.
        seconds: Wall-clock seconds of training so far, across interruptions.
        rate: Learning rate; damping or step length of a second-order method.
        loss: Mean objective since the last look; of `minimise` the objective at the look.
        validation: Mean relative L2 error on the validation samples, where there are any; of
            `minimise` what its `measure` said.
        terms: The parts of the loss, where they are kept apart.
    """

    step: int
    epoch: int
    seconds: float
    rate: float
    loss: float
    validation: float | None = None
    terms: dict[str, float] = field(default_factory=dict)


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
        stopped: Why it ended before its budget was spent, if it did.
    """

    settings: dict[str, Any]
    history: tuple[Moment, ...] = ()
    steps: int = 0
    epochs: int = 0
    seconds: float = 0.0
    best: Moment | None = None
    parameters: int = 0
    device: dict[str, Any] = field(default_factory=dict)
    stopped: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain data for `surrogate.json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Record":
        """The record that `to_json` wrote."""
        history = tuple(Moment(**row) for row in data.get("history", ()))
        best = Moment(**data["best"]) if data.get("best") else None
        return cls(**{**data, "history": history, "best": best})


def device_of(place: Tensor) -> dict[str, Any]:
    """Where a tensor lies and with how many threads it is worked on, for a record."""
    name = torch.cuda.get_device_name(place.device) if place.is_cuda else "CPU"
    return {"type": place.device.type, "name": name, "threads": torch.get_num_threads()}
