"""Several clouds or meshes, one for each function of a batch."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import torch
from jaxtyping import Bool, Float, Shaped
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from fredholm.domains.domain import Domain
from fredholm.domains.points.unstructured import Unstructured


@dataclass(frozen=True)
class Stack(Domain):
    """One domain per function, padded to the size of the largest.

    Padding stands at the end. Its weight is zero and the values of a function are zero there, so
    that integrals and norms are those of the functions. Its coordinates repeat the first point.

    Args:
        members: The domains, in the order of the functions.

    Shapes:
        points() (batch, largest, dim), weights() (batch, largest).

    Raises:
        ValueError: No members, or members with other coordinates.
    """

    members: tuple[Unstructured, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        kinds = {(member.names, member.units) for member in self.members}
        if len(kinds) != 1:
            raise ValueError(
                f"domains of one batch have the same coordinates, got {sorted(kinds) or 'none'}"
            )

    def __len__(self) -> int:
        return len(self.members)

    @property
    def count(self) -> int:
        return len(self.members)

    def chosen(self, index: Any) -> Self:
        return self[index]

    def __getitem__(self, index: slice | Sequence[int] | Tensor) -> Self:
        """The domains chosen by a slice, a list, a mask or a tensor of indices."""
        chosen = torch.arange(len(self))[index].tolist()
        return type(self)(tuple(self.members[i] for i in chosen))

    def __iter__(self) -> Iterator[Unstructured]:
        return iter(self.members)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        return self.members[0].names

    @property
    def units(self) -> tuple[str, ...]:
        """Units of the coordinates."""
        return self.members[0].units

    @property
    def dim(self) -> int:
        return self.members[0].dim

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Points of each member."""
        return tuple(len(member) for member in self.members)

    @property
    def shape(self) -> tuple[int, ...]:
        return (max(self.sizes),)

    @property
    def measure(self) -> float:
        """Mean length, area or volume of the members."""
        return float(self.weights().sum()) / len(self)

    @cached_property
    def _points(self) -> Float[Tensor, "batch n dim"]:
        coords = [member.coords for member in self.members]
        padded = pad_sequence(coords, batch_first=True)
        return torch.where(self.mask[..., None], padded, padded[:, :1])

    def points(self) -> Float[Tensor, "batch n dim"]:
        return self._points

    @cached_property
    def _weights(self) -> Float[Tensor, "batch n"]:
        return pad_sequence([member.weights() for member in self.members], batch_first=True)

    def weights(self) -> Float[Tensor, "batch n"]:
        return self._weights

    @cached_property
    def mask(self) -> Bool[Tensor, "batch n"]:
        """Which entries are points and not padding."""
        sizes = torch.tensor(self.sizes)
        return torch.arange(int(sizes.max())) < sizes[:, None]

    def flat(self, values: Shaped[Tensor, "batch n *c"]) -> Shaped[Tensor, "total *c"]:
        """The values at all points of all members, one member after the other, no padding."""
        return values[self.mask.to(values.device)]

    def padded(self, values: Shaped[Tensor, "total *c"]) -> Shaped[Tensor, "batch n *c"]:
        """The inverse of `flat`, with zeros as padding."""
        result = values.new_zeros(*self.mask.shape, *values.shape[1:])
        result[self.mask.to(values.device)] = values
        return result

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """Where each member begins in `flat` values."""
        return tuple([0, *torch.tensor(self.sizes).cumsum(0).tolist()][:-1])

    def gathered(self, make: Callable[..., Tensor], *arguments: Any) -> Float[Tensor, "batch n *c"]:
        """A quantity of points, `make(member, ...)` of shape (points, *c), padded with zeros.

        Each member remembers its own.
        """
        parts = [member.remembered(make, *arguments) for member in self.members]
        return pad_sequence(parts, batch_first=True)

    def __str__(self) -> str:
        few, many = min(self.sizes), max(self.sizes)
        kind = type(self.members[0]).__name__.lower()
        return f"Stack({len(self)} domains like {kind}, {few} to {many} points)"


def stacked(domain: Domain, count: int) -> Stack:
    """The domains of a batch of functions: one each, where they share one it is repeated.

    Raises:
        ValueError: The functions live on a grid, or on another number of domains.
    """
    if isinstance(domain, Stack):
        if len(domain) != count:
            raise ValueError(f"{count} functions need as many domains, got {len(domain)}")
        return domain
    if isinstance(domain, Unstructured):
        return Stack((domain,) * count)
    raise ValueError(f"this needs functions on clouds or meshes, got a {type(domain).__name__}")
