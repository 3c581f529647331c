"""Where a function is sampled, and how sums become integrals."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


class Domain(ABC):
    """A set of points with quadrature weights: Σᵢ wᵢ f(xᵢ) approximates ∫ f dx.

    Everything that a norm, an operator or a picture has to know about the discretisation is asked
    here, so that no caller carries spacings, measures or axis orders by hand.
    """

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates; a time is called t and stands first."""

    @property
    @abstractmethod
    def dim(self) -> int:
        """Number of coordinates of a point."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of the array of points; a cloud has one entry."""

    @abstractmethod
    def points(self) -> Float[Tensor, "*points dim"]:
        """Coordinates in float64, in the units of the axes."""

    @abstractmethod
    def weights(self) -> Float[Tensor, "*points"]:
        """Quadrature weights in float64; a weight of zero marks padding.

        Where every function has a domain of its own, points and weights have a leading dimension
        that counts them.
        """

    @property
    def count(self) -> int | None:
        """For how many functions there is a domain each; None where all share this one."""
        return None

    def chosen(self, index: Any) -> "Domain":
        """The domains of some functions of a batch: this one, where all share it."""
        return self

    @property
    def measure(self) -> float:
        """Length, area or volume: the integral of one."""
        return float(torch.sum(self.weights()))
