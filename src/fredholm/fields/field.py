"""A function known by its samples."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from jaxtyping import Shaped
from torch import Tensor
from torch.nn.functional import pad

from fredholm.domains import Domain, Grid, Stack, evaluated, over_time, space_of, time_of
from fredholm.domains.meshes.mesh_transfer import Outside
from fredholm.domains.transfer import Method


@dataclass(frozen=True, eq=False)
class Field:
    """Samples of a batch of functions, together with the domain that they were taken on.

    A field has no arithmetic of its own: verbs (`norm`, `inner`, `gradient`, ...) are functions,
    so that nothing is hidden and a tensor is one attribute away.

    Args:
        values: One value per function, point and channel.
        domain: Where the samples lie: one domain that all functions share, or one for each
            (`Stack`), whose padding holds zeros.

    Shapes:
        values (batch, *domain.shape, channels).

    Raises:
        ValueError: The shape of the values is not that of the domain, or the number of functions
            not that of the domains.
    """

    values: Shaped[Tensor, "batch *points c"]
    domain: Domain

    def __post_init__(self) -> None:
        if self.domain.count not in (None, len(self.values)):
            raise ValueError(
                f"{len(self.values)} functions need as many domains, got {self.domain.count}"
            )
        if tuple(self.values.shape[1:-1]) != self.domain.shape:
            raise ValueError(
                f"values of a field are (batch, *points, channels) with points "
                f"{self.domain.shape}, got shape {tuple(self.values.shape)}"
            )

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, index: Any) -> Self:
        """The functions chosen by a slice, a list or a tensor of indices; still a batch."""
        if isinstance(index, int):
            index = slice(index, index + 1) if index != -1 else slice(index, None)
        domain = self.domain.chosen(index)
        values = self.values[index]
        if domain.shape != self.domain.shape:  # less padding
            values = values[..., : domain.shape[-1], :]
        return replace(self, values=values, domain=domain)

    @property
    def channels(self) -> int:
        """Number of components of the function at a point."""
        return self.values.shape[-1]

    @property
    def grid(self) -> Grid:
        """The domain, where it must be a grid.

        Raises:
            ValueError: It is not.
        """
        if not isinstance(self.domain, Grid):
            raise ValueError(f"this needs a function on a Grid, got {type(self.domain).__name__}")
        return self.domain

    def with_values(self, values: Tensor) -> Self:
        """Another function on the same points."""
        return replace(self, values=values)

    def to(self, *target: Any) -> Self:
        """The same function with its values on another device or in another dtype."""
        return self.with_values(self.values.to(*target))

    def at(
        self, domain: Domain, *, method: Method | None = None, outside: Outside = "nearest"
    ) -> Self:
        """The function evaluated on another domain, of whatever kind the two are.

        Args:
            domain: A grid, a cloud, a mesh, or one for each function, with the same coordinates.
            method: `"smooth"`, the default from grids; `"linear"`, that from clouds and meshes; or
                `"nearest"` (see `fredholm.domains.resample` and `fredholm.domains.transfer`).
            outside: What becomes of points outside of a cloud or a mesh: `"nearest"`, `"nan"` or
                `"raise"`.
        """
        if domain == self.domain:
            return self
        values = evaluated(self.values, self.domain, domain, method, outside)
        return replace(self, values=values, domain=domain)


def batched(parts: Sequence[Field]) -> Field:
    """The functions of several batches as one.

    Args:
        parts: Batches on the same domain, or on domains of their own with the same coordinates.

    Raises:
        ValueError: No batches, or batches on different shared domains.
    """
    first = parts[0].domain
    if first.count is None:
        if any(part.domain != first for part in parts):
            raise ValueError("functions on different domains make no batch: evaluate them on one")
        return Field(torch.cat([part.values for part in parts]), first)
    spaces = [space_of(part.domain) for part in parts]
    members = [member for space in spaces if isinstance(space, Stack) for member in space]
    space, time = Stack(tuple(members)), time_of(first)
    largest = space.shape[-1]
    padded = [pad(part.values, (0, 0, 0, largest - part.values.shape[-2])) for part in parts]
    return Field(torch.cat(padded), space if time is None else over_time(time, space))
