"""Which condition on a side determines which unknown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fredholm.equations import Equation, Unknown, requirements
from fredholm.equations.differential import Derivative, Normal
from fredholm.equations.expand import Orders
from fredholm.equations.validate import PARTS
from fredholm.errors import EquationError


@dataclass(frozen=True)
class Conditions:
    """Which condition holds for which unknown on which side.

    Args:
        of: By (unknown, number of the axis, 0 or 1 for its start or stop) the equations.
    """

    of: Mapping[tuple[str, int, int], tuple[Equation, ...]]

    def count(self, unknown: str, axis: int) -> int:
        """Conditions of an unknown at both ends of an axis."""
        return sum(len(self.of.get((unknown, axis, end), ())) for end in (0, 1))


def assigned(
    equations: Mapping[str, Equation],
    conditions: Mapping[str, Sequence[Equation]],
    names: tuple[str, ...],
) -> Conditions:
    """Gives each condition to an unknown in it, first to one that lacks conditions.

    Raises:
        EquationError: There are more conditions along an axis than derivatives.
    """
    found: dict[tuple[str, int, int], tuple[Equation, ...]] = {}
    orders = {u: orders_of(equations, u, names) for u in equations}
    for part, several in conditions.items():
        axis, end = next((a, pair.index(part)) for a, pair in enumerate(PARTS) if part in pair)
        inside = [[u for u in equations if Unknown(u) in c.residual.walk()] for c in several]
        for condition, among in sorted(zip(several, inside), key=lambda pair: len(pair[1])):
            lacking = [orders[u][axis] // 2 - len(found.get((u, axis, end), ())) for u in among]
            key = (among[lacking.index(max(lacking))], axis, end)
            found[key] = (*found.get(key, ()), condition)
    result = Conditions(found)
    for axis, name in enumerate(names):
        total = sum(result.count(u, axis) for u in equations)
        if total > sum(order[axis] for order in orders.values()):
            raise EquationError(
                f"{total} conditions along {name!r} are more than the derivatives along it: drop "
                "those where information leaves the box"
            )
    return result


def orders_of(
    equations: Mapping[str, Equation], unknown: str, names: tuple[str, ...]
) -> tuple[int, ...]:
    """The highest derivative of an unknown along each axis in any of the equations."""
    found: set[Orders] = set()
    for equation in equations.values():
        found |= requirements(equation.residual, names).get(unknown, frozenset())
    return tuple(max((dict(o).get(name, 0) for o in found), default=0) for name in names)


def height(condition: Equation) -> int:
    """The order of the highest derivative in a condition."""
    orders = [
        0 if not isinstance(node, Derivative) else node.order for node in condition.residual.walk()
    ]
    return max(orders) + (Normal() in condition.residual.walk())
