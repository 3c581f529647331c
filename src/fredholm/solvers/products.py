"""Nonlinear terms evaluated on points, between two Fourier transforms."""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Complex
from torch import Tensor

from fredholm.calculus import FourierBasis, Tape
from fredholm.equations import Coefficient, Coord, Expression, Param, Unknown, Values
from fredholm.equations.differential import Derivative, Shift, Shifts, displacement
from fredholm.equations.expand import Orders, raised
from fredholm.errors import EquationError

_NUMBERS = 2**16
"""Numbers on points at a time: half a megabyte stays in the cache, and the allocator keeps it,
where it would fetch larger arrays from the system, page by page, at every stage."""


@dataclass(frozen=True, eq=False)
class Source:
    """Where the modes of a function are found: a row of the known ones, times a factor."""

    row: int
    factor: Tensor | None = None


@dataclass(frozen=True, eq=False)
class Known:
    """What does not change in time.

    Args:
        basis: The modes, and the nodes on which products are computed.
        values: Values of parameters.
        points: The coefficients on the nodes.
    """

    basis: FourierBasis
    values: Values
    points: Mapping[str, Tensor]


class Products:
    """The modes of sums of products, for given modes of the functions in them.

    All derivatives of all functions go to points in one transform, and all sums return in one.

    Args:
        sums: What to compute, each expression once; constants before the sums and derivatives
            around them are left to the caller.
        sources: The functions by name.
        known: Everything else.

    Raises:
        EquationError: A product contains a function that is not among the names, or a
            coefficient that is not given.
    """

    def __init__(
        self,
        sums: Sequence[Expression],
        sources: Mapping[str, Source],
        known: Known,
    ) -> None:
        self._basis = basis = known.basis
        self._tape = Tape(sums, _is_leaf)
        needed = [leaf for leaf in self._tape.leaves if _is_linear(leaf)]
        chains = [chain(leaf) for leaf in needed]
        for _, _, core in chains:
            _require_known(core, sources)
        # By identity: to hash a tree at every stage would cost more than small transforms.
        self._needed = {id(leaf): number for number, leaf in enumerate(needed)}
        places = [sources[core.name] for *_, core in chains]  # type: ignore[attr-defined]
        self._rows = _rows([place.row for place in places])
        self._factors = _factors(chains, places, basis)
        self._fixed = {
            id(leaf): _fixed(leaf, known).unsqueeze(1)
            for leaf in self._tape.leaves
            if id(leaf) not in self._needed and leaf != Coord("t")
        }
        inner = [node for e in sums for node in e.walk() if isinstance(node, Derivative)]
        self._multipliers = {
            (node.coord, node.order): basis.multiplier([(node.coord, node.order)]) for node in inner
        }
        self._count = len(sums)
        numbers = max(1, len(needed)) * math.prod(basis.nodes)
        self._size = max(1, _NUMBERS // numbers)

    def __call__(
        self, modes: Complex[Tensor, "batch m *modes"], time: float
    ) -> Sequence[Complex[Tensor, "batch 1 *modes"]]:
        """The modes of each sum at one state and time."""
        if not self._count:
            return ()
        batch, size = len(modes), self._size
        if batch <= size:
            return _each(self._sums(modes, time, slice(None)))
        parts = [slice(first, first + size) for first in range(0, batch, size)]
        return _each(torch.cat([self._sums(modes[part], time, part) for part in parts]))

    def _sums(self, modes: Tensor, time: float, part: slice) -> Tensor:
        """The modes of all sums for a part of the batch."""
        points = _each(self._points(modes, part))

        def leaf(e: Expression) -> Tensor | float:
            number = self._needed.get(id(e))
            if number is not None:
                return points[number]
            fixed = self._fixed.get(id(e))
            return time if fixed is None else _own(fixed, part)

        shape = (len(modes), 1, *self._basis.nodes)
        sums = [_filled(result, shape, modes) for result in self._tape(leaf, self._derivative)]
        return self._basis.modes(torch.cat(sums, dim=1) if len(sums) > 1 else sums[0])

    def _points(self, modes: Tensor, part: slice) -> Tensor:
        """Values of all functions and derivatives that stand in the products."""
        if not self._needed:
            return modes
        chosen = modes if modes.shape[1] == 1 else modes[:, self._rows]
        if self._factors is not None:
            chosen = chosen * _own(self._factors, part)
        return self._basis.points(chosen)

    def _derivative(self, node: Derivative, operand: Tensor) -> Tensor:
        """The derivative of a product that stands inside another product."""
        basis = self._basis
        modes = basis.modes(operand.expand(len(operand), 1, *basis.nodes))
        return basis.points(modes * self._multipliers[node.coord, node.order])


def _rows(rows: list[int]) -> slice | list[int]:
    """What to take from the modes: one row as a view, which factors broadcast, or several."""
    if len(set(rows)) == 1:
        return slice(rows[0], rows[0] + 1)
    ordered = rows == list(range(len(rows)))
    return slice(len(rows)) if ordered else rows


def _each(stacked: Tensor) -> Sequence[Tensor]:
    """The functions of a stack, each with the dimension along which they are stacked."""
    return stacked.split(1, dim=1) if stacked.shape[1] > 1 else (stacked,)


def _filled(value: Tensor | float, shape: tuple[int, ...], like: Tensor) -> Tensor:
    """A result of the tape on all points."""
    if isinstance(value, Tensor) and value.shape == shape:
        return value
    return torch.as_tensor(value, dtype=torch.float64, device=like.device).expand(shape)


def _own(tensor: Tensor, part: slice) -> Tensor:
    """What belongs to a part of the batch; what is shared stays shared."""
    return tensor if len(tensor) == 1 else tensor[part]


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


def _factors(
    chains: Sequence[tuple[Orders, Shifts, Expression]],
    places: Sequence[Source],
    basis: FourierBasis,
) -> Complex[Tensor, "batch leaves *modes"] | None:
    """What the modes of the sources are multiplied with; None where that is one for all."""
    derived = any(orders or shifts for orders, shifts, _ in chains)
    if not derived and all(place.factor is None for place in places):
        return None
    factors = [
        basis.multiplier(orders, shifts)[None] * (1.0 if place.factor is None else place.factor)
        for (orders, shifts, _), place in zip(chains, places)
    ]
    return torch.cat(torch.broadcast_tensors(*factors), dim=1)


def _require_known(core: Expression, names: Collection[str]) -> None:
    if core.name not in names:  # type: ignore[attr-defined]
        raise EquationError(
            f"{core} has no time derivative and stands in a nonlinear term of its own equation, "
            "or of another such unknown's; only linear equations with constant coefficients "
            "determine it here"
        )


def _fixed(e: Expression, known: Known) -> Tensor:
    """The points of a symbol that does not change in time."""
    basis = FourierBasis(known.basis.grid.resized(known.basis.nodes), known.basis.device)
    grid = basis.grid
    match e:
        case Coefficient():
            if e.name not in known.points:
                raise EquationError(f"no function is given for the coefficient {e.name!r}")
            return known.points[e.name]
        case Param():
            number = known.values.get(e.name, e.value)
            value = torch.as_tensor(number, dtype=torch.float64, device=basis.device)
            return value.reshape(-1, *[1] * grid.dim)
        case Shift():
            shifts, core = displacement(e)
            points = _fixed(core, known)
            return basis.points(basis.modes(points) * basis.multiplier((), shifts))
        case Coord():
            return grid.points().to(basis.device)[..., grid.names.index(e.name)][None]
    raise EquationError(f"{e} has no meaning inside an evolution equation")
