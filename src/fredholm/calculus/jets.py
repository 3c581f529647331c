"""Derivatives of functions of coordinates by Taylor mode: one pass forward carries them all."""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import jet_arithmetic, jet_shapes  # noqa: F401  (they register rules)
from fredholm.calculus.jet import Jet, full, padded
from fredholm.calculus.multiindex import Carried
from fredholm.calculus.nested import Derivatives, Function, Wanted, channels, spatial
from fredholm.equations.spread import GRADIENT, LAPLACIAN


def jets(
    function: Function,
    points: Float[Tensor, "n d"],
    coords: Sequence[str],
    wanted: Wanted,
    *,
    collapse: bool = True,
) -> Derivatives:
    """Derivatives at points, all in one pass forward.

    Args:
        function: What to differentiate; a module of operations that jets have rules for.
        points: Where.
        coords: Names of the columns; all but `t` are space.
        wanted: Which derivatives of which outputs.
        collapse: Carry one row for a Laplacian, and not all of its terms.

    Raises:
        Unsupported: The function does something that has no rule.
    """
    space = spatial(coords)
    orders = {each for group in wanted.values() for each in group} - {()}
    laplacian = LAPLACIAN in orders
    gradient = [((name, 1),) for name in space]
    if GRADIENT in orders:
        orders = orders - {GRADIENT} | set(gradient)
    terms = {((name, 2),) for name in space} if laplacian and not collapse else set()
    carried = Carried.of(orders - {LAPLACIAN} | terms, space if laplacian and collapse else ())
    found = along(function, points, axes(carried.directions, coords, points), carried)
    result: Derivatives = {}
    for channel, group in wanted.items():
        for each in group:
            if each == LAPLACIAN and not collapse:
                result[channel, each] = sum(found(channel, term) for term in terms)  # type: ignore[assignment]
            elif each == GRADIENT:
                result[channel, each] = torch.stack([found(channel, e) for e in gradient], dim=-1)
            else:
                result[channel, each] = found(channel, each)
    return result


def axes(names: Sequence[str], coords: Sequence[str], like: Tensor) -> Float[Tensor, "p 1 d"]:
    """The unit vectors along some of the coordinates."""
    place = {name: i for i, name in enumerate(coords)}
    seeds = like.new_zeros(len(names), 1, len(coords))
    seeds[range(len(names)), 0, [place[name] for name in names]] = 1
    return seeds


def along(
    function: Function, points: Float[Tensor, "n d"], seeds: Tensor, carried: Carried
) -> Callable[[int, tuple], Tensor]:
    """The derivatives of a function along directions, by channel and multi-index.

    Args:
        function: What to differentiate.
        points: Where.
        seeds: The direction of each row of first order, (p, n or 1, d).
        carried: Which derivatives; `LAPLACIAN` stands for the collapsed row.
    """
    out = function(Jet(points, seeds, carried) if carried.rows else points)  # type: ignore[arg-type]
    value = channels(out.value if isinstance(out, Jet) else out)
    rows = full(padded(out), len(value)) if isinstance(out, Jet) else None

    def found(channel: int, orders: tuple) -> Tensor:
        if not orders:
            return value[:, channel]
        if rows is None:
            return torch.zeros_like(value[:, channel])
        row = rows[-1 if orders == LAPLACIAN else carried.place[orders]]
        return channels(row)[:, channel]

    return found
