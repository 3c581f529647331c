"""Where a function is sampled, and how sums become integrals."""

from abc import ABC, abstractmethod

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
        """Quadrature weights in float64; a weight of zero marks padding."""

    @property
    def measure(self) -> float:
        """Length, area or volume: the integral of one."""
        return float(torch.sum(self.weights()))
