"""A learned trajectory corrected until it satisfies its equations, and its estimated error."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis, Domain, Grid
from fredholm.equations import Equation, Values
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators import Operator, at_least_one
from fredholm.solvers import Stepper
from fredholm.solvers.residual import (
    Frames,
    Residual,
    estimated_error,
    frames_of,
    on_modes,
    trajectory_of,
)


@dataclass(frozen=True, eq=False)
class Refinement:
    """A trajectory after its correction, and what is known about it.

    Args:
        field: The trajectory.
        error: Estimated relative L2 error of each trajectory.
        before, after: Norms of the residual before and after the correction.

    Shapes:
        error, before, after (batch,).
    """

    field: Field
    error: Float[Tensor, "batch"]
    before: Float[Tensor, "batch"]
    after: Float[Tensor, "batch"]


class Refined(Operator):
    """An operator whose answers are corrected, one by one, on the residual of the equations.

    What is found for each answer is a function of time and space with all modes of a grid, zero at
    the initial frame: the coefficients that the bias of the last, linear spectral layer would have
    if no mode were cut. The norm of the residual of order -1 is minimised by L-BFGS in float64,
    preconditioned with the linear part of the equations. The initial frame is exact, so that only
    the solution has no residual; what is left of the error is that of the differences in time.

    Args:
        operator: Answers with trajectories, from a state or from some frames that end at the start
            of the answer's time axis; all at the same distance.
        equations: Equations keyed by the unknown that each determines; none contains the time. The
            channels are their states.
        grid: Periodic grid of space whose number of points the computation uses.
        values: Values of parameters that are not those of the statement.
        iterations: Iterations for each answer.
        order: Order of the norm of the residual.
        accuracy: Order of the differences in time.
        substeps: Steps per interval of the solver that estimates the error.

    Raises:
        EquationError: The equations are ill-posed, depend on time, or are not of this form.
        ValueError: Frames at other distances than those of the answer, or too few.

    Reference:
        Cao et al., ICLR 2025, arXiv:2405.17211. Departs from it: the time derivative in the
        residual is that of the trajectory itself; L-BFGS in place of Adam; the weights of the last
        layer, whose effect on one answer the bias has as well, stay as they are.

    Fails when: the flow changes much between two frames, so that differences in time mean little.
    """

    def __init__(
        self,
        operator: Operator,
        equations: Mapping[str, Equation],
        grid: Grid,
        *,
        values: Values | None = None,
        iterations: int = 60,
        order: float = -1.0,
        accuracy: int = 6,
        substeps: int = 8,
    ) -> None:
        super().__init__()
        at_least_one(iterations=iterations, substeps=substeps)
        self.operator = operator
        self.iterations, self.order, self.accuracy = iterations, order, accuracy
        self.stepper = Stepper(equations, 1.0, grid, substeps=substeps, values=values)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        return self.refine(u, given, at=at).field

    def refine(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Refinement:
        """The corrected answers; no gradients pass through them."""
        with torch.no_grad():
            first = self.operator(u, given, at=at)
        time = first.grid.axis("t")
        _check(u.grid, time)
        stepper = self.stepper
        system = on_modes(stepper.equations, stepper.grid, stepper.values, first.values.device)
        known, guess = (frames_of(system.basis, function) for function in (u, first))
        residual = Residual(
            system,
            time.spacing,
            known.shape[1],
            time.size,
            accuracy=self.accuracy,
            order=self.order,
        )
        inverse = residual.inverse()
        rows = [self._solve(residual, inverse, known[[i]], guess[[i]]) for i in range(len(first))]
        found = torch.cat(rows)
        with torch.no_grad():
            before, after = (residual.square(residual(known, x)).sqrt() for x in (guess, found))
            error = estimated_error(system, known[:, -1:], found, time.spacing, stepper.substeps)
        field = trajectory_of(system.basis, found, first.grid).to(first.values)
        return Refinement(field, error, before, after)

    def _solve(self, residual: Residual, inverse: Tensor, known: Frames, guess: Frames) -> Frames:
        """The frames of one answer with the least residual that the iterations find."""
        with torch.no_grad():
            scale = residual.square(residual(known, guess)).sqrt()
        unknown = torch.zeros(*guess.shape, 2, dtype=torch.float64, device=guess.device)
        unknown.requires_grad_()

        def frames() -> Frames:
            return guess + scale * _applied(inverse, torch.view_as_complex(unknown))

        optimiser = torch.optim.LBFGS(
            [unknown],
            max_iter=self.iterations,
            tolerance_grad=0.0,
            tolerance_change=1e-14,
            history_size=20,
            line_search_fn="strong_wolfe",
        )

        def loss() -> Tensor:
            optimiser.zero_grad()
            value = (residual.square(residual(known, frames())) / scale**2).sum()
            value.backward()
            return value

        with torch.enable_grad():
            optimiser.step(loss)
        with torch.no_grad():
            return frames()


def _applied(inverse: Tensor, unknown: Frames) -> Frames:
    """The changes of the frames that belong to the unknown of the iteration, for each mode."""
    rows = unknown.movedim((1, 2), (-2, -1))
    changes = (inverse @ rows.flatten(-2)[..., None])[..., 0]
    return changes.unflatten(-1, rows.shape[-2:]).movedim((-2, -1), (1, 2))


def _check(known: Grid, time: Axis) -> None:
    """Refuses frames that do not lead up to the answer."""
    if time.location != "right":
        raise ValueError(f"the given frame stands at the start of the times of an answer: {time}")
    if "t" not in known.names:
        return
    past = known.axis("t")
    if abs(past.spacing - time.spacing) > 1e-6 * time.spacing:
        raise ValueError(
            f"the known frames are {past.spacing:g} apart, those of the answer {time.spacing:g}: "
            "differences in time need equal distances"
        )
    if past.points()[-1] < time.start - 1e-6 * time.spacing or past.stop > time.points()[0]:
        raise ValueError(f"the known frames end at t = {past.stop:g}, the answer is at {time}")
