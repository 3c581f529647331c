"""Maps between functions."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.domains import Domain
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators.claims import Claim


class Operator(nn.Module, Recorded, ABC):
    """A map from functions to functions, learned or not.

    Subclasses are final: behaviour is varied by wrapping (`Normalised`, `GroupAveraged`, ...), not
    by overriding. The constructor call is recorded, so that a trained operator can be stored as
    plain data and rebuilt. Parameters are at most about eight, required ones first.
    """

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What the operator promises for any weights; each is a number that tests try to break."""
        return ()

    @abstractmethod
    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        """The image of each function of the batch.

        Args:
            u: The input functions.
            given: Further conditions; one that is not understood is refused (`given.only`).
            at: Domain of the result; by default that of the input.
        """

    def spread(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field | None:
        """The standard deviation of each answer, where the operator estimates one.

        Args:
            u: The input functions.
            given: Further conditions.
            at: Domain of the result; by default that of the input.
        """
        return None

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """The loss of an operator that is not trained on the distance of its answers.

        A denoiser is trained on other questions than it answers. It says which by this method, and
        `fredholm.objectives.Own` asks for it; wrappers hand the question inwards in their units.

        Args:
            u: The input functions.
            target: What the answers should be.
            given: Further conditions.
            generator: Source of all randomness.

        Raises:
            ValueError: This operator has no loss of its own.
        """
        raise ValueError(
            f"{type(self).__name__} has no loss of its own: train it with another objective, "
            "such as RelativeL2"
        )


def at_least_one(**sizes: int) -> None:
    """Checks the sizes of an architecture before parts are built with them.

    Raises:
        ValueError: One is below one, with its name.
    """
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} is at least 1, got {size}")
