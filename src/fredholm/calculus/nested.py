"""Derivatives of functions of coordinates by reverse mode over reverse mode."""

from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus.multiindex import total_order
from fredholm.equations.expand import Orders, raised
from fredholm.equations.spread import GRADIENT, LAPLACIAN

Function = Callable[[Tensor], Tensor]
"""A function of points (n, d) with values (n, m), where each row depends on its own point only."""

Wanted = Mapping[int, Collection[Orders]]
"""By output channel, which derivatives are wanted; `LAPLACIAN` and `GRADIENT` among them."""

Derivatives = dict[tuple[int, Orders], Tensor]
"""By output channel and multi-index, the values (n,); of a gradient (n, dim)."""


def nested(
    function: Function,
    points: Float[Tensor, "n d"],
    coords: Sequence[str],
    wanted: Wanted,
) -> Derivatives:
    """Derivatives at points; one gradient serves all derivatives that differ in the last step.

    Args:
        function: What to differentiate; anything that autograd knows.
        points: Where.
        coords: Names of the columns; all but `t` are space.
        wanted: Which derivatives of which outputs.

    Returns:
        The values, with a graph to the parameters of the function where gradients are enabled.
    """
    with_graph = torch.is_grad_enabled()
    found: Derivatives = {}
    with torch.enable_grad():
        x = points if points.requires_grad else points.detach().requires_grad_()
        outputs = channels(function(x))
        for channel, orders in wanted.items():
            each = _derivatives(outputs[:, channel], x, coords, orders, with_graph)
            found.update({(channel, order): values for order, values in each.items()})
    return found if with_graph else {key: values.detach() for key, values in found.items()}


def gradients_taken(wanted: Collection[Orders], coords: Sequence[str]) -> list[Orders]:
    """The derivatives of one output whose gradient is taken to reach all that are wanted.

    A mixed derivative has several ways to it; one that is taken anyway is preferred.
    """
    needed = set(_terms(wanted, coords))
    taken: set[Orders] = set()
    for level in range(max(map(total_order, needed), default=0), 0, -1):
        here = sorted(orders for orders in needed if total_order(orders) == level)
        for orders in here:
            parents = [parent for parent, _ in _steps(orders)]
            if not taken.intersection(parents):
                best = parents[0]
                if len(parents) > 1:
                    best = max(parents, key=lambda p: (p in needed, _children(p, here)))
                taken.add(best)
                needed.add(best)
    return sorted(taken, key=lambda orders: (total_order(orders), orders))


def slopes(u: Tensor, x: Tensor, *, create_graph: bool = True) -> Tensor:
    """The gradient of each value of u in its own row of x; zero where u does not depend on x."""
    if not u.requires_grad:
        return torch.zeros_like(x)
    [gradient] = torch.autograd.grad(
        u.sum(), x, create_graph=create_graph, retain_graph=True, materialize_grads=True
    )
    return gradient


def spatial(coords: Sequence[str]) -> tuple[str, ...]:
    """The coordinates that are not time."""
    return tuple(name for name in coords if name != "t")


def channels(values: Tensor) -> Float[Tensor, "n m"]:
    """The values of a function with a last axis for its outputs, also where it has one only."""
    return values.unsqueeze(-1) if values.ndim == 1 else values


def _derivatives(
    u: Tensor, x: Tensor, coords: Sequence[str], wanted: Collection[Orders], with_graph: bool
) -> dict[Orders, Tensor]:
    taken = gradients_taken(wanted, coords)
    known: dict[Orders, Tensor] = {(): u}
    for orders in taken:
        last = not with_graph and total_order(orders) == total_order(taken[-1])
        gradient = slopes(known[orders], x, create_graph=not last)
        if not orders and GRADIENT in wanted:
            known[GRADIENT] = gradient[:, [i for i, name in enumerate(coords) if name != "t"]]
        columns = gradient.unbind(1)
        known |= {raised(orders, name, 1): column for name, column in zip(coords, columns)}
    if LAPLACIAN in wanted:
        second = [known[((name, 2),)] for name in spatial(coords)]
        known[LAPLACIAN] = torch.stack(second).sum(0)
    return {orders: known[orders] for orders in wanted}


def _terms(wanted: Collection[Orders], coords: Sequence[str]) -> list[Orders]:
    """The multi-indices, with the Laplacian and the gradient written out."""
    plain = [orders for orders in wanted if orders not in (LAPLACIAN, GRADIENT)]
    laplacian = [((name, 2),) for name in spatial(coords)] if LAPLACIAN in wanted else []
    # One derivative stands for all: each is a column of the same gradient.
    gradient = [((spatial(coords)[0], 1),)] if GRADIENT in wanted else []
    return plain + laplacian + gradient


def _steps(orders: Orders) -> list[tuple[Orders, str]]:
    """The multi-indices one below, each with the coordinate in which it is raised."""
    return [(raised(orders, name, -1), name) for name, _ in orders]


def _children(parent: Orders, among: Collection[Orders]) -> int:
    return sum(any(below == parent for below, _ in _steps(orders)) for orders in among)
