"""What Gaussian random functions have in common."""

from abc import abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from fredholm.domains import Axis, Grid
from fredholm.fields import Field
from fredholm.problems.prior import Prior
from fredholm.problems.series import draw_seeds, synthesise


class Gaussian(Prior):
    """A Gaussian random function with a constant mean, alike along and across all axes.

    Subclasses are frozen dataclasses, with a field `mean` where it is not zero.
    """

    mean: float = 0.0

    @property
    def mirrored(self) -> bool:
        return True

    @property
    def negated(self) -> bool:
        return self.mean == 0


@dataclass(frozen=True)
class SeparableKernel(Gaussian):
    """Gaussian random function whose covariance is a product over the axes.

    Args:
        length: Correlation length.
        sigma: Standard deviation at every point.
        mean: Mean function, a constant.

    Raises:
        ValueError: A length that is not positive.
    """

    length: float
    sigma: float = 1.0
    mean: float = 0.0

    def __post_init__(self) -> None:
        if self.length <= 0:
            raise ValueError(f"the correlation length is positive, got {self.length:g}")

    def sample(self, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
        scales = torch.full((), self.sigma, dtype=torch.float64)
        functions = []
        for axis in grid.axes:
            shape, deviations = self._modes(axis)
            functions.append(shape)
            scales = scales[..., None] * deviations
        values = synthesise(scales, functions, draw_seeds(n, generator))
        return Field(self.mean + values, grid)

    @abstractmethod
    def _modes(self, axis: Axis) -> tuple[Tensor, Tensor]:
        """Functions (k, points) of a coordinate, and the deviations (k,) of their coefficients."""
