"""Parameters of a statement as the unknowns of a least-squares problem through its solver."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.collocation.trial import number_of
from fredholm.domains import Grid
from fredholm.fields import Field
from fredholm.inverse.measured import Measured
from fredholm.problems import Problem

_DIFFERENCE = 0.01
"""Step of the differences, on numbers of order one: far above the solver's error, far below the
distance over which its answer bends."""


class Parameters:
    """Misfits of the numerical solution as a function of parameters.

    The unknowns are what a network would train too: a positive parameter's logarithm, others in
    units of their first values. No step leaves the range of a parameter.

    Args:
        problem: The statement.
        names: The parameters.
        measured: The data.
        tol: Relative error that the solver aims at.

    Raises:
        EquationError: The statement has no such parameter.
    """

    def __init__(
        self, problem: Problem, names: Sequence[str], measured: Measured, tol: float
    ) -> None:
        self.problem, self.measured, self.tol = problem, measured, tol
        self.numbers = {name: number_of(problem, name) for name in names}
        self.start = torch.stack([number.raw.detach() for number in self.numbers.values()])

    def values(self, x: Float[Tensor, "p"]) -> dict[str, float]:
        """The parameters at x."""
        with torch.no_grad():
            for number, raw in zip(self.numbers.values(), x, strict=True):
                number.raw.copy_(raw)
        return {name: number().item() for name, number in self.numbers.items()}

    def slopes(self, x: Float[Tensor, "p"]) -> Float[Tensor, "p"]:
        """The derivative of each parameter by its unknown."""
        self.values(x)
        return torch.stack([number.slope() for number in self.numbers.values()])

    def solution(self, x: Float[Tensor, "p"]) -> Field:
        """The numerical solution with these parameters, one channel per target."""
        problem = self.problem.with_parameters(**self.values(x))
        return problem.solve(at=self.measured.grid, tol=self.tol).field

    def residual(self, x: Float[Tensor, "p"]) -> Float[Tensor, "n"]:
        u = self.solution(x)
        unknowns = {
            name: u.with_values(u.values[..., i : i + 1])
            for i, name in enumerate(self.problem.targets)
        }
        parameters = {**self.problem.parameters, **self.values(x)}
        return self.measured.residual({**parameters, **unknowns})

    def jacobian(self, x: Float[Tensor, "p"], residual: Float[Tensor, "n"]) -> Float[Tensor, "n p"]:
        shifts = _DIFFERENCE * torch.eye(len(x), dtype=x.dtype)
        columns = [(self.residual(x + shift) - residual) / _DIFFERENCE for shift in shifts]
        return torch.stack(columns, dim=1)


def grid_for(problem: Problem) -> Grid:
    """Where solutions are asked for, fine enough that interpolation does not count."""
    space = [2 * axis.size - 1 for axis in problem.domain.axes]
    grid = problem.domain.resized(space)
    if problem.time is None:
        return grid
    return Grid.of(problem.time.resized(2 * problem.time.size - 1), *grid.axes)
