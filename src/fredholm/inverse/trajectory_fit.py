"""Coefficients of a known form of equation, so that its solution meets given trajectories."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd import forward_ad

from fredholm.equations import Equation, param
from fredholm.errors import DataError
from fredholm.fields import Field
from fredholm.inverse.discovery import Discovered, statement
from fredholm.solvers.etdrk import ETDRK
from fredholm.solvers.solution import Solution

_SETTLED = 1e-3
"""Steps below this part of a standard error do not matter."""


@dataclass(frozen=True)
class TrajectoryFit:
    """Equations whose solution is as near to trajectories as their terms allow.

    Args:
        equations: By unknown, the equation with the fitted coefficients.
        coefficients: By unknown and name of the term.
        errors: Standard errors of the coefficients, likewise.
        distance: Relative L2 distance of the solutions to the trajectories.
        start: The same with the coefficients that the fit began with.
        iterations: Gauss-Newton steps that were taken.
    """

    equations: Mapping[str, Equation]
    coefficients: Mapping[str, Mapping[str, float]]
    errors: Mapping[str, Mapping[str, float]]
    distance: float
    start: float
    iterations: int


def fit_trajectory(
    found: Mapping[str, Discovered],
    u: Field,
    *,
    initial: Field | None = None,
    solver: ETDRK | None = None,
    iterations: int = 10,
) -> TrajectoryFit:
    """Polishes discovered coefficients: least squares of solution minus trajectory.

    Noise in u biases a regression on the equation; it does not bias this fit, where the initial
    state is exact and the errors of the samples are independent. Gauss-Newton needs a good start
    and a horizon over which the solution is predictable: shorten `u` in time where it is chaotic.
    The fit ends where a step no longer brings the solution nearer.

    Args:
        found: By unknown the discovered equation, in the order of the channels.
        u: Trajectories on a grid (t, *space) that is periodic in space.
        initial: State at the start of the time axis; by default the first frame of `u`.
        solver: Solves the equations; by default ETDRK with tolerance 1e-8.
        iterations: Most steps.

    Raises:
        DataError: The time axis does not begin with a frame, or no coefficient is left to fit.
        DivergedError: The solution left the finite numbers.
        EquationError: The solver does not serve the equations or the grid.
    """
    time = u.grid.axis("t")
    if time.location != "node":
        raise DataError(f"the trajectories must begin with their initial state, got {time}")
    if not any(each.coefficients for each in found.values()):
        raise DataError("the equations have no coefficients to fit")
    if initial is None:
        first = u.values.movedim(1 + u.grid.names.index("t"), 1)[:, 0]
        initial = Field(first, u.grid.without("t"))
    task = _Task(found, u.to(torch.float64), initial.to(torch.float64), solver or ETDRK(tol=1e-8))
    numbers = task.start
    misfit, slopes = task.linearise(numbers)
    start = float(misfit.norm())
    step, errors = _step(misfit, slopes)
    taken = 0
    while taken < iterations and bool((step.abs() > _SETTLED * errors).any()):
        new_misfit, new_slopes = task.linearise(numbers + step)
        if not new_misfit.norm() < misfit.norm():
            break
        numbers, misfit, slopes = numbers + step, new_misfit, new_slopes
        step, errors = _step(misfit, slopes)
        taken += 1
    size = float(u.values.norm())
    coefficients = task.by_name(numbers)
    equations = {
        key: statement(each.left, each.terms, coefficients[key]) for key, each in found.items()
    }
    distance = float(misfit.norm()) / size
    return TrajectoryFit(
        equations, coefficients, task.by_name(errors), distance, start / size, taken
    )


def _step(misfit: Float[Tensor, "n"], slopes: Float[Tensor, "n p"]) -> tuple[Tensor, Tensor]:
    """The Gauss-Newton step and the standard errors that the misfit implies."""
    # In units in which all coefficients matter alike: u_xxxx may weigh a millionth of u_x.
    scale = slopes.norm(dim=0).clamp(min=1e-300)
    step = torch.linalg.lstsq(slopes / scale, -misfit[:, None], driver="gelsd").solution[:, 0]
    normal = (slopes / scale).mT @ (slopes / scale)
    variance = misfit.square().sum() / max(1, len(misfit) - len(step))
    errors = (torch.linalg.pinv(normal, hermitian=True).diagonal() * variance).sqrt()
    return step / scale, errors / scale


class _Task:
    """The misfit as a function of all coefficients."""

    def __init__(
        self, found: Mapping[str, Discovered], u: Field, initial: Field, solver: ETDRK
    ) -> None:
        self.found, self.u, self.solver = found, u, solver
        self.names = [(key, term) for key, each in found.items() for term in each.terms]
        self.start = torch.tensor(
            [found[key].coefficients[term] for key, term in self.names], dtype=torch.float64
        )
        self.initial = initial
        self.symbols = [f"c{i}" for i in range(len(self.names))]
        symbols = {place: param(name, 0.0) for name, place in zip(self.symbols, self.names)}
        self.equations = {
            key: statement(each.left, each.terms, {t: symbols[key, t] for t in each.terms})
            for key, each in found.items()
        }

    def _solve(self, solver: ETDRK, values: Mapping[str, Any], copies: int = 1) -> Solution:
        """The equations, with parameters c0, c1, ... as coefficients, from copies of the start."""
        start = self.initial.values.repeat(copies, *[1] * (self.initial.values.ndim - 1))
        initial = {
            key: Field(start[..., i : i + 1], self.initial.domain)
            for i, key in enumerate(self.found)
        }
        space, time = self.u.grid.without("t"), self.u.grid.axis("t")
        return solver.solve(self.equations, initial, time, at=space, values=values)

    def linearise(self, numbers: Float[Tensor, "p"]) -> tuple[Tensor, Tensor]:
        """Solution minus trajectory, (n,), and its derivative by every coefficient, (n, p).

        Forward differentiation of one batch in which each copy of the samples carries the
        direction of one coefficient: all derivatives cost one run.
        """
        count, samples = len(numbers), len(self.u)
        chosen = self._solve(self.solver, dict(zip(self.symbols, numbers.tolist()))).details
        # The search for a step and a resolution needs no derivatives, which cost several times it.
        length = self.u.grid.axis("t").length
        fixed = replace(
            self.solver, step=length / chosen["steps"], resolution=max(chosen["points"])
        )
        directions = torch.eye(count, dtype=torch.float64).repeat_interleave(samples, dim=1)
        with forward_ad.dual_level():
            values = {
                name: forward_ad.make_dual(number.repeat(count * samples), direction)
                for name, number, direction in zip(self.symbols, numbers, directions)
            }
            solution = self._solve(fixed, values, copies=count)
            primal, tangent = forward_ad.unpack_dual(solution.field.values)
        if tangent is None:
            tangent = torch.zeros_like(primal)
        misfit = primal[:samples] - self.u.values
        return misfit.flatten(), tangent.reshape(count, -1).mT

    def by_name(self, numbers: Float[Tensor, "p"]) -> dict[str, dict[str, float]]:
        """One number per coefficient, by unknown and name of the term."""
        result: dict[str, dict[str, float]] = {key: {} for key in self.found}
        for (key, term), number in zip(self.names, numbers.tolist()):
            result[key][term] = number
        return result
