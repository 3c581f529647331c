"""Nonlinear terms evaluated on points, between two Fourier transforms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Complex
from torch import Tensor

from fredholm.calculus import FourierBasis, Tape
from fredholm.equations import Coefficient, Coord, Expression, Param, Unknown, Values
from fredholm.equations.differential import Derivative, Shift, Shifts, displacement
from fredholm.equations.expand import Orders, raised
from fredholm.errors import EquationError


@dataclass(frozen=True)
class Group:
    """A sum of products in one row of a system, under one derivative D^orders."""

    row: int
    orders: Orders
    core: Expression


class Products:
    """The modes of sums of products, for given modes of the functions in them.

    All derivatives of all functions go to points in one transform, and all sums return in one.

    Args:
        groups: What to compute; the derivatives around the groups are left to the caller.
        names: Names of the functions, in the order of their modes.
        basis: The modes.
        band: The modes that an inner product keeps before it is differentiated.
        values: Values of parameters.
        given: Points of the coefficients.

    Raises:
        EquationError: A product contains a function that is not among the names, or a
            coefficient that is not given.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        names: Sequence[str],
        basis: FourierBasis,
        band: Bool[Tensor, "*modes"],
        values: Values,
        given: Mapping[str, Tensor],
    ) -> None:
        self._basis, self._band = basis, band
        self._tape = Tape([group.core for group in groups], _is_leaf)
        needed = [leaf for leaf in self._tape.leaves if _is_linear(leaf)]
        chains = [chain(leaf) for leaf in needed]
        for _, _, core in chains:
            _require_known(core, names)
        self._needed = {leaf: number for number, leaf in enumerate(needed)}
        self._rows = [names.index(core.name) for *_, core in chains]  # type: ignore[attr-defined]
        factors = [basis.multiplier(orders, shifts)[0] for orders, shifts, _ in chains]
        changed = any(orders or shifts for orders, shifts, _ in chains)
        self._factors = torch.stack(factors) if changed else None
        self._fixed = {
            leaf: _fixed(leaf, basis, values, given)
            for leaf in self._tape.leaves
            if leaf not in self._needed and leaf != Coord("t")
        }
        self._count = len(groups)

    def __call__(
        self, modes: Complex[Tensor, "batch m *modes"], time: float
    ) -> list[Complex[Tensor, "batch *modes"]]:
        """The modes of each group at one state and time, not yet filtered."""
        if not self._count:
            return []
        points = self._points(modes)

        def leaf(e: Expression) -> Tensor | float:
            if e in self._needed:
                return points[:, self._needed[e]]
            return self._fixed.get(e, time)

        shape = (len(modes), *self._basis.grid.shape)
        results = self._tape(leaf, self._derivative)
        sums = [
            torch.as_tensor(r, dtype=torch.float64, device=modes.device).expand(shape)
            for r in results
        ]
        return list(self._basis.modes(torch.stack(sums, dim=1)).unbind(1))

    def _points(self, modes: Tensor) -> Tensor:
        """Values of all functions and derivatives that stand in the products."""
        if not self._needed:
            return modes
        chosen = modes if self._rows == list(range(modes.shape[1])) else modes[:, self._rows]
        return self._basis.points(chosen if self._factors is None else chosen * self._factors)

    def _derivative(self, node: Derivative, operand: Tensor) -> Tensor:
        """The derivative of a product that stands inside another product."""
        basis = self._basis
        modes = basis.modes(operand.expand(len(operand), *basis.grid.shape)) * self._band
        return basis.points(modes * basis.multiplier(((node.coord, node.order),)))


def chain(e: Expression) -> tuple[Orders, Shifts, Expression]:
    """The derivatives and shifts that act on one expression, and that expression."""
    orders: Orders = ()
    while isinstance(e, Derivative):
        orders, e = raised(orders, e.coord, e.order), e.operand
    return orders, *displacement(e)


def _is_linear(e: Expression) -> bool:
    """Whether the node is an unknown, a derivative or a shift of one."""
    return isinstance(chain(e)[-1], Unknown)


def _is_leaf(e: Expression) -> bool:
    """Whether the node is evaluated whole: shifts are taken on the modes."""
    return _is_linear(e) or isinstance(e, Shift)


def _require_known(core: Expression, names: Sequence[str]) -> None:
    if core.name not in names:  # type: ignore[attr-defined]
        raise EquationError(
            f"{core} has no time derivative and stands in a nonlinear term of its own equation, "
            "or of another such unknown's; only linear equations with constant coefficients "
            "determine it here"
        )


def _fixed(
    e: Expression, basis: FourierBasis, values: Values, given: Mapping[str, Tensor]
) -> Tensor:
    """The points of a symbol that does not change in time."""
    grid = basis.grid
    match e:
        case Coefficient():
            if e.name not in given:
                raise EquationError(f"no function is given for the coefficient {e.name!r}")
            return given[e.name]
        case Param():
            number = values.get(e.name, e.value)
            value = torch.as_tensor(number, dtype=torch.float64, device=basis.device)
            return value.reshape(-1, *[1] * grid.dim)
        case Shift():
            shifts, core = displacement(e)
            points = _fixed(core, basis, values, given)
            return basis.points(basis.modes(points) * basis.multiplier((), shifts))
        case Coord():
            return grid.points().to(basis.device)[..., grid.names.index(e.name)][None]
    raise EquationError(f"{e} has no meaning inside an evolution equation")
