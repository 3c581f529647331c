"""What varies between the samples of a problem: a probability measure on functions."""

from abc import ABC, abstractmethod
from typing import Any

import torch

from fredholm.calls import describe
from fredholm.domains import Grid
from fredholm.fields import Field


class Prior(ABC):
    """A random function that can be sampled on any grid.

    Subclasses are frozen dataclasses: their fields are the whole description.
    """

    @abstractmethod
    def sample(self, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
        """n independent draws on the grid, float64, one channel.

        Args:
            n: Number of functions.
            grid: Where they are sampled.
            generator: Source of randomness; the same seed gives the same functions.
        """

    def describe(self) -> dict[str, Any]:
        """The prior as JSON, from which `fredholm.calls.rebuild` makes it again."""
        return describe(self)

    @property
    def mirrored(self) -> bool:
        """Whether a draw is as likely as its image under any reflection or exchange of axes."""
        return False

    @property
    def negated(self) -> bool:
        """Whether a draw is as likely as its negative."""
        return False
