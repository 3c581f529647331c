"""An evolution problem on a chosen number of Fourier modes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from fredholm.domains import Grid
from fredholm.equations import Coord, Equation, Values, states_of
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.solvers.spectral_system import SpectralSystem

_LIMIT = {1: 8192, 2: 1024, 3: 192}
"""Points per axis beyond which the resolution is not raised, by dimension."""


@dataclass(frozen=True, eq=False)
class Statement:
    """Equations with the data that they need.

    Args:
        equations: Equations keyed by the unknown that each determines.
        initial: Initial values of the states, one channel each.
        coefficients: Given functions of space.
        values: Values of parameters.

    Raises:
        EquationError: An initial value is missing.
        ValueError: Initial values differ in their number of functions or are not real.
    """

    equations: Mapping[str, Equation]
    initial: Mapping[str, Field]
    coefficients: Mapping[str, Field]
    values: Values

    def __post_init__(self) -> None:
        missing = [name for name in self.states if name not in self.initial]
        if missing:
            raise EquationError(f"no initial value is given for {', '.join(map(repr, missing))}")
        if len({len(field) for field in self.initial.values()}) > 1:
            raise ValueError("initial values differ in the number of functions")

    @cached_property
    def states(self) -> tuple[str, ...]:
        """Names of what evolves."""
        return tuple(name for names in states_of(self.equations).values() for name in names)

    @cached_property
    def grid(self) -> Grid:
        """The finest grid among those of the data."""
        fields = [*self.initial.values(), *self.coefficients.values()]
        return max((field.grid for field in fields), key=lambda grid: math.prod(grid.shape))

    @property
    def device(self) -> torch.device:
        """Where the initial values live, and everything is computed."""
        return next(iter(self.initial.values())).values.device

    @property
    def placed(self) -> bool:
        """Whether coordinates stand in the equations, so that the given grid must be respected."""
        nodes = (node for e in self.equations.values() for node in e.residual.walk())
        return any(isinstance(node, Coord) and node.name != "t" for node in nodes)

    @property
    def requires_grad(self) -> bool:
        """Whether anything asks for a gradient."""
        fields = [*self.initial.values(), *self.coefficients.values()]
        tensors = [field.values for field in fields]
        tensors += [value for value in self.values.values() if isinstance(value, Tensor)]
        return any(tensor.requires_grad for tensor in tensors)


class Discrete:
    """The system and its initial state on a number of points.

    Args:
        statement: The problem.
        shape: Points per axis.
        dealias: Fraction of the modes that products keep.
    """

    def __init__(self, statement: Statement, shape: tuple[int, ...], dealias: float) -> None:
        self.statement = statement
        self.shape = shape
        self.dealias = dealias
        self.system = SpectralSystem(
            statement.equations,
            box(statement.grid).resized(shape),
            device=statement.device,
            values=statement.values,
            coefficients=statement.coefficients,
            dealias=dealias,
        )
        self.basis = self.system.basis
        self.state = torch.stack([self._expanded(name) for name in statement.states], dim=1)

    def _expanded(self, name: str) -> Tensor:
        field = self.statement.initial[name]
        return self.basis.expand(field.values[..., 0].to(torch.float64), field.grid)

    @property
    def exact(self) -> bool:
        """Whether one step is exact: a linear equation, and no source that changes in time."""
        return self.system.exact

    @property
    def counted(self) -> list[int]:
        """The states that are unknowns, and not their time derivatives."""
        states = self.statement.states
        return [i for i, name in enumerate(states) if name in self.statement.equations]

    def fields(
        self, frames: Complex[Tensor, "batch frames m *modes"], times: list[float], at: Grid
    ) -> Float[Tensor, "batch frames *points c"]:
        """Values of the unknowns, one channel each in the order of the equations."""
        names = self.statement.states
        if self.system.slaves:
            slaves = [self.system.auxiliaries(s, t) for s, t in zip(frames.unbind(1), times)]
            frames = torch.cat([frames, torch.stack(slaves, dim=1)], dim=2)
            names = (*names, *self.system.slaves)
        rows = [names.index(name) for name in self.statement.equations]
        return self.basis.evaluate(frames[:, :, rows], at).movedim(2, -1)


def box(grid: Grid) -> Grid:
    """The same box with samples on nodes."""
    return Grid(
        grid.shape,
        [(axis.start, axis.stop) for axis in grid.axes],
        periodic=[axis.periodic for axis in grid.axes],
        names=grid.names,
        units=[axis.units for axis in grid.axes],
    )


def first_shape(statement: Statement, dealias: float, tol: float) -> tuple[int, ...]:
    """Points per axis that keep all but a fraction `tol` of the initial state.

    At least those of the data where coefficients or coordinates enter, which a coarser grid would
    miss.
    """
    least = statement.coefficients or statement.placed
    shape = []
    for number in range(statement.grid.dim):
        needed = max(
            _last_mode(field, number, tol) * 2 / dealias for field in statement.initial.values()
        )
        floor = statement.grid.shape[number] if least else 16
        shape.append(_good(max(floor, math.floor(needed) + 2)))
    return tuple(shape)


def _last_mode(field: Field, number: int, tol: float) -> int:
    """The highest mode index along an axis that is needed for a relative L2 error of `tol`."""
    n = field.grid.shape[number]
    modes = torch.fft.rfft(field.values.detach().to(torch.float64), dim=number + 1, norm="forward")
    power = modes.abs().square().movedim(number + 1, 1).flatten(2).sum(2)
    beyond = power.flip(1).cumsum(1).flip(1)  # energy of this mode and all higher ones
    significant = beyond > tol**2 * beyond[:, :1]
    return min(int(significant.sum(1).max()), n // 2)


def full_shape(statement: Statement) -> tuple[int, ...]:
    """Points per axis that keep every mode of the data."""
    return tuple(_good(n + 1) for n in statement.grid.shape)


def raised_shape(shape: tuple[int, ...], tail: Float[Tensor, "dim"], tol: float) -> tuple[int, ...]:
    """More points on the axes whose tail is above the tolerance; the same shape at the limit."""
    limit = _LIMIT.get(len(shape), 64)
    factors = [2.0 if worst > 1e-2 else 1.5 if worst > tol else 1.0 for worst in tail.tolist()]
    return tuple(max(n, min(limit, _good(math.ceil(f * n)))) for n, f in zip(shape, factors))


def _good(size: int) -> int:
    """The next even number of points with a fast transform: 2^a 3^b 5^c."""
    size += size % 2
    while True:
        rest = size
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return size
        size += 2
