"""A numerical solver as an operator: a state to the state one interval later."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from fredholm.domains import Domain, Grid
from fredholm.equations import Coord, Equation, Values, parameters, require_well_posed, states_of
from fredholm.errors import EquationError, did_you_mean
from fredholm.fields import NOTHING, Field, Given, difference, norm
from fredholm.operators import Claim, Operator, ShiftEquivariant, at_least_one
from fredholm.solvers.discrete import box
from fredholm.solvers.exponential import Scheme, require_scheme
from fredholm.solvers.spectral_system import SpectralSystem
from fredholm.solvers.trajectory import advance, prepared


class Stepper(Operator):
    """Exponential Runge-Kutta in time, Fourier in space, with a fixed step, for ∂ₜ s = L s + N(s).

    The solver of `ETDRK` with step and resolution chosen once, so that it can stand wherever a
    learned step can: in a rollout, in a loss, beside a network. `accuracy` tells whether the choice
    is good. Linear equations are exact for any interval. Everything is computed in float64 on the
    device of the input, and differentiable with respect to the state, the parameters and the
    coefficients.

    Args:
        equations: Equations keyed by the unknown that each determines; none contains the time.
        interval: Time between the input and the output.
        grid: Periodic grid whose number of points the computation uses. An input on another grid
            of the same box is resampled to it, and its image back.
        substeps: Steps that make one interval.
        order: Order of the scheme in time, 1 to 4.
        dealias: Fraction of the modes that products keep, and the state with them; 1 keeps all,
            aliased.
        values: Values of parameters that are not those of the statement.
        coefficients: Given functions of space by name.
        params: Names of the parameters that come with each call as the columns of `given.params`.
        checkpoints: How many states per interval are kept for the backward pass, which computes
            the substeps between them once more: about √substeps take the least memory. None keeps
            everything.

    Shapes:
        Field (batch, *points, states) -> Field (batch, *points, states), the states in the order
        of the equations, u before dt(u); given.params (batch, len(params)).

    Raises:
        EquationError: The equations are ill-posed, depend on time, or are not of this form; a name
            in `params` is not that of a parameter; the grid is not periodic.
        ValueError: A number out of range.

    Reference:
        Cox and Matthews, J. Comput. Phys. 176, 2002 (see `Scheme`).

    Fails when: the step is too long for the products (the numbers grow beyond all bounds), or the
    grid is too coarse for the solution. `accuracy` shows the former, a finer grid the latter.
    """

    scheme: ClassVar[type[Scheme]] = Scheme

    def __init__(
        self,
        equations: Mapping[str, Equation],
        interval: float,
        grid: Grid,
        *,
        substeps: int = 1,
        order: int = 4,
        dealias: float = 2 / 3,
        values: Values | None = None,
        coefficients: Mapping[str, Field] | None = None,
        params: Sequence[str] = (),
        checkpoints: int | None = None,
    ) -> None:
        super().__init__()
        if not (interval > 0 and math.isfinite(interval)):
            raise ValueError(f"interval is a positive time, got {interval}")
        at_least_one(substeps=substeps, checkpoints=1 if checkpoints is None else checkpoints)
        require_scheme(order, dealias)
        _require_autonomous(equations, grid)
        _require_parameters(equations, params)
        self.equations, self.interval, self.grid = equations, interval, grid
        self.substeps, self.order, self.dealias = substeps, order, dealias
        self.values, self.coefficients, self.params = values or {}, coefficients or {}, params
        require_well_posed(equations, grid, self.values)
        self.states = tuple(name for names in states_of(equations).values() for name in names)
        self.checkpoints = checkpoints
        self._last: tuple[Tensor, _Flow] | None = None
        with torch.no_grad():
            # What cannot be solved is refused here and not at the first step.
            _Flow(self, self.values, torch.device("cpu"))

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Shifts commute with the step where nothing in the equations marks a place."""
        nodes = (node for e in self.equations.values() for node in e.residual.walk())
        placed = any(isinstance(node, Coord) for node in nodes)
        return () if placed or self.coefficients or self.params else (ShiftEquivariant(),)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        given.only(*["params"] * bool(self.params))
        self._check(u, given)
        flow = self._flow(given.params, u)
        state = advance(flow.scheme, flow.state(u), 0.0, flow.steps, flow.rate, self.checkpoints)
        image = Field(flow.points(state, u), u.domain)
        return image if at is None else image.at(at)

    def accuracy(self, u: Field, given: Given = NOTHING) -> Float[Tensor, "batch"]:
        """The relative L2 difference to two steps of half the size, for each function.

        It estimates the error that one interval adds; a number that is not small (or not finite)
        says that the step is too long for these states.
        """
        finer = self._changed(substeps=2 * self.substeps)
        with torch.no_grad():
            expected = finer(u, given)
            gap = norm(difference(self(u, given), expected))
        return (gap / norm(expected)).nan_to_num(nan=float("inf"))

    def with_interval(self, interval: float) -> Self:
        """The stepper over another interval, with steps that are not longer than now."""
        substeps = math.ceil(self.substeps * interval / self.interval - 1e-9)
        return self._changed(interval=interval, substeps=max(1, substeps))

    def _changed(self, **changes: Any) -> Self:
        return type(self)(**{**self.arguments, **changes})

    def _check(self, u: Field, given: Given) -> None:
        if u.channels != len(self.states):
            raise ValueError(
                f"this stepper advances {len(self.states)} states ({', '.join(self.states)}), one "
                f"channel each, got {u.channels} channels"
            )
        if box(u.grid.resized(self.grid.shape)) != box(self.grid):
            raise ValueError(f"this stepper works on the box of {self.grid}, got {u.grid}")
        rows = () if given.params is None else tuple(given.params.shape)
        if rows != (len(u), len(self.params)) * bool(self.params):
            raise ValueError(
                f"this stepper takes the parameters {', '.join(self.params)} as given.params "
                f"({len(u)}, {len(self.params)}), got {rows or None}"
            )

    def _flow(self, params: Tensor | None, u: Field) -> "_Flow":
        """The prepared equations; kept for the next call unless a gradient goes through them."""
        device = u.values.device
        row = torch.zeros(0, device=device) if params is None else params.to(device, torch.float64)
        last = self._last
        if last and last[0].device == device and torch.equal(last[0], row):
            return last[1]
        values = {**self.values, **dict(zip(self.params, row.unbind(-1)))}
        flow = _Flow(self, values, device)
        if not flow.requires_grad:
            self._last = row, flow
        return flow


