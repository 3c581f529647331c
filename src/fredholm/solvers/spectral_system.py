"""A semilinear system on Fourier modes: ∂ₜ s = L s + N(s, t), read off the statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Complex
from torch import Tensor

from fredholm.calculus import FourierBasis, kept
from fredholm.domains import Grid
from fredholm.equations import Coord, Equation, Expression, Unknown, Values
from fredholm.equations.expand import Orders, Term
from fredholm.equations.semilinear import Row, semilinear
from fredholm.equations.symbol import symbol, term_factor
from fredholm.equations.tree import Const, add, mul
from fredholm.fields import Field
from fredholm.solvers.products import Known, Products, Source

Modes = Complex[Tensor, "batch m *modes"]
Weights = list[list[Tensor | None]]


@dataclass(frozen=True)
class Group:
    """coefficient · D^orders core: a sum of products in one row of a system."""

    row: int
    orders: Orders
    core: Expression
    coefficient: Expression


class SpectralSystem:
    """The right-hand side of a periodic evolution system, for one resolution.

    Terms whose core is an unknown make the matrices L, one per wavenumber. The rest is evaluated
    on the points of the basis and differentiated on the modes, once per multi-index: a
    conservative flux costs one transform each way.

    Args:
        equations: Equations keyed by the unknown that each determines.
        grid: A periodic grid with samples on nodes, on which products are computed.
        device: Where everything is computed.
        values: Values of parameters, one number or one per sample.
        coefficients: Given functions by name, on grids of the same box.
        dealias: Fraction of the modes that products keep (2/3 removes all aliasing of quadratic
            terms); the state has no others. A linear equation keeps all modes.

    Raises:
        EquationError: An auxiliary is determined by a nonlinear equation of itself, or a
            coefficient is not given.
    """

    def __init__(
        self,
        equations: Mapping[str, Equation],
        grid: Grid,
        *,
        device: torch.device,
        values: Values,
        coefficients: Mapping[str, Field],
        dealias: float,
    ) -> None:
        values = {
            name: value.to(device) if isinstance(value, Tensor) else value
            for name, value in values.items()
        }
        system = semilinear(equations, grid.names)
        m = len(system.states)
        evolving = [group for i, row in enumerate(system.rows[:m]) for group in _groups(i, row)]
        enslaved = [group for i, row in enumerate(system.rows[m:], m) for group in _groups(i, row)]
        self.exact = not any(_varies(group.core) for group in (*evolving, *enslaved))
        self.basis = FourierBasis(kept(grid, 1.0 if self.exact else dealias), device, grid.shape)
        self.thirds = self.basis.thirds()
        matrices = symbol(system, self.basis.factor, values)
        self.states, self.slaves = system.states, system.auxiliaries
        self.linear = matrices.linear
        by_evolving = self._weights(matrices.drive, evolving, values)
        by_enslaved = self._weights(matrices.drive, enslaved, values)
        self._drive = [a + b for a, b in zip(by_evolving, by_enslaved)]
        self._gauge = self._weights(matrices.gauge, enslaved, values, first=m)
        self._slave = [_present(row.unsqueeze(1).unbind(-1)) for row in matrices.slave.unbind(-2)]
        known = Known(self.basis, values, _points(coefficients, FourierBasis(grid, device)))
        sources = {name: Source(number) for number, name in enumerate(self.states)}
        self._enslaved = Products(_cores(enslaved), sources, known)
        images = _images(self._slave) if not enslaved else None
        self._separate = bool(self.slaves) and images is None
        images = images or [Source(m + number) for number in range(len(self.slaves))]
        sources |= dict(zip(self.slaves, images))
        self._evolving = Products(_cores(evolving), sources, known)

    @property
    def drive(self) -> Complex[Tensor, "batch 1 *modes"] | None:
        """The factor between `product` and `rate`, where that is all there is between them."""
        return self._drive[0][0] if [len(row) for row in self._drive] == [1] else None

    def product(self, state: Modes, time: float) -> Modes:
        """The only sum of products, before it is differentiated."""
        return self._forces(state, time)[0]

    def rate(self, state: Modes, time: float) -> Modes:
        """N(s, t): everything that the linear part leaves out."""
        return _combined(self._drive, self._forces(state, time), state)

    def _forces(self, state: Modes, time: float) -> Sequence[Tensor]:
        """The sums of products that drive the states, each once."""
        forces = self._enslaved(state, time)
        known = state
        if self._separate:
            known = torch.cat([state, self._auxiliaries(state, forces)], dim=1)
        return [*self._evolving(known, time), *forces]

    def auxiliaries(self, state: Modes, time: float) -> Modes:
        """The unknowns without time derivative that belong to a state."""
        return self._auxiliaries(state, self._enslaved(state, time))

    def _auxiliaries(self, state: Modes, forces: Sequence[Tensor]) -> Modes:
        by_states = _combined(self._slave, state.split(1, dim=1), state)
        return by_states + _combined(self._gauge, forces, state) if forces else by_states

    def _weights(
        self, matrix: Tensor, groups: list[Group], values: Values, first: int = 0
    ) -> Weights:
        """What each core contributes to each row: Σ matrix · coefficient · D^orders."""
        cores = _cores(groups)
        columns = [torch.zeros_like(matrix[..., 0]) for _ in cores]
        for group in groups:
            term = Term(group.coefficient, group.orders, group.core)
            factor = term_factor(term, self.basis.factor, values)[..., None]
            number = cores.index(group.core)
            columns[number] = columns[number] + matrix[..., group.row - first] * factor
        return [_present([c[:, None, ..., i] for c in columns]) for i in range(matrix.shape[-2])]


def _present(weights: Sequence[Tensor]) -> list[Tensor | None]:
    """The weights, with those that are zero for all modes left out."""
    return [w if w.requires_grad or bool((w != 0).any()) else None for w in weights]


def _combined(weights: Weights, parts: Sequence[Tensor], like: Modes) -> Modes:
    """Σⱼ weights[i][j] parts[j] for each row i."""
    rows = []
    for row in weights:
        total = None
        for weight, part in zip(row, parts):
            if weight is not None:
                total = weight * part if total is None else torch.addcmul(total, weight, part)
        rows.append(torch.zeros_like(like[:, :1]) if total is None else total)
    return torch.cat(rows, dim=1) if len(rows) > 1 else rows[0]


def _images(slaves: Weights) -> list[Source] | None:
    """Each auxiliary as a multiple of one state, where all of them are."""
    images = []
    for row in slaves:
        present = [(number, weight) for number, weight in enumerate(row) if weight is not None]
        if len(present) != 1:
            return None
        images.append(Source(*present[0]))
    return images


def _points(coefficients: Mapping[str, Field], basis: FourierBasis) -> dict[str, Tensor]:
    """The coefficients on the nodes, with all modes that these have."""
    return {
        name: basis.points(basis.expand(field.values[..., 0].to(basis.device), field.grid))
        for name, field in coefficients.items()
    }


def _cores(groups: Sequence[Group]) -> list[Expression]:
    """Every core once: what stands in several equations is transformed once."""
    return list(dict.fromkeys(group.core for group in groups))


def _groups(number: int, row: Row) -> list[Group]:
    """The rest of a row as Σ D^orders (sum of products)."""
    found: dict[Orders, list[Term]] = {}
    for term in row.rest:
        found.setdefault(term.orders, []).append(term)
    groups = []
    for orders, terms in found.items():
        common = terms[0].coefficient
        if any(term.coefficient != common for term in terms):
            common = Const(1.0)
            terms = [replace(term, core=mul(term.coefficient, term.core)) for term in terms]
        groups.append(Group(number, orders, add(*(term.core for term in terms)), common))
    return groups


def _varies(e: Expression) -> bool:
    """Whether the expression changes while the solution evolves."""
    return any(isinstance(node, Unknown) or node == Coord("t") for node in e.walk())
