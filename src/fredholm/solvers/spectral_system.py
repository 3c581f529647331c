"""A semilinear system on Fourier modes: ∂ₜ s = L s + N(s, t), read off the statement."""

from collections.abc import Mapping, Sequence

import torch
from jaxtyping import Complex
from torch import Tensor

from fredholm.calculus import FourierBasis, Interpreter
from fredholm.equations import Coefficient, Coord, Equation, Expression, Param, Unknown, Values
from fredholm.equations.differential import Derivative
from fredholm.equations.expand import Orders, raised
from fredholm.equations.semilinear import Row, semilinear
from fredholm.equations.symbol import symbol
from fredholm.equations.tree import add, mul
from fredholm.errors import EquationError
from fredholm.fields import Field

Modes = Complex[Tensor, "batch m *modes"]
Need = tuple[str, Orders]


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
        EquationError: An auxiliary is determined by a nonlinear equation of itself.
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
        self.basis = basis
        self.values = values
        system = semilinear(equations, basis.grid.names)
        self.states, self.slaves = system.states, system.auxiliaries
        self.symbol = symbol(system, basis.factor, values)
        rests = [_by_orders(row) for row in system.rows]
        self._evolving, self._enslaved = rests[: len(self.states)], rests[len(self.states) :]
        self.exact = not any(_varies(core) for rest in rests for core in rest.values())
        self.band = basis.band(1.0 if self.exact else dealias)
        self.thirds = basis.thirds(1.0 if self.exact else dealias)
        self._given = {
            name: basis.points(basis.expand(field.values[..., 0], field.grid))
            for name, field in coefficients.items()
        }
        self._factors: dict[Orders, Tensor] = {}
        _refuse_implicit(self.slaves, self._enslaved)

    @property
    def linear(self) -> Complex[Tensor, "batch *modes m m"]:
        """L, one matrix per mode."""
        return self.symbol.linear

    def rate(self, state: Modes, time: float) -> Modes:
        """N(s, t): everything that the linear part leaves out."""
        if not any(self._evolving) and not any(self._enslaved):
            return torch.zeros_like(state)
        slaves = self.auxiliaries(state, time) if self.slaves else state[:, :0]
        rests = [
            *self._modes_of(self._evolving, state, slaves, time),
            *self._modes_of(self._enslaved, state, slaves, time),
        ]
        return self._combined(self.symbol.drive, rests, state)

    def auxiliaries(self, state: Modes, time: float) -> Modes:
        """The unknowns without time derivative that belong to a state."""
        states = list(state.unbind(1))
        like = state[:, :1].expand(-1, len(self.slaves), *self.band.shape)
        slaves = self._combined(self.symbol.slave, states, like)
        if not any(self._enslaved):
            return slaves
        rests = self._modes_of(self._enslaved, state, state[:, :0], time)
        return slaves + self._combined(self.symbol.gauge, rests, like)

    def _combined(self, matrix: Tensor, parts: Sequence[Tensor | None], like: Tensor) -> Modes:
        """Σⱼ matrix[i, j] parts[j] for each row i; `None` stands for zero."""
        rows = []
        for i in range(matrix.shape[-2]):
            total = torch.zeros_like(like[:, 0])
            for j, part in enumerate(parts):
                if part is not None:
                    total = total + matrix[..., i, j] * part
            rows.append(total)
        return torch.stack(rows, dim=1)

    def _modes_of(
        self, rests: list[dict[Orders, Expression]], state: Modes, slaves: Modes, time: float
    ) -> list[Tensor | None]:
        """The modes of each rest; all products go through one transform."""
        groups = [
            (row, orders, core) for row, rest in enumerate(rests) for orders, core in rest.items()
        ]
        result: list[Tensor | None] = [None] * len(rests)
        if not groups:
            return result
        symbols = _Symbols(self, state, slaves, time, _needs(rests))
        interpret = Interpreter(symbols.leaf, symbols.derivative)
        shape = (len(state), *self.basis.grid.shape)
        points = torch.stack([interpret(core).expand(shape) for _, _, core in groups], dim=1)
        modes = self.filtered(self.basis.modes(points.to(torch.float64)))
        for number, (row, orders, _) in enumerate(groups):
            part = self.differentiated(modes[:, number], orders)
            known = result[row]
            result[row] = part if known is None else known + part
        return result

    def filtered(self, modes: Tensor) -> Tensor:
        """The modes inside the band that products keep."""
        return modes * self.band

    def differentiated(self, modes: Tensor, orders: Orders) -> Tensor:
        """The derivative of a function by its modes."""
        if not orders:
            return modes
        if orders not in self._factors:
            self._factors[orders] = self._factor(orders)
        return modes * self._factors[orders]

    def given(self, name: str) -> Tensor:
        """The points of a coefficient.

        Raises:
            EquationError: It has no values.
        """
        if name not in self._given:
            raise EquationError(f"no function is given for the coefficient {name!r}")
        return self._given[name]

    def _factor(self, orders: Orders) -> Tensor:
        result = self.basis.factor("", 0)
        for coord, order in orders:
            result = result * self.basis.factor(coord, order)
        return result


