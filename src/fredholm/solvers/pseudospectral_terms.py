"""Expressions at collocation points: their values, and their exact linearisation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from fredholm.calculus import Tape
from fredholm.equations import Coefficient, Coord, Expression, Param, Unknown
from fredholm.equations.differential import Derivative
from fredholm.equations.expand import Orders, raised
from fredholm.errors import EquationError
from fredholm.solvers.pseudospectral_line import MATCHED, Line, Place

Known = Callable[[Float[ndarray, "n d"], Float[ndarray, "b"]], Float[ndarray, "n b"]]
"""A given function of points and times."""

Blocks = dict[str, sp.csr_array]
"""The derivative of something by the values of each state."""


@dataclass(frozen=True)
class Layout:
    """Where the values of all states lie in one vector.

    Args:
        lines: The axes of the box.
        conditions: For each state how many conditions it has along each axis.
        chains: For each unknown its states, u and dt(u) and so on; itself where it does not evolve.
        values: Values of parameters.
        known: Given functions by name.
    """

    lines: tuple[Line, ...]
    conditions: Mapping[str, tuple[int, ...]]
    chains: Mapping[str, tuple[str, ...]]
    values: Mapping[str, float]
    known: Mapping[str, Known]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coordinates."""
        return tuple(line.axis.name for line in self.lines)

    def shape(self, state: str) -> tuple[int, ...]:
        """Number of values of a state along each axis."""
        return tuple(line.size(q) for line, q in zip(self.lines, self.conditions[state]))

    @cached_property
    def slices(self) -> dict[str, slice]:
        """The place of each state in the vector."""
        sizes = [int(np.prod(self.shape(state))) for state in self.conditions]
        stops = np.cumsum(sizes).tolist()
        return {s: slice(b - n, b) for s, n, b in zip(self.conditions, sizes, stops)}

    @property
    def size(self) -> int:
        """Length of the vector."""
        return sum(s.stop - s.start for s in self.slices.values())

    def points(self, places: tuple[Place, ...]) -> Float[ndarray, "n d"]:
        """Coordinates of a product of places, the last axis fastest."""
        axes = [line.points(place) for line, place in zip(self.lines, places)]
        return np.stack([x.ravel() for x in np.meshgrid(*axes, indexing="ij")], axis=-1)

    def matrix(
        self, conditions: tuple[int, ...], orders: Orders, places: tuple[Place, ...]
    ) -> sp.csr_array:
        """From the values of a function to a derivative of it at a product of places."""
        wanted = dict(orders)
        factors = [
            line.matrix(q, wanted.get(line.axis.name, 0), place)
            for line, q, place in zip(self.lines, conditions, places)
        ]
        return sp.csr_array(reduce(lambda a, b: sp.kron(a, b, format="csr"), factors))


class Collocated:
    """An expression at a product of places.

    Derivatives of unknowns are matrices. What stands under another derivative is evaluated on the
    nodes and differentiated there, so that a conservative form stays one. All the rest happens
    point by point, and its derivative by each of those numbers is one backward pass.

    Args:
        e: An expanded scalar expression.
        layout: Where states lie.
        places: Where it is wanted, one place per axis.

    Raises:
        EquationError: A time derivative of something other than an unknown, or a shift.
    """

    def __init__(self, e: Expression, layout: Layout, places: tuple[Place, ...]) -> None:
        self.layout, self.points = layout, layout.points(places)
        self._tape = Tape([e], lambda node: isinstance(node, Derivative))
        self._parts = {
            leaf: _part(leaf, layout, places)
            for leaf in self._tape.leaves
            if isinstance(leaf, Derivative | Unknown)
        }

    def __call__(self, times: ndarray, y: ndarray, rate: ndarray) -> Float[ndarray, "n b"]:
        """Its values.

        Args:
            times: b times.
            y: The values of all states, (size, b).
            rate: Their time derivatives, likewise.
        """
        leaves = {e: part(times, y, rate) for e, part in self._parts.items()}
        return self._run(times, {e: torch.from_numpy(v) for e, v in leaves.items()}).numpy()

    def linearised(self, times: ndarray, y: ndarray, rate: ndarray) -> tuple[Blocks, Blocks]:
        """Its derivatives by the states and by their rates, at one time."""
        leaves: dict[Expression, Tensor] = {
            e: torch.from_numpy(part(times, y, rate)).requires_grad_()
            for e, part in self._parts.items()
        }
        value = self._run(times, leaves)
        slopes = (None,) * len(leaves)
        if value.requires_grad:
            slopes = torch.autograd.grad(value.sum(), [*leaves.values()], allow_unused=True)
        found: tuple[Blocks, Blocks] = ({}, {})
        for part, slope in zip(self._parts.values(), slopes):
            if slope is None:
                continue
            for total, blocks in zip(found, part.linearised(times, y, rate)):
                _add(total, blocks, slope.numpy()[:, 0])
        return found

    def _run(self, times: ndarray, leaves: Mapping[Expression, Tensor]) -> Tensor:
        def symbol(e: Expression) -> Tensor:
            return leaves[e] if e in leaves else self._symbol(e, times)

        (value,) = self._tape(symbol, lambda node, u: u)
        value = torch.as_tensor(value, dtype=torch.float64)
        return value.expand(len(self.points), len(times))

    def _symbol(self, e: Expression, times: ndarray) -> Tensor:
        if isinstance(e, Coefficient):
            if e.name not in self.layout.known:
                raise EquationError(f"no values are given for the coefficient {e.name!r}")
            return torch.tensor(self.layout.known[e.name](self.points, times))
        return simple_symbol(e, self.points, times, self.layout.names, self.layout.values)


