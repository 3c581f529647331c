"""How the derivatives of a network are taken: the costs of the methods, and a choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from fredholm.calculus.multiindex import Carried, total_order
from fredholm.calculus.nested import Wanted, gradients_taken, spatial
from fredholm.equations.expand import Orders
from fredholm.equations.spread import GRADIENT, LAPLACIAN

Method = Literal["auto", "nested", "jets", "laplacian", "stochastic"]
METHODS = get_args(Method)
"""Names of the methods."""

MANY_DIMENSIONS = 300
"""From here on an estimate of a Laplacian is worth its noise (arXiv:2412.00088, table 1)."""

_SHOWN = 16
"""So many derivatives are printed."""

_CHAIN = 0.1
"""Cost of one product in the rules of chains of higher order, in passes forward (measured)."""

_GROWTH = 2.5
"""How much longer the graph of a gradient is than that of the function (measured)."""


@dataclass(frozen=True)
class Choice:
    """How the derivatives of one network are taken.

    Args:
        derivatives: What is taken, as it is printed.
        method: By which method.
        costs: Estimated costs by method, in units of a pass forward; a training step costs three
            times as much, whatever the method.
    """

    derivatives: tuple[str, ...]
    method: Method
    costs: Mapping[str, float]

    def __str__(self) -> str:
        passes = f"{self.costs[self.method]:.0f} forward passes"
        others = {name: cost for name, cost in self.costs.items() if name != "stochastic"}
        if self.method != "nested":
            others = {"nested": others["nested"]}
        best = min(others, key=lambda name: (name == self.method, others[name]))
        rival = f"; {best} would take {others[best]:.0f}" if best != self.method else ""
        shown = self.derivatives[:_SHOWN]
        if len(self.derivatives) > _SHOWN:
            shown = (*shown, f"and {len(self.derivatives) - _SHOWN} more")
        return f"{self.method}: {', '.join(shown)} ({passes}{rival})"


@dataclass(frozen=True)
class Plan:
    """The choices for all networks of some expressions; `str(plan)` is for people."""

    choices: tuple[Choice, ...]

    def __str__(self) -> str:
        return "\n".join(map(str, self.choices)) or "no function is differentiated"


def choose(
    wanted: Wanted,
    coords: Sequence[str],
    names: Mapping[int, str],
    *,
    method: Method = "auto",
    samples: int | None = None,
    jets: bool = True,
) -> Choice:
    """The cheapest method, or the one that is asked for.

    Args:
        wanted: Which derivatives of which outputs of one network.
        coords: Names of the coordinates.
        names: What the outputs are called.
        method: `auto`, or a method.
        samples: Directions of an estimate; without it none is considered.
        jets: Whether jets pass through the network.
    """
    estimated = costs(wanted, coords, samples)
    if not jets:
        estimated = {"nested": estimated["nested"]}
    if method == "laplacian" and method not in estimated:
        method = "jets"  # the same, where there is no Laplacian
    if method not in estimated:
        exact = [name for name in estimated if name != "stochastic"]
        many = len(spatial(coords)) > MANY_DIMENSIONS and "stochastic" in estimated
        cheapest = min(exact, key=lambda name: estimated[name])
        method = "stochastic" if many else cheapest  # type: ignore[assignment]
    return Choice(_written(wanted, names), method, estimated)


def costs(wanted: Wanted, coords: Sequence[str], samples: int | None = None) -> dict[str, float]:
    """Estimated costs in passes forward, for the methods that can be used.

    A gradient of a derivative of order k goes back through a graph about 2.5ᵏ times as long as that
    of the function; a jet costs one pass for each row, and the products of its rules.
    """
    space = spatial(coords)
    nested = 1.0 + sum(
        _GROWTH ** total_order(orders)
        for group in wanted.values()
        for orders in gradients_taken(group, coords)
    )
    orders = {each for group in wanted.values() for each in group} - {()}
    exact = orders - {LAPLACIAN, GRADIENT}
    if GRADIENT in orders:
        exact |= {((name, 1),) for name in space}
    if LAPLACIAN not in orders:
        return {"nested": nested, "jets": jet_cost(Carried.of(exact))}
    terms = {((name, 2),) for name in space}
    found = {
        "nested": nested,
        "jets": jet_cost(Carried.of(exact | terms)),
        "laplacian": jet_cost(Carried.of(exact, space)),
    }
    if samples is not None:
        apart = len(exact) > samples  # as a gradient, see `stochastic`
        found["stochastic"] = 2.0 + samples + (_GROWTH if apart else len(exact))
    return found


def jet_cost(carried: Carried) -> float:
    """Cost of a pass of jets."""
    products = sum(len(factors) - 1 for _, _, _, factors in carried.chains)
    return 1.0 + carried.rows + _CHAIN * products


def _written(wanted: Wanted, names: Mapping[int, str]) -> tuple[str, ...]:
    return tuple(
        written(names[channel], orders)
        for channel, group in sorted(wanted.items())
        for orders in sorted(group, key=_order_of_printing)
    )


def _order_of_printing(orders: Orders) -> tuple:
    return orders == LAPLACIAN, orders == GRADIENT, total_order(orders), orders


def written(name: str, orders: Orders) -> str:
    """A derivative as text: u_xxt, or Δu."""
    if orders in (LAPLACIAN, GRADIENT):
        return f"{'Δ' if orders == LAPLACIAN else '∇'}{name}"
    steps = "".join(coord * order for coord, order in orders)
    return f"{name}_{steps}" if steps else name
