"""Which derivatives a jet carries, and the rules of products and chains for them."""

import itertools
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property

from fredholm.equations.expand import Orders, raised


def total_order(orders: Orders) -> int:
    """How often is differentiated."""
    return sum(order for _, order in orders)


@dataclass(frozen=True)
class Carried:
    """The derivatives that a jet carries, in order; with each derivative all those below it.

    The function itself is not among the rows. Rows are sorted by order, those of `collapsed`
    first, so that jets of inputs, which are linear, have the first rows only.

    Args:
        orders: The multi-indices.
        collapsed: Coordinates of which one more row, the last, has the sum of the second
            derivatives, without the second derivatives themselves.
    """

    orders: tuple[Orders, ...]
    collapsed: tuple[str, ...] = ()

    @classmethod
    def of(cls, wanted: Collection[Orders], collapsed: tuple[str, ...] = ()) -> "Carried":
        """What has to be carried to have these derivatives at the end."""
        closed = {below for orders in wanted for below in _below(orders)}
        closed |= {((name, 1),) for name in collapsed}
        first = [((name, 1),) for name in collapsed]
        known = first + sorted(closed.difference(first), key=lambda o: (total_order(o), o))
        return cls(tuple(known), collapsed)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.orders) + bool(self.collapsed)

    @cached_property
    def highest(self) -> int:
        """The highest order."""
        return max((*map(total_order, self.orders), 2 if self.collapsed else 0))

    @cached_property
    def directions(self) -> tuple[str, ...]:
        """The coordinates of the rows of first order, which come first."""
        return tuple(orders[0][0] for orders in self.orders if total_order(orders) == 1)

    @cached_property
    def place(self) -> dict[Orders, int]:
        """The row of a multi-index."""
        return {orders: row for row, orders in enumerate(self.orders)}

    @cached_property
    def chains(self) -> tuple[tuple[int, int, int, tuple[int, ...]], ...]:
        """Faà di Bruno's rule: (row, k, count, factors) for count · f⁽ᵏ⁾ · Π factors, k ≥ 2.

        The term f′ · row, which every row has, is left out, and so is the collapsed row.
        """
        found = []
        for row, orders in enumerate(self.orders):
            steps = tuple(name for name, order in orders for _ in range(order))
            terms = Counter(
                tuple(sorted(self._row(block) for block in blocks)) for blocks in partitions(steps)
            )
            found += [(row, len(f), count, f) for f, count in terms.items() if len(f) > 1]
        return tuple(found)

    @cached_property
    def products(self) -> tuple[tuple[int, int, int, int], ...]:
        """Leibniz' rule: (row, count, left, right) for products of two rows.

        The terms that have one of the functions themselves are left out, and so is the collapsed
        row.
        """
        found = []
        for row, orders in enumerate(self.orders):
            steps = tuple(name for name, order in orders for _ in range(order))
            terms: Counter[tuple[int, int]] = Counter()
            for chosen in itertools.product((True, False), repeat=len(steps)):
                left = tuple(s for s, c in zip(steps, chosen) if c)
                right = tuple(s for s, c in zip(steps, chosen) if not c)
                if left and right:
                    terms[self._row(left), self._row(right)] += 1
            found += [(row, count, *pair) for pair, count in terms.items()]
        return tuple(found)

    def _row(self, steps: tuple[str, ...]) -> int:
        return self.place[tuple(sorted(Counter(steps).items()))]


def partitions(items: tuple[str, ...]) -> Iterator[list[tuple[str, ...]]]:
    """All ways to divide the items, each of its own, into groups."""
    if not items:
        yield []
        return
    head, rest = items[0], items[1:]
    for blocks in partitions(rest):
        yield [(head,), *blocks]
        for i, block in enumerate(blocks):
            yield [*blocks[:i], (head, *block), *blocks[i + 1 :]]


def _below(orders: Orders) -> set[Orders]:
    """The multi-index and all below it, without that of the function itself."""
    result: set[Orders] = {()}
    for name, order in orders:
        result |= {raised(r, name, n) for r in result for n in range(1, order + 1)}
    return result - {()}
