"""Measured values of a solution, at points."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.collocation.points import coordinates, region_of
from fredholm.equations import Coefficient, Equation, Expression, eq
from fredholm.errors import DataError
from fredholm.problems import Problem


@dataclass(frozen=True, eq=False)
class Observations:
    """Values that expressions of the solution should have.

    Args:
        points: Where: one column per coordinate, in the order of the problem's, time last.
        observed: By a short name, the expression that was measured, such as an unknown or a flux.
        data: The measured values, likewise.
        scale: Their standard error; the residual is in its units. By default that of each is the
            standard deviation of its values, so that a misfit of one is as good as nothing.

    Raises:
        DataError: Lengths that do not match, or numbers that are not finite.
    """

    points: Float[Tensor, "n d"]
    observed: Mapping[str, Expression]
    data: Mapping[str, Float[Tensor, "n"]]
    scale: float | None = None

    def __post_init__(self) -> None:
        if set(self.observed) != set(self.data) or not self.data:
            raise DataError(
                f"observed are {', '.join(self.observed) or 'nothing'}, "
                f"values are given for {', '.join(self.data) or 'nothing'}"
            )
        if self.points.ndim != 2 or not bool(torch.isfinite(self.points).all()):
            raise DataError("points of observations are finite numbers (n, coordinates)")
        for name, values in self.data.items():
            if values.shape != (len(self.points),):
                raise DataError(
                    f"observations of {name!r} are one number per point ({len(self.points)},), "
                    f"got {tuple(values.shape)}"
                )
            if not bool(torch.isfinite(values).all()):
                bad = int((~torch.isfinite(values)).sum())
                raise DataError(f"{bad} of {len(values)} observations of {name!r} are not finite")
        if self.scale is not None and not self.scale > 0:
            raise DataError(f"the scale of observations is positive, got {self.scale}")

    def check(self, problem: Problem) -> None:
        """Refuses points that are not in the domain of a problem.

        Raises:
            DataError: Other coordinates, or points outside.
        """
        coords = coordinates(problem)
        if self.points.shape[1] != len(coords):
            raise DataError(
                f"points of observations have the columns {', '.join(coords)}, "
                f"got {self.points.shape[1]} columns"
            )
        region = region_of(problem)
        space = self.points[:, : region.dim].to(torch.float64)
        outside = region.signed_distance(space) > 1e-6 * max(b - a for a, b in region.bounds)
        if problem.time is not None:
            t, slack = self.points[:, -1], 1e-6 * problem.time.length
            outside |= (t < problem.time.start - slack) | (t > problem.time.stop + slack)
        if bool(outside.any()):
            first = self.points[outside][0].tolist()
            raise DataError(
                f"{int(outside.sum())} of {len(self.points)} observations lie outside the domain "
                f"of {problem.key!r}, the first at {tuple(round(x, 6) for x in first)}"
            )

    def equations(self) -> Iterator[tuple[int, Equation]]:
        """That each expression has its values, in units of their error."""
        for number, (name, observed) in enumerate(self.observed.items()):
            yield number, eq((observed - Coefficient(f"observed_{name}")) / self.unit(name))

    def unit(self, name: str) -> float:
        """What a misfit of one stands for: the standard error, or the spread of the values."""
        return self.scale or (float(self.data[name].std()) if len(self.points) > 1 else 0.0) or 1.0

    def values(self, like: Tensor) -> dict[str, Tensor]:
        """What the coefficients of `equations` are worth at the points."""
        return {f"observed_{name}": values.to(like) for name, values in self.data.items()}
