"""Unbiased estimates of Laplacians in many dimensions, from jets along a few random directions."""

from collections.abc import Collection, Sequence
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus.jets import along, axes
from fredholm.calculus.multiindex import Carried
from fredholm.calculus.nested import Derivatives, Function, Wanted, nested, spatial
from fredholm.equations.expand import Orders
from fredholm.equations.spread import GRADIENT, LAPLACIAN

Directions = Literal["coordinates", "signs"]
"""Axes drawn without replacement, or vectors of random signs, which are new at every point."""


def stochastic(
    function: Function,
    points: Float[Tensor, "n d"],
    coords: Sequence[str],
    wanted: Wanted,
    *,
    samples: int,
    generator: torch.Generator,
    directions: Directions = "coordinates",
) -> Derivatives:
    """Derivatives at points; Laplacians are estimated, all others are exact.

    Δu is the mean of d ∂²u/∂xᵢ² over axes i, and of vᵀ H v over random signs v. The square of an
    estimate is biased by its variance; a product of two independent ones is not.

    Args:
        function: What to differentiate; a module of operations that jets have rules for.
        points: Where.
        coords: Names of the columns; all but `t` are space.
        wanted: Which derivatives of which outputs.
        samples: Number of directions; as many as there are axes make axes exact.
        generator: Of the draw.
        directions: What is drawn.

    Raises:
        Unsupported: The function does something that jets have no rule for.

    Reference:
        Shi et al., NeurIPS 2024, arXiv:2412.00088; Hutchinson, Commun. Stat. 18, 1989 (signs).
    """
    exact = {each for group in wanted.values() for each in group} - {LAPLACIAN}
    # A whole gradient costs one pass back, but one row for each coordinate in a jet.
    apart = len(exact) > samples or GRADIENT in exact
    inside = set() if apart else exact - {()}
    names, seeds, scale = _draw(points, coords, samples, generator, directions)
    carried = Carried.of(inside, names)
    units = axes(carried.directions[len(names) :], coords, points)
    seeds = torch.cat([seeds, units.expand(-1, seeds.shape[1], -1)])
    found = along(function, points, seeds, carried)
    result: Derivatives = {}
    for channel, group in wanted.items():
        for orders in _served(group, apart):
            values = found(channel, orders)
            result[channel, orders] = scale * values if orders == LAPLACIAN else values
    if apart:
        rest = {channel: set(group) - {LAPLACIAN} for channel, group in wanted.items()}
        result |= nested(function, points, coords, rest)
    return result


def _served(group: Collection[Orders], apart: bool) -> list[Orders]:
    return [orders for orders in group if orders == LAPLACIAN or not apart]


def _draw(
    points: Tensor,
    coords: Sequence[str],
    samples: int,
    generator: torch.Generator,
    directions: Directions,
) -> tuple[tuple[str, ...], Tensor, float]:
    """Names of directions, which no coordinate has, the directions, and the factor of their sum."""
    space = spatial(coords)
    if directions == "coordinates":
        samples = min(samples, len(space))
        chosen = torch.randperm(len(space), generator=generator)[:samples].tolist()
        seeds = axes([space[i] for i in chosen], coords, points)
        scale = len(space) / samples
    else:
        shape = samples, len(points), len(coords)
        seeds = 2 * torch.randint(0, 2, shape, generator=generator).to(points) - 1
        if len(space) < len(coords):
            seeds[..., list(coords).index("t")] = 0
        scale = 1 / samples
    return tuple(f"direction {i}" for i in range(samples)), seeds, scale
