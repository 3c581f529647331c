"""How far answers on a grid are from fulfilling a statement: no solutions are needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import derivative, evaluate
from fredholm.calculus.fields import Method
from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.equations import Equation, Expression, Values, states_of
from fredholm.equations.differential import Normal, Vector
from fredholm.equations.expand import rename
from fredholm.equations.tree import Const
from fredholm.equations.validate import PARTS
from fredholm.fields import Field
from fredholm.objectives.objective import Objective
from fredholm.operators import Operator
from fredholm.problems import Problem
from fredholm.problems.evolving import initial_values

Density = Literal["uniform", "arcs"]


@dataclass(frozen=True)
class GridResidual(Objective):
    """Mean squares of the residuals of the equations, the walls and the initial values.

    The terms are `residual`, `boundary` and `initial`, each with the name of the unknown, part or
    state behind it; conditions that the operator fulfils by construction give terms of zero. Along
    an axis derivatives are those of the interpolant where its points have one (periodic and
    Chebyshev), else finite differences, as the grid says. By Parseval the mean square of a residual
    is the sum of the squares of its coefficients there: on Chebyshev points with the density
    `"arcs"`, that of the coefficients of Chebyshev polynomials.

    It is used alone, on inputs without solutions (`fredholm.data.DrawnSamples`), or added to a
    supervised objective.

    Args:
        problem: The statement. Its own grid and frames do not matter.
        grid: Where the residual is taken, with `t` for an evolution; by default the targets' grid.
            It has to have points on the walls and at the start. Products of resolved functions are
            resolved by a grid that is finer than what the operator computes on.
        method: How to differentiate (see `fredholm.calculus.derivative`).
        density: Of the mean along axes with Chebyshev points: `"uniform"`, or `"arcs"`, by which
            all points but the ends count alike, 1/(π √(1 - s²)).
        boundary: Weight of each condition on the walls.
        initial: Weight of each initial condition.

    Raises:
        ValueError: The problem is stated on a region, or with an unknown density.

    Reference:
        Li et al., ACM/JMS J. Data Science 1, 2024, arXiv:2111.03794 (physics-informed neural
        operator); Du et al., ICLR 2024, arXiv:2312.05225 (Parseval).
    """

    problem: Problem
    grid: Grid | None = None
    method: Method = "auto"
    density: Density = "uniform"
    boundary: float = 1.0
    initial: float = 1.0

    def __post_init__(self) -> None:
        if self.problem.region is not None:
            raise ValueError(
                f"{self.problem.key!r} is stated on a region, and grids fill boxes; solve it by "
                "networks of coordinates"
            )
        if self.density not in get_args(Density):
            raise ValueError(f"density is one of {get_args(Density)}, got {self.density!r}")

    def __call__(
        self,
        operator: Operator,
        batch: Samples,
        *,
        generator: torch.Generator,
        progress: float = 0.0,
    ) -> dict[str, Tensor]:
        grid = self.grid or batch.targets.grid
        answer = operator(batch.inputs, batch.given, at=grid)
        inputs = batch.inputs.at(grid.without("t") if "t" in grid.names else grid)
        values = _parameters(batch)
        residuals = self.problem.residual(answer, inputs, parameters=values, method=self.method)
        terms = {f"residual {u}": self._mean(r.values, grid.axes) for u, r in residuals.items()}
        if self.boundary:
            for part, (r, axes) in self._on_walls(answer, inputs, values):
                terms[f"boundary {part}"] = self.boundary * self._mean(r, axes)
        if self.initial and self.problem.time is not None:
            for state, (r, axes) in self._at_start(answer, inputs):
                terms[f"initial {state}"] = self.initial * self._mean(r, axes)
        return terms

    def _mean(self, values: Float[Tensor, "batch *points c"], axes: tuple[Axis, ...]) -> Tensor:
        """The mean over the batch and the points of the sum of the squares of the channels."""
        square = values.square().sum(-1).mean(0)
        for axis in reversed(axes):
            square = square @ self._weights(axis).to(square)
        return square

    def _weights(self, axis: Axis) -> Float[Tensor, "n"]:
        """Weights of a mean along an axis."""
        if self.density == "uniform" or axis.location != "chebyshev":
            return axis.weights() / axis.length
        weights = torch.full((axis.size,), 1 / (axis.size - 1), dtype=torch.float64)
        weights[0] = weights[-1] = weights[0] / 2
        return weights

    def _on_walls(
        self, answer: Field, inputs: Field, values: Values
    ) -> Iterator[tuple[str, "_Side"]]:
        """Each part of the boundary and the residual of a condition there."""
        named = self.problem.functions(answer, inputs, values)
        for part, conditions in self.problem.conditions.items():
            number = next(i for i, pair in enumerate(PARTS) if part in pair)
            axis, end = self.problem.domain.names[number], PARTS[number].index(part)
            for count, condition in enumerate(conditions):
                stated = _outward(condition, self.problem.domain.dim, number, end)
                found = evaluate(stated, named, answer.grid, method=self.method)
                yield part if len(conditions) == 1 else f"{part} {count}", _side(found, axis, -end)

    def _at_start(self, answer: Field, inputs: Field) -> Iterator[tuple[str, "_Side"]]:
        """Each initial value and the residual of it."""
        states = states_of(self.problem.equations)
        given = initial_values(self.problem, inputs)
        for channel, unknown in enumerate(self.problem.targets):
            u = answer.with_values(answer.values[..., channel : channel + 1])
            for order, state in enumerate(states[unknown]):
                rate = derivative(u, "t", order, method=self.method) if order else u
                start, axes = _side(rate, "t", 0)
                yield state, (start - given[state].at(inputs.grid).values.to(start), axes)


_Side = tuple[Float[Tensor, "batch *points c"], tuple[Axis, ...]]
"""Samples at one end of an axis, and the other axes."""


def _parameters(batch: Samples) -> dict[str, Tensor]:
    """The parameters that vary between the samples, by name."""
    if batch.params is None:
        return {}
    names = (variable.name for variable in batch.param_variables)
    return dict(zip(names, batch.params.unbind(-1), strict=True))


def _outward(condition: Equation, dim: int, number: int, end: int) -> Expression:
    """left - right of a condition, with the outward normal of one side of the box."""
    normal = tuple(Const((0.0, 2.0 * end - 1)[i == number]) for i in range(dim))
    return rename(condition.residual, {Normal(): Vector(normal)})


def _side(u: Field, name: str, index: int) -> _Side:
    """A function at the first (0) or last (-1) point of an axis.

    Raises:
        ValueError: The axis has no point at that end.
    """
    axis, number = u.grid.axis(name), u.grid.names.index(name)
    end = axis.stop if index else axis.start
    if abs(float(axis.points()[index]) - end) > 1e-9 * axis.length:
        raise ValueError(
            f"a condition is stated at {name} = {end:g}, where the grid of the residual has no "
            f"points: {axis}; give GridResidual a grid with nodes or Chebyshev points"
        )
    others = tuple(other for other in u.grid.axes if other.name != name)
    return u.values.select(1 + number, index), others
