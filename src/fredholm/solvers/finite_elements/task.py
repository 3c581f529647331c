"""What is to be solved on one mesh after the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from fredholm.domains import Axis
from fredholm.equations import Expression
from fredholm.fields import Field
from fredholm.solvers.finite_elements.gauge import value_at
from fredholm.solvers.finite_elements.given import Function, Given
from fredholm.solvers.finite_elements.ladder import Rung
from fredholm.solvers.finite_elements.statement import Statement
from fredholm.solvers.finite_elements.system import System


@dataclass(frozen=True, eq=False)
class Task:
    """What is to be solved, for all samples.

    Args:
        statement: The weak form.
        time: Times of the frames; None for a steady state.
        initial: Initial values by state.
        values: Values of parameters.
        coefficients: Given functions by name.
        gauge: Points where unknowns are zero that are determined up to a constant.
    """

    statement: Statement
    time: Axis | None
    initial: Mapping[str, Field | Expression]
    values: Mapping[str, float]
    coefficients: Mapping[str, Field | Function]
    gauge: Mapping[str, Sequence[float]]

    @property
    def evolving(self) -> list[str]:
        """The states with an initial value."""
        return list(self.initial)

    def system(self, rung: Rung, nodal: Mapping[str, Tensor]) -> System:
        """The equations of one sample on one mesh."""
        known = {n: rung.raised(v) for n, v in nodal.items() if n in self.coefficients}
        functions = {n: f for n, f in self.coefficients.items() if not isinstance(f, Field)}
        given = Given(self.values, known, functions, self.time is not None)
        return System(self.statement, rung.level, rung.order, given)

    def start(self, system: System, rung: Rung, nodal: Mapping[str, Tensor]) -> ndarray:
        """The initial state."""
        assert self.time is not None, "a steady state has no start"
        y = system.at_rest()
        for state, given in self.initial.items():
            if isinstance(given, Field):
                values = system.spaces[state].raised(rung.raised(nodal[state])).numpy()
            else:
                values = system.at_dofs(given, state, self.time.start)
            y[system.slices[state]] = values
        return y

    def guess(self, system: System, nodal: Float[Tensor, "nodes c"]) -> ndarray | None:
        """A steady state to begin with; where the equations are linear there is no use for one."""
        if self.statement.affine:
            return None
        y, nodal = system.at_rest(), nodal[: len(system.level.mesh)]
        for (state,), values in zip(self.statement.chains.values(), nodal.T):
            y[system.slices[state]] = system.spaces[state].raised(values).numpy()
        return y

    def shown(
        self, system: System, frames: Float[ndarray, "frames n"]
    ) -> Float[Tensor, "frames nodes c"]:
        """The unknowns at the nodes, and at the middles of edges where elements have some there.

        Those without a mean are zero at their gauges.
        """
        level, found = system.level, []
        highest = level.space(max(system.orders.values()))
        for unknown, states in self.statement.chains.items():
            coefficients = torch.from_numpy(frames[:, system.slices[states[0]]])
            nodal = coefficients[:, : len(level.mesh)]
            if coefficients.shape[1] < len(highest):
                coefficients = torch.stack([highest.raised(row) for row in nodal])
            if unknown in self.gauge and unknown in system.means:
                coefficients = coefficients - value_at(level.mesh, nodal, self.gauge[unknown])
            found.append(coefficients[:, highest.halved])
        return torch.stack(found, dim=-1)