def simple_symbol(
    e: Expression,
    points: Float[ndarray, "n d"],
    times: Float[ndarray, "b"],
    names: tuple[str, ...],
    values: Mapping[str, float],
) -> Tensor:
    """The values of a coordinate (n, 1), of the time (b,) or of a parameter.

    Raises:
        EquationError: It is none of them.
    """
    if isinstance(e, Coord):
        known = times if e.name == "t" else points[:, [names.index(e.name)]]
        return torch.tensor(known, dtype=torch.float64)
    if isinstance(e, Param):
        return torch.tensor(values.get(e.name, e.value), dtype=torch.float64)
    raise EquationError(f"{e} has no meaning on a box that is not periodic")


def _part(leaf: Expression, layout: Layout, places: tuple[Place, ...]) -> "_Linear | _Composed":
    orders, core = (), leaf
    while isinstance(core, Derivative):
        orders, core = raised(orders, core.coord, core.order), core.operand
    times = dict(orders).get("t", 0)
    space = tuple((coord, order) for coord, order in orders if coord != "t")
    if isinstance(core, Unknown):
        chain = layout.chains.get(core.name, (core.name,))
        state = chain[max(times - 1, 0)]
        matrix = layout.matrix(layout.conditions[state], space, places)
        return _Linear(state, layout.slices[state], matrix, times > 0)
    if times:
        raise EquationError(f"{leaf} is not solved for: write time derivatives of unknowns alone")
    nodes = (MATCHED,) * len(places)
    return _Composed(Collocated(core, layout, nodes), layout.matrix(nodes, space, places))


@dataclass(frozen=True)
class _Linear:
    """A derivative of a state or of its rate."""

    state: str
    where: slice
    matrix: sp.csr_array
    of_rate: bool

    def __call__(self, times: ndarray, y: ndarray, rate: ndarray) -> ndarray:
        return self.matrix @ (rate if self.of_rate else y)[self.where]

    def linearised(self, times: ndarray, y: ndarray, rate: ndarray) -> tuple[Blocks, Blocks]:
        blocks = {self.state: self.matrix}
        return ({}, blocks) if self.of_rate else (blocks, {})


@dataclass(frozen=True)
class _Composed:
    """A derivative of an expression."""

    operand: Collocated
    matrix: sp.csr_array

    def __call__(self, times: ndarray, y: ndarray, rate: ndarray) -> ndarray:
        return self.matrix @ self.operand(times, y, rate)

    def linearised(self, times: ndarray, y: ndarray, rate: ndarray) -> tuple[Blocks, Blocks]:
        by_y, by_rate = self.operand.linearised(times, y, rate)
        left, right = ({s: self.matrix @ b for s, b in part.items()} for part in (by_y, by_rate))
        return left, right


def _add(total: Blocks, blocks: Blocks, factor: Float[ndarray, "n"]) -> None:
    """Adds diag(factor) times each block."""
    for state, block in blocks.items():
        data = block.data * np.repeat(factor, np.diff(block.indptr))
        scaled = sp.csr_array((data, block.indices, block.indptr), shape=block.shape)
        total[state] = total[state] + scaled if state in total else scaled
