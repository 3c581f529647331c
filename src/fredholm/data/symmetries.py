"""Symmetries of the spatial box acting on samples: the same change of input and target."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch

from fredholm.data.samples import Samples
from fredholm.domains import Grid
from fredholm.fields import Field, members

Action = Callable[[Field], Field]
"""A change of functions that only reorders their samples or turns their sign."""


@dataclass(frozen=True)
class Translation:
    """(g u)(x) = u(x - s h) on periodic axes, s a whole number of grid points: exact.

    Args:
        steps: Points to move along each axis of space, 0 where it is not periodic.
    """

    steps: tuple[int, ...]

    def __call__(self, u: Field) -> Field:
        """The moved functions.

        Raises:
            ValueError: Another number of axes, or a step along one that is not periodic.
        """
        places = [n for n, axis in enumerate(u.grid.axes, start=1) if axis.name != "t"]
        if len(places) != len(self.steps):
            raise ValueError(f"a translation of {len(self.steps)} axes cannot act on {u.grid}")
        for place, step in zip(places, self.steps):
            if step and not u.grid.axes[place - 1].periodic:
                raise ValueError(f"cannot translate along {u.grid.axes[place - 1]}")
        return u.with_values(torch.roll(u.values, self.steps, places))


def transform(samples: Samples, action: Action) -> Samples:
    """The samples with inputs and targets changed alike: more data where it is a symmetry."""
    inputs, targets = action(samples.inputs), action(samples.targets)
    return replace(samples, inputs=inputs, targets=targets)


def actions(name: str, grid: Grid, *, generator: torch.Generator | None = None) -> list[Action]:
    """The elements of a named group but the identity, as far as they fit the grid.

    Args:
        name: `"translations"`, or a group that acts on inputs and targets alike, see
            `fredholm.fields.members`.
        grid: Grid of the inputs.
        generator: Draws the four translations that stand for all of them.

    Raises:
        ValueError: The name is not known, or changes inputs and targets in different ways.
    """
    space = [axis for axis in grid.axes if axis.name != "t"]
    if name == "translations":
        return _translations([axis.size if axis.periodic else 1 for axis in space], generator)
    elements = members(name, len(space))[1:]
    if any(element.inputs != element.targets for element in elements):
        raise ValueError(f"{name!r} changes inputs and targets in different ways")
    return [element.inputs for element in elements if element.inputs.fits(grid)]


def _translations(sizes: Sequence[int], generator: torch.Generator | None) -> list[Action]:
    if all(size == 1 for size in sizes):
        return []
    draws = [
        tuple(int(torch.randint(size, (), generator=generator)) for size in sizes) for _ in range(8)
    ]
    return [Translation(steps) for steps in dict.fromkeys(draws) if any(steps)][:4]
