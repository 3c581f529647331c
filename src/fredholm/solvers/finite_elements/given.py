"""Given functions and parameters at the points where weak forms are evaluated."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.equations import Coefficient, Coord, Expression, Param
from fredholm.equations.spread import NormalComponent, derivative_of
from fredholm.errors import EquationError, did_you_mean

Function = Callable[[Tensor], Tensor]
"""Coordinates (n, d), the time last where there is one, to values (n,)."""


@dataclass(frozen=True, eq=False)
class Given:
    """What the names in a statement are worth in one sample.

    Args:
        parameters: Numbers.
        nodal: Functions that are linear in each cell, by their values at the nodes of the mesh.
        functions: Functions of the coordinates.
        timed: Whether those take the time as their last coordinate.
    """

    parameters: Mapping[str, float]
    nodal: Mapping[str, Float[Tensor, "nodes"]]
    functions: Mapping[str, Function]
    timed: bool = False

    def constant_in_time(self, e: Expression) -> bool:
        """Whether an expression of these functions has the same values at all times."""
        return not any(
            isinstance(node, Coord)
            and node.name == "t"
            or isinstance(node, Coefficient)
            and self.timed
            and node.name in self.functions
            for node in e.walk()
        )


@dataclass(frozen=True, eq=False)
class Where:
    """Points, and how functions that are linear in each cell are evaluated there.

    Args:
        coords: Names of the coordinates.
        points: Coordinates.
        interpolate: Nodal values, and 0 or the number of a coordinate counted from 1, to the
            values of the function or of its derivative.
        normals: Outward unit normals; None inside.

    Shapes:
        points (*points, dim), normals (*points, dim).
    """

    coords: tuple[str, ...]
    points: Float[Tensor, "*points dim"]
    interpolate: Callable[[Tensor, int], Tensor]
    normals: Float[Tensor, "*points dim"] | None = None

    def leaf(self, e: Expression, given: Given, time: float) -> Tensor | float:
        """The value of a coordinate, a parameter, or a coefficient or its first derivative.

        Raises:
            EquationError: It is not given.
        """
        match e:
            case Coord() if e.name == "t":
                return time
            case Coord():
                return self.points[..., self.coords.index(e.name)]
            case Param():
                return float(given.parameters.get(e.name, e.value))
            case NormalComponent() if self.normals is not None:
                return self.normals[..., self.coords.index(e.coord)]
        core, orders = derivative_of(e)
        if not isinstance(core, Coefficient):
            raise EquationError(f"{e} cannot be evaluated on a mesh")
        if core.name in given.nodal:
            along = next((self.coords.index(coord) + 1 for coord, _ in orders if coord != "t"), 0)
            if any(coord == "t" for coord, _ in orders):
                return torch.zeros(self.points.shape[:-1], dtype=torch.float64)
            return self.interpolate(given.nodal[core.name], along)
        if core.name not in given.functions:
            known = did_you_mean(core.name, [*given.nodal, *given.functions])
            raise EquationError(f"no values are given for {core.name!r}: {known}")
        return self._called(given.functions[core.name], orders, given.timed, time)

    def _called(self, function: Function, orders, timed: bool, time: float) -> Tensor:
        """The values of a function of the coordinates, or of a derivative, by autograd."""
        flat = self.points.reshape(-1, len(self.coords))
        if timed:
            flat = torch.cat([flat, flat.new_full((len(flat), 1), time)], dim=1)
        names = (*self.coords, "t") if timed else self.coords
        columns = [names.index(coord) for coord, order in orders for _ in range(order)]
        with torch.set_grad_enabled(bool(columns)):
            at = flat.detach().requires_grad_(bool(columns))
            values = function(at).reshape(len(flat)).to(torch.float64)
            for column in columns:
                (slopes,) = torch.autograd.grad(values.sum(), at, create_graph=True)
                values = slopes[:, column]
        return values.detach().reshape(self.points.shape[:-1])
