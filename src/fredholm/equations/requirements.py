"""Which derivatives of which functions an expression needs: what a planner plans."""

from fredholm.equations.differential import Derivative, Shift, Vector
from fredholm.equations.expand import Orders, expand, raised
from fredholm.equations.split import is_constant
from fredholm.equations.tree import Add, Coefficient, Expression, Mul, Unknown


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
    _collect(expand(e, coords), {()}, needed)
    return {name: frozenset(found) for name, found in needed.items()}


def _collect(e: Expression, wanted: set[Orders], needed: dict[str, set[Orders]]) -> None:
    """Adds what the derivatives `wanted` of an expression need."""
    if isinstance(e, Unknown | Coefficient):
        needed.setdefault(e.name, set()).update(wanted)
        return
    if isinstance(e, Derivative):
        wanted = {raised(orders, e.coord, e.order) for orders in wanted}
    elif not isinstance(e, Add | Shift | Vector) and not _is_multiple(e):
        wanted = set().union(*(_below(orders) for orders in wanted))
    for child in e.children:
        _collect(child, wanted, needed)


def _is_multiple(e: Expression) -> bool:
    """Whether a product has one factor that is not constant."""
    return isinstance(e, Mul) and sum(not is_constant(factor) for factor in e.factors) == 1


def _below(orders: Orders) -> set[Orders]:
    """All multi-indices up to this one."""
    result: set[Orders] = {()}
    for coord, order in orders:
        result |= {raised(r, coord, n) for r in result for n in range(1, order + 1)}
    return result