class _Flow:
    """The equations on the modes of a grid, for given parameters, on a device."""

    def __init__(self, stepper: Stepper, values: Values, device: torch.device) -> None:
        self.system = SpectralSystem(
            stepper.equations,
            box(stepper.grid),
            device=device,
            values=values,
            coefficients=stepper.coefficients,
            dealias=stepper.dealias,
        )
        self.steps = 1 if self.system.exact else stepper.substeps
        step = stepper.interval / self.steps
        self.scheme, self.rate = prepared(self.system, step, stepper.order, stepper.scheme)
        fields = [field.values for field in stepper.coefficients.values()]
        tensors = [value for value in values.values() if isinstance(value, Tensor)]
        self.requires_grad = any(tensor.requires_grad for tensor in (*fields, *tensors))

    def state(self, u: Field) -> Complex[Tensor, "batch m *modes"]:
        """The modes of the states that the products keep."""
        values = u.values.movedim(-1, 1).to(torch.float64)
        return self.system.basis.expand(values, u.grid)

    def points(
        self, state: Complex[Tensor, "batch m *modes"], like: Field
    ) -> Float[Tensor, "batch *points m"]:
        """The values of the states where those of another function lie, in its dtype."""
        return self.system.basis.evaluate(state, like.grid).movedim(1, -1).to(like.values.dtype)


def _require_autonomous(equations: Mapping[str, Equation], grid: Grid) -> None:
    if not grid.periodic:
        raise EquationError(f"a stepper works on Fourier modes, which need periodic axes: {grid}")
    for equation in equations.values():
        if any(node == Coord("t") for node in equation.residual.walk()):
            raise EquationError(
                f"a stepper does not know the time, on which {equation} depends; use ETDRK.solve"
            )


def _require_parameters(equations: Mapping[str, Equation], params: Sequence[str]) -> None:
    stated = parameters(equations)
    for name in params:
        if name not in stated:
            raise EquationError(f"no parameter {name!r}: {did_you_mean(name, [*stated])}")
