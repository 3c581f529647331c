"""How far trajectories are from satisfying their equations: no targets are needed."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fredholm.data import Samples
from fredholm.domains import Grid
from fredholm.equations import Equation, Values
from fredholm.objectives.objective import Objective
from fredholm.operators import Operator
from fredholm.solvers.residual import Residual, frames_of, on_modes


@dataclass(frozen=True)
class ResidualNorm(Objective):
    """The norm of ∂ₜ s - L s - N(s) of the answers, in a Sobolev norm, by Parseval.

    The inputs are a state, or frames that end at the start of the answers' time axis; they count as
    exact. Of the targets only the times are used.

    Args:
        equations: Equations keyed by the unknown that each determines; none contains the time.
        grid: Periodic grid of space whose modes are used.
        values: Values of parameters that are not those of the statement.
        order: Order of the norm. The norm of order -1 of the residual is what bounds the error of
            a diffusive flow; that of order 0 is mostly that of its shortest waves.
        accuracy: Order of the differences in time.

    Reference:
        Cao et al., ICLR 2025, arXiv:2405.17211, section 4.
    """

    equations: Mapping[str, Equation]
    grid: Grid
    values: Values | None = None
    order: float = -1.0
    accuracy: int = 4

    def __call__(
        self,
        operator: Operator,
        batch: Samples,
        *,
        generator: torch.Generator,
        progress: float = 0.0,
    ) -> dict[str, Tensor]:
        answer = operator(batch.inputs, batch.given, at=batch.targets.domain)
        time = answer.grid.axis("t")
        system = on_modes(self.equations, self.grid, self.values, answer.values.device)
        known, found = (frames_of(system.basis, u) for u in (batch.inputs, answer))
        residual = Residual(
            system,
            time.spacing,
            known.shape[1],
            time.size,
            accuracy=self.accuracy,
            order=self.order,
        )
        return {"residual": residual.square(residual(known, found)).sqrt().mean()}
