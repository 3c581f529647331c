"""A statement on a box as as many equations between numbers as there are numbers."""

import math
from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float
from numpy import ndarray

from fredholm.equations import Equation, Unknown, expand, states_of
from fredholm.equations.differential import Derivative, Normal, Vector
from fredholm.equations.expand import rename
from fredholm.equations.tree import Const
from fredholm.equations.validate import PARTS
from fredholm.errors import EquationError
from fredholm.solvers.pseudospectral_conditions import Conditions, height, orders_of
from fredholm.solvers.pseudospectral_line import Line, Place
from fredholm.solvers.pseudospectral_terms import Collocated, Known, Layout

ENDS: tuple[Place, Place] = ("start", "stop")
"""The places of the two ends of an axis."""


class System:
    """F(t, y, y') = 0 for the values y of all states at the nodes.

    Equations hold at the points inside, conditions at the points of the sides, and where two sides
    with conditions meet, the condition with the lowest derivative.

    Args:
        equations: Equations keyed by the unknown that each determines.
        conditions: Those of the sides.
        lines: The axes.
        values: Values of parameters.
        known: Given functions by name.
        gauge: Points where unknowns are zero that are otherwise determined up to a constant.

    Raises:
        EquationError: The statement has a form that is not solved here.

    Reference:
        Driscoll and Hale, IMA J. Numer. Anal. 36, 2016; Bernardi and Maday, in Handbook of
        Numerical Analysis V, 1997 (a pressure with two nodes less along each axis).
    """

    def __init__(
        self,
        equations: Mapping[str, Equation],
        conditions: Conditions,
        lines: tuple[Line, ...],
        *,
        values: Mapping[str, float],
        known: Mapping[str, Known],
        gauge: Mapping[str, Sequence[float]],
    ) -> None:
        chains = {u: names or (u,) for u, names in states_of(equations).items()}
        counts = {
            state: tuple(conditions.count(u, a) if state == u else 0 for a in range(len(lines)))
            for u, states in chains.items()
            for state in states
        }
        self.layout = Layout(lines, counts, chains, values, known)
        self.evolving = [name for names in states_of(equations).values() for name in names]
        self.equations, self.conditions, self.gauge = equations, conditions, gauge
        self.size_of_y = self.layout.size + len(gauge)
        self._weights = {s: self._quadrature(s) for s in counts}
        self._rows = [*self._inside(), *self._sides(), *self._corners()]
        self._constant = self._joints()

    @property
    def splits(self) -> bool:
        """Whether elements may be halved: every derivative along the line is joined over them."""
        (line, *others), names = self.layout.lines, self.layout.names
        return not (others or line.axis.periodic) and all(
            self.layout.conditions[u] == orders_of(self.equations, u, names) for u in self.equations
        )

    def count_on(self, lines: Sequence[Line]) -> int:
        """The number of values on other nodes."""
        counts = self.layout.conditions.values()
        return sum(math.prod(line.size(q) for line, q in zip(lines, qs)) for qs in counts)

    def _inside(self) -> list[Collocated]:
        inside: tuple[Place, ...] = (0,) * len(self.layout.lines)
        found = [
            Collocated(expand(e.residual, self.layout.names), self.layout, inside)
            for e in self.equations.values()
        ]
        for unknown, states in self.layout.chains.items():
            for k, state in enumerate(states[1:], start=1):
                link = Unknown(state) - Derivative(Unknown(unknown), "t", k)
                found.append(Collocated(link, self.layout, inside))
        return found

    def _sides(self) -> list[Collocated]:
        found = []
        for (_, axis, end), several in self.conditions.of.items():
            places: list[Place] = [0] * len(self.layout.lines)
            places[axis] = ENDS[end]
            found += [self._condition(c, axis, end, tuple(places)) for c in several]
        return found

    def _corners(self) -> list[Collocated]:
        found = []
        for unknown in self.equations:
            if min(self.layout.conditions[unknown]) == 0 or len(self.layout.lines) == 1:
                continue
            for ends in product((0, 1), repeat=2):
                options = [(a, end, self._only(unknown, a, end)) for a, end in enumerate(ends)]
                axis, end, chosen = min(options, key=lambda option: height(option[2]))
                places = (ENDS[ends[0]], ENDS[ends[1]])
                found.append(self._condition(chosen, axis, end, places))
        return found

    def _only(self, unknown: str, axis: int, end: int) -> Equation:
        several = self.conditions.of.get((unknown, axis, end), ())
        if len(several) != 1:
            raise EquationError(
                f"{unknown!r} has {len(several)} conditions on {PARTS[axis][end]!r}; in a "
                "rectangle whose axes are not periodic the solver wants one on each side"
            )
        return several[0]

    def _condition(
        self, condition: Equation, axis: int, end: int, places: tuple[Place, ...]
    ) -> Collocated:
        outward = [Const(0.0)] * len(places)
        outward[axis] = Const(2.0 * end - 1.0)
        e = rename(condition.residual, {Normal(): Vector(tuple(outward))})
        return Collocated(expand(e, self.layout.names), self.layout, places)

    def _joints(self) -> sp.csr_array:
        """The rows that join elements, and those of the gauges; they do not change."""
        rows = []
        for state, where in self.layout.slices.items():
            (line, *others), (q, *_) = self.layout.lines, self.layout.conditions[state]
            if not others and line.breaks and q:
                rows.append(self._wide(line.joints(q), where))
        for unknown, point in self.gauge.items():
            counts = self.layout.conditions[unknown]
            parts = [
                line.at(q, np.array([p])) for line, q, p in zip(self.layout.lines, counts, point)
            ]
            value = sp.csr_array(reduce(lambda a, b: sp.kron(a, b, format="csr"), parts))
            rows.append(self._wide(value, self.layout.slices[unknown]))
        return sp.csr_array(sp.vstack([sp.csr_array((0, self.size_of_y)), *rows]))

    def _wide(self, block: sp.csr_array, where: slice) -> sp.csr_array:
        """A block of columns among all columns."""
        rows = len(block.indptr) - 1
        shape = (rows, self.size_of_y)
        return sp.csr_array((block.data, block.indices + where.start, block.indptr), shape=shape)

    def residual(self, times: ndarray, y: ndarray, rate: ndarray) -> Float[ndarray, "n b"]:
        """F at b times, for columns of y and y'."""
        parts = [row(times, y, rate) for row in self._rows]
        for number, unknown in enumerate(self.gauge):
            row = list(self.equations).index(unknown)
            parts[row] = parts[row] + y[self.layout.size + number]
        return np.concatenate([*parts, self._constant @ y])

    def linearised(
        self, time: float, y: ndarray, rate: ndarray
    ) -> tuple[sp.csr_array, sp.csr_array]:
        """∂F/∂y and ∂F/∂y'."""
        times = np.array([time])
        rows = [row.linearised(times, y[:, None], rate[:, None]) for row in self._rows]
        by_y, by_rate = (
            [self._row(len(row.points), blocks[i]) for row, blocks in zip(self._rows, rows)]
            for i in (0, 1)
        )
        for number, unknown in enumerate(self.gauge):
            row = list(self.equations).index(unknown)
            column = self.layout.size + number
            ones = sp.csr_array(np.ones((len(self._rows[row].points), 1)))
            by_y[row] = by_y[row] + self._wide(ones, slice(column, column + 1))
        empty = sp.csr_array(self._constant.shape)
        return (
            sp.csr_array(sp.vstack([*by_y, self._constant])),
            sp.csr_array(sp.vstack([*by_rate, empty])),
        )

    def _row(self, count: int, blocks: Mapping[str, sp.csr_array]) -> sp.csr_array:
        wide = [self._wide(block, self.layout.slices[s]) for s, block in blocks.items()]
        return reduce(lambda a, b: a + b, wide, sp.csr_array((count, self.size_of_y)))

    def _quadrature(self, state: str) -> Float[ndarray, "n"]:
        counts = self.layout.conditions[state]
        parts = [line.weights(q) for line, q in zip(self.layout.lines, counts)]
        return np.abs(reduce(np.kron, parts))

    def norms(self, y: ndarray) -> dict[str, float]:
        """The root mean square of each state."""
        squares = {s: np.square(y[where]) for s, where in self.layout.slices.items()}
        return {s: float(np.sqrt(self._weights[s] @ square)) for s, square in squares.items()}

    def tails(self, y: ndarray, scales: Mapping[str, float]) -> list[Float[ndarray, "elements"]]:
        """For each axis and element what is missing of the states, relative to their scales."""
        found = [np.zeros(line.elements) for line in self.layout.lines]
        for state, where in self.layout.slices.items():
            values = y[where].reshape(self.layout.shape(state))
            for axis, line in enumerate(self.layout.lines):
                q = self.layout.conditions[state][axis]
                along = np.moveaxis(values, axis, 0).reshape(line.size(q), -1)
                share = line.tails(q, along) / scales[state]
                found[axis] = np.maximum(found[axis], share)
        return found

    def at(self, state: str, y: ndarray, points: Sequence[ndarray]) -> Float[ndarray, "*points"]:
        """A state on the product of points along each axis."""
        values = y[self.layout.slices[state]].reshape(self.layout.shape(state))
        counts = self.layout.conditions[state]
        for axis, (line, q, x) in enumerate(zip(self.layout.lines, counts, points)):
            flat = np.moveaxis(values, axis, 0)
            moved = line.at(q, x) @ flat.reshape(len(flat), -1)
            values = np.moveaxis(moved.reshape(len(x), *flat.shape[1:]), 0, axis)
        return values

    def on(self, lines: tuple[Line, ...]) -> "System":
        """The same statement on other nodes."""
        return System(
            self.equations,
            self.conditions,
            lines,
            values=self.layout.values,
            known=self.layout.known,
            gauge=self.gauge,
        )

    def moved(self, y: ndarray, other: "System") -> Float[ndarray, "n"]:
        """The values on the nodes of another system of the same statement."""
        parts = []
        for state in self.layout.slices:
            counts = other.layout.conditions[state]
            points = [line.nodes(q) for line, q in zip(other.layout.lines, counts)]
            parts.append(self.at(state, y, points).ravel())
        return np.concatenate([*parts, y[self.layout.size :]])
