"""A statement on a mesh as as many equations between numbers as there are numbers."""

from collections.abc import Iterator, Mapping
from functools import partial

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int
from numpy import ndarray
from torch import Tensor

from fredholm.calculus import Tape
from fredholm.equations import Expression
from fredholm.errors import EquationError
from fredholm.solvers.finite_elements.assembly import Layout
from fredholm.solvers.finite_elements.fluxes import replaced
from fredholm.solvers.finite_elements.given import Given, Where
from fredholm.solvers.finite_elements.places import ElementMesh, Place, Space
from fredholm.solvers.finite_elements.statement import Statement

Matrices = tuple[sp.csr_array, sp.csr_array]
_UNBALANCED = 0.01
"""What discretisation may leave of a balance of sources and fluxes."""
_FREE = 1e-9
"""How far a constant may change an equation that does not determine it, by rounding."""


class System:
    """F(t, y, y') = 0 for the coefficients y of all states, and the multipliers of their means.

    Args:
        statement: The weak form.
        level: The mesh.
        order: Order of the elements; multipliers have one less.
        given: What its names are worth.

    Raises:
        EquationError: The parts of the boundary are not those of the conditions.
    """

    def __init__(self, statement: Statement, level: ElementMesh, order: int, given: Given) -> None:
        statement.require_parts(level.mesh.parts)
        self.statement, self.level, self.given = statement, level, given
        self.orders = {
            state: order - (unknown in statement.multipliers)
            for unknown, states in statement.chains.items()
            for state in states
        }
        self.spaces: dict[str, Space] = {s: level.space(o) for s, o in self.orders.items()}
        ends = np.cumsum([0, *map(len, self.spaces.values())]).tolist()
        self.slices = {s: slice(a, b) for s, a, b in zip(self.spaces, ends, ends[1:])}
        self.size = ends[-1]
        self._layout = Layout(self.orders, self.slices, self.size)
        self.means: tuple[str, ...] = ()
        present = tuple(sorted({1, *self.orders.values()}))
        self._places = {
            part: level.place(part, present)
            for part in (None, *(p for p in statement.through if p in level.mesh.parts))
        }
        self._fixed = {s: self._numbers(s) for s in self.spaces}
        self._frozen: tuple[Matrices, Float[ndarray, "n"]] | None = None

    @property
    def count(self) -> int:
        """Number of unknown numbers."""
        return self.size + len(self.means)

    def at_rest(self) -> Float[ndarray, "n"]:
        """The state zero."""
        return np.zeros(self.count)

    def determined(self) -> "System":
        """The system with the means of unknowns set to zero that nothing else determines.

        Where it is linear and nothing changes in time its matrices are kept: they are all there is.
        """
        rest = self.at_rest()
        found = self.linearised(0.0, rest, rest)
        # A term like u³ has no slope at zero, but elsewhere.
        looks = [found]
        if not self.statement.affine:
            looks.append(self.linearised(0.0, rest + 1, rest))
        self.means = tuple(
            unknown
            for unknown, states in self.statement.chains.items()
            if all(self._leaves_free(states[0], *matrices) for matrices in looks)
        )
        if self.statement.affine and self.statement.autonomous(self.given):
            rest = self.at_rest()
            self._frozen = self._bordered(*found), self._residual(0.0, rest, rest)
        return self

    def _leaves_free(self, state: str, by_y: sp.csr_array, by_rate: sp.csr_array) -> bool:
        """Whether a constant may be added to a state; what has a rate keeps its initial mean."""
        constant = np.zeros(self.size)
        constant[self.slices[state]] = 1.0
        moved, most = np.abs(by_y @ constant).max(), (abs(by_y) @ constant).max()
        return bool(moved <= _FREE * most and not np.any(by_rate @ constant))

    def residual(self, times: ndarray, y: ndarray, rate: ndarray) -> Float[ndarray, "n b"]:
        """F at b times, for columns of y and y'."""
        if self._frozen is not None:
            (by_y, by_rate), at_rest = self._frozen
            return by_y @ y + by_rate @ rate + at_rest[:, None]
        columns = zip(np.atleast_1d(times).tolist(), y.T, rate.T)
        return np.stack([self._residual(*column) for column in columns], axis=1)

    def _residual(self, time: float, y: ndarray, rate: ndarray) -> Float[ndarray, "n"]:
        total = torch.zeros(self.size, dtype=torch.float64)
        for at, tested, values, _ in self._evaluated(time, y, rate, derive=False):
            self._layout.add(total, at, tested, values)
        found = total.numpy()
        for numbers, values in self.prescribed(time).values():
            found[numbers] = y[numbers] - values
        if not self.means:
            return found
        weights = self._mean_weights()
        return np.concatenate([found + weights @ y[self.size :], weights.T @ y[: self.size]])

    def linearised(self, time: float, y: ndarray, rate: ndarray) -> Matrices:
        """The sparse matrices ∂F/∂y and ∂F/∂y'."""
        if self._frozen is not None:
            return self._frozen[0]
        blocks: tuple[list, list] = ([], [])
        for at, tested, _, slopes in self._evaluated(time, y, rate, derive=True):
            for found, by in zip(blocks, slopes):
                found += self._layout.entries(at, tested, by)
        by_y, by_rate = map(self._layout.matrix, blocks)
        free = np.ones(self.size)
        free[np.concatenate([*self._fixed.values()])] = 0.0
        by_y = sp.csr_array(sp.diags_array(free) @ by_y + sp.diags_array(1.0 - free))
        by_rate = sp.csr_array(sp.diags_array(free) @ by_rate)
        return self._bordered(by_y, by_rate)

    def _bordered(self, by_y: sp.csr_array, by_rate: sp.csr_array) -> Matrices:
        """The matrices with rows and columns for means that are zero."""
        if not self.means:
            return by_y, by_rate
        weights, none = self._mean_weights(), sp.csr_array((len(self.means),) * 2)
        bordered = sp.block_array([[by_y, sp.csr_array(weights)], [sp.csr_array(weights.T), None]])
        return sp.csr_array(bordered), sp.csr_array(sp.block_diag((by_rate, none)))

    def _evaluated(
        self, time: float, y: ndarray, rate: ndarray, *, derive: bool
    ) -> Iterator[tuple[Place, tuple[str, ...], Tensor, tuple[Tensor, ...]]]:
        """By place: the states whose rows it adds to, what they are tested with, and its slopes.

        Shapes:
            values (states, rows, cells, points), slopes (states, rows, states, rows, cells,
            points), where one row is tested with values, 1 + dim with all jets.
        """
        statement, rows = self.statement, 1 + len(self.statement.coords)
        for part, at in self._places.items():
            jets, rates = (self._layout.jets(at, vector) for vector in (y, rate))
            integrand = statement.inside if part is None else statement.through[part]
            where = self._where(at)
            if part is None:
                states, cut = statement.states, partial(torch.unflatten, dim=0, sizes=(-1, rows))
            else:
                free = statement.sides[part].free
                states, cut = tuple(statement.chains[u][-1] for u in free), lambda v: v[:, None]
            if not derive and part is None:
                values = integrand(where, jets, rates, self.given, time)
                yield at, states, cut(values), ()
                continue
            found = integrand.linearised(where, jets, rates, self.given, time)
            if part is not None:
                found = replaced(found, statement, part, at)
            yield at, states, cut(found.values), (cut(found.by_jets), cut(found.by_rates))

    def _where(self, at: Place) -> Where:
        linear = at.elements[1]

        def interpolate(nodal: Tensor, row: int) -> Tensor:
            return (linear.jets[row] @ nodal[linear.dofs][..., None])[..., 0]

        return Where(self.statement.coords, at.points, interpolate, at.normals)

    def _mean_weights(self) -> Float[ndarray, "n means"]:
        """Columns with the integrals of the basis functions of unknowns without a mean."""
        states = [self.statement.chains[unknown][0] for unknown in self.means]
        columns = [self._layout.integrals(self._places[None], state) for state in states]
        return np.stack(columns, axis=1)

    def _numbers(self, state: str) -> Int[ndarray, "k"]:
        """Which entries of y have prescribed values."""
        parts = [p for p, side in self.statement.sides.items() if state in side.values]
        found = [self._on(part, state) for part in parts if part in self.level.mesh.parts]
        return np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *found]))

    def _on(self, part: str, state: str) -> Int[ndarray, "k"]:
        return self.slices[state].start + self.level.on(part, self.orders[state])

    def require_balance(self, y: Float[ndarray, "n"]) -> None:
        """Refuses sources that do not balance the fluxes of an unknown without a mean.

        Raises:
            EquationError: The multiplier of a mean that is zero is not small.
        """
        rest = self.at_rest()
        for unknown, multiplier in zip(self.means, y[self.size :]):
            row = self.slices[self.statement.chains[unknown][-1]]
            size = np.abs(self._residual(0.0, rest, rest)[row]).sum()
            excess = abs(multiplier) * self.level.mesh.measure
            if unknown not in self.statement.multipliers and excess > _UNBALANCED * size:
                raise EquationError(
                    f"nothing fixes the mean of {unknown!r}, and its sources and fluxes do not "
                    f"balance: {excess:.3g} is left over of {size:.3g}; prescribe a value on a "
                    "part, or subtract the mean of the source"
                )

    def prescribed(self, time: float) -> Mapping[str, tuple[ndarray, ndarray]]:
        """By state the entries of y with prescribed values, and these: means where parts meet."""
        found = {}
        for state, numbers in self._fixed.items():
            total, times = np.zeros(self.size), np.zeros(self.size)
            for part, side in self.statement.sides.items():
                if state in side.values and part in self.level.mesh.parts:
                    on = self._on(part, state)
                    total[on] += self.at_dofs(side.values[state], state, time, on)
                    times[on] += 1
            found[state] = numbers, total[numbers] / np.maximum(times[numbers], 1)
        return found

    def at_dofs(
        self, e: Expression, state: str, time: float, numbers: ndarray | None = None
    ) -> Float[ndarray, "k"]:
        """An expression of coordinates and given functions as coefficients of a state."""
        chosen, start = self.spaces[state], self.slices[state].start
        which = slice(None) if numbers is None else torch.from_numpy(numbers - start)

        def interpolate(nodal: Tensor, row: int) -> Tensor:
            if row:
                raise EquationError(f"a value on the boundary has derivatives of functions: {e}")
            return chosen.raised(nodal)[which]

        points = chosen.locations[which]
        where = Where(self.statement.coords, points, interpolate)
        tape = Tape([e], lambda node: False)
        (value,) = tape(lambda leaf: where.leaf(leaf, self.given, time), _underived)
        value = torch.as_tensor(value, dtype=torch.float64)
        return value.expand(len(points)).numpy()


def _underived(node, operand: Tensor) -> Tensor:
    raise EquationError(f"values are written without derivatives, got {node}")
