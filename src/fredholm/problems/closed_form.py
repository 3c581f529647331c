"""Exact solutions that an expression can say."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import Pointwise, evaluate
from fredholm.domains import Axis, Grid
from fredholm.equations import Expression
from fredholm.fields import Field
from fredholm.problems.problem import Problem


@dataclass(frozen=True)
class ClosedForm:
    """The exact solution of a problem in which nothing varies, for `Problem.exact`.

    Args:
        solution: By unknown, an expression of the coordinates and of the problem's parameters.
    """

    solution: Mapping[str, Expression] = field(default_factory=dict)

    def __call__(self, problem: Problem, inputs: Field, grid: Grid) -> Field:
        """The targets on a grid; at the final time where the grid of an evolution has no times.

        Args:
            problem: Whose parameters the expressions take.
            inputs: One batch entry for each copy of the solution that is wanted.
            grid: Target grid.
        """
        last = problem.time is not None and "t" not in grid.names
        places = Grid.of(_ends(problem), *grid.axes) if last else grid
        channels = [
            evaluate(self.solution[name], problem.parameters, places).values
            for name in problem.targets
        ]
        values = torch.cat(channels, dim=-1)
        values = values[:, -1] if last else values
        return Field(values.expand(len(inputs), *values.shape[1:]), grid)

    def at(self, problem: Problem, points: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
        """The targets at points, whose columns are the coordinates, the time last."""
        coords = (*problem.domain.names, *(() if problem.time is None else ("t",)))
        expressions = [self.solution[name] for name in problem.targets]
        return torch.stack(Pointwise(expressions, coords)(problem.parameters, points), dim=-1)


def _ends(problem: Problem) -> Axis:
    assert problem.time is not None
    return problem.time.resized(2)