class _Symbols:
    """Point values of the symbols of an expression at one state and time."""

    def __init__(
        self, system: SpectralSystem, state: Modes, slaves: Modes, time: float, needs: list[Need]
    ) -> None:
        self.system = system
        self.time = time
        names = [*system.states, *system.slaves]
        known = torch.cat([state, slaves], dim=1)
        modes = [system.differentiated(known[:, names.index(n)], o) for n, o in needs]
        points = system.basis.points(torch.stack(modes, dim=1)).unbind(1) if needs else ()
        self.points = dict(zip(needs, points))

    def leaf(self, e: Expression) -> Tensor:
        grid = self.system.basis.grid
        match e:
            case Unknown():
                return self.points[e.name, ()]
            case Coefficient():
                return self.system.given(e.name)
            case Param():
                value = torch.as_tensor(self.system.values.get(e.name, e.value))
                return value.to(torch.float64).reshape(-1, *[1] * grid.dim)
            case Coord(name="t"):
                return torch.tensor(self.time, dtype=torch.float64)
            case Coord():
                number = grid.names.index(e.name)
                return grid.points()[..., number][None]
        raise EquationError(f"{e} cannot be evaluated inside a solver")

    def derivative(self, e: Derivative, interpret: Interpreter) -> Tensor:
        orders, core = _chain(e)
        if isinstance(core, Unknown):
            return self.points[core.name, orders]
        basis, system = self.system.basis, self.system
        points = interpret(core)
        modes = basis.modes(points.expand(len(points), *basis.grid.shape))
        return basis.points(system.differentiated(system.filtered(modes), orders))


def _by_orders(row: Row) -> dict[Orders, Expression]:
    """The rest of a row as Σ D^orders (sum of products)."""
    groups: dict[Orders, Expression] = {}
    for term in row.rest:
        part = mul(term.coefficient, term.core)
        groups[term.orders] = add(groups[term.orders], part) if term.orders in groups else part
    return groups


def _needs(rests: list[dict[Orders, Expression]]) -> list[Need]:
    """The derivatives of unknowns that stand inside products."""
    found: dict[Need, None] = {}

    def collect(e: Expression) -> None:
        orders, core = _chain(e)
        if isinstance(core, Unknown):
            found[core.name, orders] = None
        else:
            for child in core.children:
                collect(child)

    for rest in rests:
        for core in rest.values():
            collect(core)
    return list(found)


def _chain(e: Expression) -> tuple[Orders, Expression]:
    """The derivatives that act on one expression, and that expression."""
    orders: Orders = ()
    while isinstance(e, Derivative):
        orders, e = raised(orders, e.coord, e.order), e.operand
    return orders, e


def _varies(e: Expression) -> bool:
    """Whether the expression changes while the solution evolves."""
    return any(isinstance(node, Unknown) or node == Coord("t") for node in e.walk())


def _refuse_implicit(slaves: tuple[str, ...], rests: list[dict[Orders, Expression]]) -> None:
    for name, _ in _needs(rests):
        if name in slaves:
            raise EquationError(
                f"{name!r} has no time derivative and stands in a nonlinear term of its own "
                "equation, or of another such unknown's; only linear equations with constant "
                "coefficients determine it here"
            )
