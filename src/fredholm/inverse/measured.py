"""Observations compared with functions on a grid, such as the output of a numerical solver."""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import evaluate
from fredholm.collocation import Observations, coordinates
from fredholm.domains import Grid
from fredholm.errors import DataError
from fredholm.fields import Field
from fredholm.fields.interpolant import sample_weights
from fredholm.problems import Problem


class Measured:
    """Observed expressions of functions that are known on a grid, minus their measured values.

    Args:
        problem: What the functions solve.
        observations: By any name, the data.
        grid: Where the functions are known, with `t` for an evolution.

    Raises:
        DataError: Observations outside the domain.
    """

    def __init__(
        self, problem: Problem, observations: Mapping[str, Observations], grid: Grid
    ) -> None:
        self.grid, self.observations = grid, dict(observations)
        order = [coordinates(problem).index(name) for name in grid.names]
        self._weights = {}
        for name, seen in self.observations.items():
            seen.check(problem)
            columns = seen.points[:, order].to(torch.float64).unbind(1)
            pairs = zip(grid.axes, columns, strict=True)
            self._weights[name] = [sample_weights(axis, column) for axis, column in pairs]

    def residual(
        self, values: Mapping[str, Field | float | Float[Tensor, "batch"]]
    ) -> Float[Tensor, "n"]:
        """All misfits behind one another, in units of the standard errors, differentiably.

        Args:
            values: By name the unknowns and coefficients, one function each, and the parameters.

        Raises:
            DataError: An observed expression has several components.
        """
        found = []
        for name, seen in self.observations.items():
            for key, e in seen.observed.items():
                observed = evaluate(e, values, self.grid)
                if observed.channels != 1:
                    raise DataError(f"{key!r} has several components; observe each under its name")
                here = _at_points(observed.values[0, ..., 0], self._weights[name])
                found.append((here - seen.data[key].to(here)) / seen.unit(key))
        return torch.cat(found)


def _at_points(values: Float[Tensor, "*points"], weights: list[Tensor]) -> Float[Tensor, "n"]:
    first, *others = weights
    result = torch.tensordot(first, values, dims=1)
    for each in others:
        result = torch.einsum("ni...,ni->n...", result, each)
    return result
