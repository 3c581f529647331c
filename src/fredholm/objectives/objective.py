"""What is minimised, as named terms that add and scale."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from fredholm.data import Samples
from fredholm.operators import Operator


class Objective(ABC):
    """A loss with named terms; `Supervised() + 0.1 * Other()` is one again."""

    @abstractmethod
    def __call__(
        self,
        operator: Operator,
        batch: Samples,
        *,
        generator: torch.Generator,
        progress: float = 0.0,
    ) -> dict[str, Tensor]:
        """The terms on one batch, as scalars with gradients; their sum is minimised.

        Args:
            operator: The map that is trained.
            batch: Some samples.
            generator: Source of all randomness.
            progress: Spent fraction of the training, which curricula follow.
        """

    def along(self, chain: "Objective") -> "Objective":
        """The same with a chain in the place of each distance to known targets.

        What is no such distance stays as it is; so does an objective that holds none.
        """
        return self

    def __add__(self, other: "Objective") -> "Objective":
        return Sum((self, other))

    def __rmul__(self, factor: float) -> "Objective":
        return Scaled(factor, self)


@dataclass(frozen=True)
class Sum(Objective):
    """Several objectives at once. Terms of the same name are added."""

    parts: tuple[Objective, ...]

    def along(self, chain: Objective) -> Objective:
        return Sum(tuple(part.along(chain) for part in self.parts))

    def __call__(
        self,
        operator: Operator,
        batch: Samples,
        *,
        generator: torch.Generator,
        progress: float = 0.0,
    ) -> dict[str, Tensor]:
        total: dict[str, Tensor] = {}
        for part in self.parts:
            for name, term in part(operator, batch, generator=generator, progress=progress).items():
                total[name] = total[name] + term if name in total else term
        return total


@dataclass(frozen=True)
class Scaled(Objective):
    """An objective times a number."""

    factor: float
    part: Objective

    def along(self, chain: Objective) -> Objective:
        return Scaled(self.factor, self.part.along(chain))

    def __call__(
        self,
        operator: Operator,
        batch: Samples,
        *,
        generator: torch.Generator,
        progress: float = 0.0,
    ) -> dict[str, Tensor]:
        terms = self.part(operator, batch, generator=generator, progress=progress)
        return {name: self.factor * term for name, term in terms.items()}
