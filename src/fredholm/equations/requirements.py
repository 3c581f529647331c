"""Which derivatives of which functions an expression needs: what a planner plans."""

from fredholm.equations.differential import Derivative
from fredholm.equations.expand import Orders, expand, raised
from fredholm.equations.tree import Coefficient, Expression, Unknown


def requirements(e: Expression, coords: tuple[str, ...]) -> dict[str, frozenset[Orders]]:
    """The multi-indices per function after all products and chains are differentiated.

    Leibniz' rule makes lower derivatives of each factor appear, so a derivative of a product
    needs every multi-index below its own.

    Args:
        e: A scalar expression or a vector.
        coords: Names of the spatial coordinates.

    Returns:
        For each unknown or coefficient the multi-indices; `()` is the function itself.

    Raises:
        EquationError: The expression has no meaning over these coordinates.
    """
    needed: dict[str, set[Orders]] = {}
    _collect(expand(e, coords), (), True, needed)
    return {name: frozenset(found) for name, found in needed.items()}


def _collect(e: Expression, orders: Orders, bare: bool, needed: dict[str, set[Orders]]) -> None:
    """`bare`: only derivatives stand between the function and the outermost derivative."""
    if isinstance(e, Unknown | Coefficient):
        found = needed.setdefault(e.name, set())
        found.update([orders] if bare else _below(orders))
        return
    if isinstance(e, Derivative):
        start = orders if not bare or orders else ()
        _collect(e.operand, raised(start, e.coord, e.order), bare, needed)
        return
    linear = type(e).__name__ in ("Add", "Vector") or not orders
    for child in e.children:
        _collect(child, orders, bare and linear, needed)


def _below(orders: Orders) -> set[Orders]:
    result: set[Orders] = {()}
    for coord, order in orders:
        result |= {raised(r, coord, n) for r in result for n in range(1, order + 1)}
    return result
