"""Given functions at any points: samples, expressions of the coordinates, and callables."""

import math
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor

from fredholm.calculus import Tape
from fredholm.domains import Axis, Grid
from fredholm.equations import Expression, expand
from fredholm.equations.differential import Derivative
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.solvers.pseudospectral_line import Line, barycentric
from fredholm.solvers.pseudospectral_terms import Known, simple_symbol

Given = Field | Expression | Callable[[Tensor], Tensor]
"""A function as it is handed over; a callable takes coordinates (n, d) and gives (n,)."""


def known(given: Given, *, timed: bool, values: Mapping[str, float], grid: Grid) -> Known:
    """A given function that can be asked at any points and times.

    Args:
        given: Samples of one function, an expression of the coordinates, or a callable.
        timed: Whether a callable takes the time as its last coordinate.
        values: Values of parameters.
        grid: The box, which names the coordinates.
    """
    if isinstance(given, Field):
        return Sampled(given)
    if isinstance(given, Expression):
        return _stated(given, values, grid.names)
    return _called(given, timed)


def _called(given: Callable[[Tensor], Tensor], timed: bool) -> Known:
    def ask(points: ndarray, times: ndarray) -> ndarray:
        columns = []
        for time in times if timed else times[:1]:
            extra = np.full((len(points), 1), time)
            where = np.concatenate([points, extra], axis=1) if timed else points
            answer = given(torch.from_numpy(where)).detach().to(torch.float64)
            columns.append(answer.reshape(len(points)).numpy())
        return np.broadcast_to(np.stack(columns, axis=1), (len(points), len(times)))

    return ask


class Sampled:
    """The smooth function through samples on a grid.

    Trigonometric on periodic axes. On others a rational function without poles, which does not
    oscillate between equidistant samples as polynomials do, and is exact to order h⁹ on nodes.

    Args:
        samples: One function with one channel.

    Reference:
        Floater and Hormann, Numer. Math. 107, 2007.
    """

    def __init__(self, samples: Field) -> None:
        odd = [
            a.resized(a.size + 1) if a.periodic and a.size % 2 == 0 else a
            for a in samples.grid.axes
        ]
        samples = samples.at(Grid.of(*odd))
        self.axes = samples.grid.axes
        self.values = samples.values[0, ..., 0].detach().to("cpu", torch.float64).numpy()
        self._kept: dict[int, tuple[ndarray, ndarray]] = {}

    def __call__(self, points: ndarray, times: ndarray) -> Float[ndarray, "n b"]:
        # A system asks again and again at the same points, which it keeps.
        if id(points) not in self._kept:
            values = np.broadcast_to(self.values, (len(points), *self.values.shape))
            for axis, x in zip(self.axes, points.T):
                values = np.einsum("ni...,ni->n...", values, weights_at(axis, x))
            self._kept[id(points)] = points, values
        return np.broadcast_to(self._kept[id(points)][1][:, None], (len(points), len(times)))


def weights_at(axis: Axis, points: Float[ndarray, "n"]) -> Float[ndarray, "n samples"]:
    """Weights of the samples on an axis in the values at points."""
    x = axis.points().numpy()
    if axis.periodic:
        return Line(axis, axis.size).at(0, points - (x[0] - axis.start)).toarray()
    if axis.location == "chebyshev":
        return Line(axis, axis.size - 2).at(2, points).toarray()
    return barycentric(x, _rational(axis.size, 8 if axis.location == "node" else 4), points)


@lru_cache(maxsize=64)
def _rational(count: int, degree: int) -> Float[ndarray, "n"]:
    """Barycentric weights of the rational interpolant through equidistant samples."""
    degree = min(degree, count - 1)
    sums = [
        sum(
            math.comb(degree, k - i)
            for i in range(max(0, k - degree), min(k, count - 1 - degree) + 1)
        )
        for k in range(count)
    ]
    return np.array(sums) * (-1.0) ** np.arange(count) / 2.0**degree


def _stated(e: Expression, values: Mapping[str, float], names: tuple[str, ...]) -> Known:
    tape = Tape([expand(e, names)])

    def ask(points: ndarray, times: ndarray) -> ndarray:
        def leaf(symbol: Expression) -> Tensor:
            return simple_symbol(symbol, points, times, names, values)

        (value,) = tape(leaf, _underived)
        value = torch.as_tensor(value, dtype=torch.float64)
        return value.expand(len(points), len(times)).numpy()

    return ask


def _underived(node: Derivative, operand: Tensor) -> Tensor:
    raise EquationError(f"an initial value is written without derivatives, got {node}")
