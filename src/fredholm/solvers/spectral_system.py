"""A semilinear system on Fourier modes: ∂ₜ s = L s + N(s, t), read off the statement."""

import operator
from collections.abc import Mapping, Sequence
from functools import reduce

import torch
from jaxtyping import Complex
from torch import Tensor

from fredholm.calculus import FourierBasis
from fredholm.equations import Coord, Equation, Expression, Unknown, Values
from fredholm.equations.expand import Orders
from fredholm.equations.semilinear import Row, semilinear
from fredholm.equations.symbol import symbol
from fredholm.equations.tree import add, mul
from fredholm.fields import Field
from fredholm.solvers.products import Group, Products

Modes = Complex[Tensor, "batch m *modes"]
Weights = list[list[Tensor | None]]


class SpectralSystem:
    """The right-hand side of a periodic evolution system, for one resolution.

    Terms whose core is an unknown make the matrices L, one per wavenumber. The rest is evaluated
    on the points of the basis and differentiated on the modes, once per multi-index: a
    conservative flux costs one transform each way.

    Args:
        equations: Equations keyed by the unknown that each determines.
        basis: The modes.
        values: Values of parameters, one number or one per sample.
        coefficients: Given functions by name, on grids of the same box.
        dealias: Fraction of the modes that products keep (2/3 removes all aliasing of quadratic
            terms); the others are zero in the state as well.

    Raises:
        EquationError: An auxiliary is determined by a nonlinear equation of itself, or a
            coefficient is not given.
    """

    def __init__(
        self,
        equations: Mapping[str, Equation],
        basis: FourierBasis,
        *,
        values: Values,
        coefficients: Mapping[str, Field],
        dealias: float,
    ) -> None:
        values = {
            name: value.to(basis.device) if isinstance(value, Tensor) else value
            for name, value in values.items()
        }
        system = semilinear(equations, basis.grid.names)
        matrices = symbol(system, basis.factor, values)
        m = len(system.states)
        evolving = [group for i, row in enumerate(system.rows[:m]) for group in _groups(i, row)]
        enslaved = [group for i, row in enumerate(system.rows[m:], m) for group in _groups(i, row)]
        self.basis = basis
        self.states, self.slaves = system.states, system.auxiliaries
        self.linear = matrices.linear
        self.exact = not any(_varies(group.core) for group in (*evolving, *enslaved))
        kept = 1.0 if self.exact else dealias
        self.band, self.thirds = basis.band(kept), basis.thirds(kept)
        given = {
            name: basis.points(basis.expand(field.values[..., 0].to(basis.device), field.grid))
            for name, field in coefficients.items()
        }
        symbols = (*self.states, *self.slaves)
        self._evolving = Products(evolving, symbols, basis, self.band, values, given)
        self._enslaved = Products(enslaved, self.states, basis, self.band, values, given)
        self._drive = self._weights(matrices.drive, [*evolving, *enslaved])
        self._gauge = self._weights(matrices.gauge, enslaved, first=m)
        self._slave = [_present(row.unbind(-1)) for row in matrices.slave.unbind(-2)]

    def rate(self, state: Modes, time: float) -> Modes:
        """N(s, t): everything that the linear part leaves out."""
        forces = self._enslaved(state, time)
        known = state
        if self.slaves:
            known = torch.cat([state, self._auxiliaries(state, forces)], dim=1)
        return _combined(self._drive, [*self._evolving(known, time), *forces], state)

    def auxiliaries(self, state: Modes, time: float) -> Modes:
        """The unknowns without time derivative that belong to a state."""
        return self._auxiliaries(state, self._enslaved(state, time))

    def _auxiliaries(self, state: Modes, forces: list[Tensor]) -> Modes:
        by_states = _combined(self._slave, list(state.unbind(1)), state)
        return by_states + _combined(self._gauge, forces, state) if forces else by_states

    def filtered(self, modes: Tensor) -> Tensor:
        """The modes inside the band that products keep."""
        return modes * self.band

    def _weights(self, matrix: Tensor, groups: list[Group], first: int = 0) -> Weights:
        """What each group of products contributes to each row: matrix · D^orders, in the band."""
        factors = [self.basis.multiplier(group.orders) * self.band for group in groups]
        return [
            _present([matrix[..., i, g.row - first] * f for g, f in zip(groups, factors)])
            for i in range(matrix.shape[-2])
        ]


def _present(weights: Sequence[Tensor]) -> list[Tensor | None]:
    """The weights, with those that are zero for all modes left out."""
    return [w if w.requires_grad or bool((w != 0).any()) else None for w in weights]


def _combined(weights: Weights, parts: Sequence[Tensor], like: Modes) -> Modes:
    """Σⱼ weights[i][j] parts[j] for each row i."""
    rows = []
    for row in weights:
        terms = [weight * part for weight, part in zip(row, parts) if weight is not None]
        rows.append(reduce(operator.add, terms) if terms else torch.zeros_like(like[:, 0]))
    return torch.stack(rows, dim=1)


def _groups(number: int, row: Row) -> list[Group]:
    """The rest of a row as Σ D^orders (sum of products)."""
    found: dict[Orders, Expression] = {}
    for term in row.rest:
        part = mul(term.coefficient, term.core)
        found[term.orders] = add(found[term.orders], part) if term.orders in found else part
    return [Group(number, orders, core) for orders, core in found.items()]


def _varies(e: Expression) -> bool:
    """Whether the expression changes while the solution evolves."""
    return any(isinstance(node, Unknown) or node == Coord("t") for node in e.walk())
