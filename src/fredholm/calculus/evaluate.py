"""An expression evaluated on functions that are given by samples: the residual on a grid."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus.fields import Method, differentiate
from fredholm.calculus.spectral import spectral_shift
from fredholm.calculus.tape import Tape
from fredholm.domains import Grid
from fredholm.equations import Coefficient, Coord, Expression, Param, Unknown, expand
from fredholm.equations.differential import Derivative, Shift, Vector, displacement
from fredholm.errors import EquationError, did_you_mean
from fredholm.fields import Field

Given = Mapping[str, Field | float | Float[Tensor, "batch"]]


def evaluate(e: Expression, values: Given, grid: Grid, *, method: Method = "auto") -> Field:
    """The expression as a function on the grid.

    Args:
        e: Any expression; a vector gives one channel per component.
        values: By name the unknowns and coefficients, as functions on `grid` or, where the grid
            has a time axis, on its spatial part (then constant in time); parameters as numbers,
            one for all or one per function. A parameter that is not named keeps its own value.
        grid: Where to evaluate; an axis named `t` is time, the others are space.
        method: How to differentiate along every axis (see `derivative`).

    Shapes:
        Field (batch, *points, 1), or one channel per component.

    Raises:
        EquationError: A function is missing, or the expression has no meaning on this grid.
        ValueError: A function lives elsewhere, or the method does not fit an axis.
    """
    coords = tuple(name for name in grid.names if name != "t")
    expanded = expand(e, coords)
    symbols = _Symbols(values, grid)
    parts = expanded.components if isinstance(expanded, Vector) else (expanded,)
    tape = Tape(parts, lambda e: isinstance(e, Shift))
    results = tape(symbols, lambda node, u: _derivative(node, u, grid, method))
    tensors = [symbols.filled(result) for result in results]
    return Field(torch.stack(torch.broadcast_tensors(*tensors), dim=-1), grid)


class _Symbols:
    """The values of symbols as tensors (batch or 1, *points or 1)."""

    def __init__(self, values: Given, grid: Grid) -> None:
        self.values = values
        self.grid = grid
        fields = [value for value in values.values() if isinstance(value, Field)]
        self.like = fields[0].values if fields else torch.zeros((), dtype=torch.float64)

    def __call__(self, e: Expression) -> Tensor:
        if isinstance(e, Shift):
            return self._shifted(e)
        if isinstance(e, Coord):
            return self._coordinate(e.name)
        if isinstance(e, Param):
            return self._number(self.values.get(e.name, e.value), e.name)
        if not isinstance(e, Unknown | Coefficient):
            raise EquationError(f"{e} cannot be evaluated on a grid")
        if e.name not in self.values:
            known = did_you_mean(e.name, [*self.values])
            raise EquationError(f"no values are given for {e.name!r}: {known}")
        value = self.values[e.name]
        return (
            self._function(value, e.name)
            if isinstance(value, Field)
            else self._number(value, e.name)
        )

    def filled(self, value: Tensor | float) -> Tensor:
        """The value spread over all points of the grid."""
        tensor = torch.as_tensor(value, dtype=self.like.dtype, device=self.like.device)
        return tensor.expand(tensor.shape[0] if tensor.ndim else 1, *self.grid.shape)

    def _shifted(self, e: Shift) -> Tensor:
        shifts, core = displacement(e)
        values = self(core)
        for coord, distance in shifts:
            dim = 1 + self.grid.names.index(coord)
            if values.shape[dim] > 1:  # else constant along this axis
                values = spectral_shift(values, dim, self.grid.axis(coord), distance)
        return values

    def _coordinate(self, name: str) -> Tensor:
        shape = [1] * (1 + self.grid.dim)
        points = self.grid.axis(name).points().to(self.like)
        shape[1 + self.grid.names.index(name)] = len(points)
        return points.reshape(shape)

    def _number(self, value: float | Tensor | Field, name: str) -> Tensor:
        number = torch.as_tensor(value, dtype=self.like.dtype, device=self.like.device)
        if number.ndim > 1:
            raise ValueError(f"{name!r} is a number or one number per function, got {number.shape}")
        return number.reshape(-1, *[1] * self.grid.dim)

    def _function(self, value: Field, name: str) -> Tensor:
        if value.channels != 1:
            raise ValueError(f"{name!r} is a scalar, got a function with {value.channels} channels")
        if value.domain == self.grid:
            return value.values[..., 0]
        number = self.grid.names.index("t") if "t" in self.grid.names else None
        if number is not None and value.domain == self.grid.without("t"):
            return value.values[..., 0].unsqueeze(1 + number)
        raise ValueError(
            f"{name!r} lives on {value.domain}, the expression is evaluated on {self.grid}; "
            "use .at(grid)"
        )


def _derivative(node: Derivative, operand: Tensor, grid: Grid, method: Method) -> Tensor:
    axis = grid.axis(node.coord)
    dim = 1 + grid.names.index(node.coord)
    if operand.ndim == 0 or operand.shape[dim] == 1:  # constant along this axis
        return torch.zeros_like(operand)
    return differentiate(operand, dim, axis, node.order, method)
