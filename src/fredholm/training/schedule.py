"""Learning rates that follow the spent fraction of a budget."""

import math
from typing import Literal, Protocol

Schedule = Literal["cosine", "constant"]


class Scheduled(Protocol):
    """Settings of an optimiser whose learning rate follows the budget."""

    @property
    def lr(self) -> float: ...

    @property
    def warmup(self) -> float: ...

    @property
    def schedule(self) -> Schedule: ...

    @property
    def clip(self) -> float: ...


def rate_at(settings: Scheduled, progress: float) -> float:
    """The learning rate when the fraction `progress` of the budget is spent."""
    if progress < settings.warmup:
        # The first step of all must move: the rate starts at a hundredth.
        return settings.lr * max(progress / settings.warmup, 0.01)
    if settings.schedule == "constant":
        return settings.lr
    done = (progress - settings.warmup) / (1 - settings.warmup)
    return settings.lr * 0.5 * (1 + math.cos(math.pi * done))


def check_schedule(settings: Scheduled) -> None:
    """Refuses settings that make no schedule.

    Raises:
        ValueError: A value out of its range.
    """
    if not (settings.lr > 0 and 0 <= settings.warmup < 1 and settings.clip > 0):
        raise ValueError(f"an optimiser needs lr > 0, 0 <= warmup < 1 and clip > 0, got {settings}")
    if settings.schedule not in ("cosine", "constant"):
        raise ValueError(f"schedule is 'cosine' or 'constant', got {settings.schedule!r}")
