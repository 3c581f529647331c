"""A region of space: its points, its distance functions and the named parts of its boundary."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from fredholm.domains.geometry.sampling import Method, fill_cube, reject
from fredholm.domains.geometry.smooth import joined
from fredholm.domains.grid import Grid
from fredholm.errors import did_you_mean

if TYPE_CHECKING:
    from fredholm.domains.geometry.box import Box

Bounds = tuple[tuple[float, float], ...]


class Boundary(NamedTuple):
    """Points of the boundary and the unit normals there, which point out of the region."""

    points: Float[Tensor, "n dim"]
    normals: Float[Tensor, "n dim"]


class Region(ABC):
    """A bounded region of space with a boundary in named parts; a value that is never changed.

    Time is no coordinate of a region. Regions are combined by `a | b` (union), `a & b`
    (intersection) and `a - b` (difference); parts keep their names, and those of which nothing is
    left are dropped.

    There are three functions of points, whose device and dtype they follow:
    `signed_distance` is the Euclidean one, with kinks wherever two points of the boundary are
    equally near. `distance` is smooth, which is what an ansatz that a differential operator is
    applied to has to be; it is close to the Euclidean distance near the part only. `level` is
    smooth too and tells inside from outside.

    Attributes:
        bounds: Least and greatest coordinate along each axis.
        parts: Names of the parts of the boundary.
    """

    bounds: Bounds
    parts: tuple[str, ...]

    @property
    def dim(self) -> int:
        """Number of coordinates of a point."""
        return len(self.bounds)

    @property
    def size(self) -> float:
        """The longest side of the bounds."""
        return float((self._corners[1] - self._corners[0]).max())

    @cached_property
    def _corners(self) -> Float[Tensor, "2 dim"]:
        """The least and the greatest coordinates, float64."""
        return torch.tensor(self.bounds, dtype=torch.float64).T

    @property
    @abstractmethod
    def measure(self) -> float:
        """Length, area or volume."""

    @abstractmethod
    def measure_of(self, part: str) -> float:
        """Length or area of a part of the boundary; in one dimension its number of points.

        Raises:
            ValueError: There is no such part.
        """

    @abstractmethod
    def signed_distance(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        """Distance from the boundary, negative inside.

        Exact for a single shape. For a combination the sign is exact, and the absolute value is
        not greater than the distance.

        Raises:
            ValueError: The points have another number of coordinates.
        """

    @abstractmethod
    def level(self, points: Float[Tensor, "*n dim"]) -> Float[Tensor, "*n"]:
        """A smooth function, positive inside, zero on the boundary and negative outside.

        Of slope one on the boundary; derivatives are singular at corners alone.

        Raises:
            ValueError: The points have another number of coordinates.
        """

    @abstractmethod
    def distance_everywhere(
        self, points: Float[Tensor, "*n dim"], part: str, *, outside: bool = False
    ) -> Float[Tensor, "*n"]:
        """A smooth function of all space that vanishes on one part of the boundary alone.

        What `distance` is made of where regions are combined.

        Args:
            points: Anywhere.
            part: Name of the part.
            outside: It increases with slope one from the part to the outside, not to the inside.
                Behind the part it may have any sign.

        Raises:
            ValueError: There is no such part, or the points have another number of coordinates.
        """

    def distance(self, points: Float[Tensor, "*n dim"], part: str) -> Float[Tensor, "*n"]:
        """Approximate distance from one part: positive elsewhere in the region and smooth.

        Zero exactly on the part, of slope one along the inner normal there, and twice
        differentiable everywhere but at the ends of the part.

        Args:
            points: Points of the region or of its boundary.
            part: Name of the part.

        Raises:
            ValueError: There is no such part, or the points have another number of coordinates.
        """
        return self.distance_everywhere(points, part)

    def distance_laplacian(
        self, points: Float[Tensor, "*n dim"], part: str
    ) -> Float[Tensor, "*n"] | None:
        """The Laplacian of `distance`, where there is a formula; None where there is none.

        In many dimensions, to differentiate twice along every axis would cost more than all else.

        Args:
            points: Points of the region or of its boundary.
            part: Name of the part.

        Raises:
            ValueError: There is no such part, or the points have another number of coordinates.
        """
        self._require(points, part)
        return None

    def joint_distance(
        self, points: Float[Tensor, "*n dim"], parts: Sequence[str], *, order: int = 1
    ) -> Float[Tensor, "*n"]:
        """Approximate distance from the nearest of several parts; see `distance`.

        Args:
            points: Points of the region or of its boundary.
            parts: Names of the parts.
            order: Order to which distances are kept where parts are joined.

        Raises:
            ValueError: There is no such part, none is named, or the order is not positive.
        """
        if not parts:
            raise ValueError(f"name at least one part to measure from: {', '.join(self.parts)}")
        return joined(torch.stack([self.distance(points, part) for part in parts], -1), order)

    def inside(self, points: Float[Tensor, "*n dim"]) -> Bool[Tensor, "*n"]:
        """Which of the points lie in the region, its boundary excluded.

        Raises:
            ValueError: The points have another number of coordinates.
        """
        return self.signed_distance(points) < 0

    def sample(
        self, n: int, *, generator: torch.Generator, method: Method = "sobol"
    ) -> Float[Tensor, "n dim"]:
        """Points that fill the region uniformly, float64.

        Args:
            n: Number of points.
            generator: Source of randomness.
            method: How the box around the region is filled, see `fill_cube`; points outside are
                left out, by which a Latin hypercube loses its balance.

        Raises:
            ValueError: An unknown method, fewer than one point, or a region that seems empty.
        """

        def draw(k: int) -> Tensor:
            start, stop = self._corners
            return start + (stop - start) * fill_cube(
                k, self.dim, generator=generator, method=method
            )

        return reject(n, draw, self.inside, "the region")

    @abstractmethod
    def boundary(
        self, n: int, *, part: str, generator: torch.Generator, method: Method = "sobol"
    ) -> Boundary:
        """Points that fill a part of the boundary uniformly, with normals, float64.

        Args:
            n: Number of points.
            part: Name of the part.
            generator: Source of randomness.
            method: See `fill_cube`.

        Raises:
            ValueError: There is no such part, an unknown method, or fewer than one point.
        """

    @staticmethod
    def of_grid(grid: Grid) -> "Box":
        """The box that a grid fills."""
        from fredholm.domains.geometry.box import Box

        return Box(tuple((axis.start, axis.stop) for axis in grid.axes))

    def __or__(self, other: "Region") -> "Region":
        from fredholm.domains.geometry.combined import Union

        return Union(self, other)

    def __and__(self, other: "Region") -> "Region":
        from fredholm.domains.geometry.combined import Intersection

        return Intersection(self, other)

    def __sub__(self, other: "Region") -> "Region":
        from fredholm.domains.geometry.combined import Difference

        return Difference(self, other)

    def _require(self, points: Tensor | None = None, part: str | None = None) -> None:
        """Refuses points of another dimension and parts that do not exist."""
        if points is not None and (points.dim() == 0 or points.shape[-1] != self.dim):
            raise ValueError(
                f"points of this region have {self.dim} coordinates, got shape "
                f"{tuple(points.shape)}"
            )
        if part is not None and part not in self.parts:
            raise ValueError(
                f"the region has no part {part!r}: {did_you_mean(part, [*self.parts])}"
            )


def check_name(name: str) -> None:
    """Refuses names of parts that a statement could not name.

    Raises:
        ValueError: The name is empty, is `all`, or contains `|` or space at its ends.
    """
    if not name or name != name.strip() or name == "all" or "|" in name:
        raise ValueError(
            f"a part of the boundary has a name other than 'all', without '|' or space at its "
            f"ends, got {name!r}"
        )
