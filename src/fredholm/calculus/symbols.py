"""What symbols are worth at points."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor

from fredholm.calculus.nested import Function, slopes
from fredholm.equations import Coord, Expression, Param
from fredholm.equations.expand import Orders
from fredholm.equations.functions import function
from fredholm.equations.spread import NormalComponent, Partial, derivative_of, is_function
from fredholm.equations.tree import Learned
from fredholm.errors import EquationError, did_you_mean


@dataclass(frozen=True, eq=False)
class Component:
    """One output of a function of coordinates.

    Args:
        function: Points (n, d) to values (n, m); each row depends on its own point only.
        index: Which of the m outputs.
    """

    function: Function
    index: int = 0


Value = float | Tensor | Component | Callable[[Tensor], Tensor]
"""What a name is worth: a number, a 0-d tensor that may be trained, one number per point, an output
of a function of coordinates, or the function (n, k) -> (n,) of a `learned` call."""


@dataclass(frozen=True, eq=False)
class Place:
    """Points, their coordinates and normals."""

    coords: tuple[str, ...]
    points: Tensor
    normals: Tensor | None

    def filled(self, value: Tensor | float) -> Tensor:
        """The value spread over all points."""
        tensor = torch.as_tensor(value, dtype=self.points.dtype, device=self.points.device)
        return tensor.expand(len(self.points))

    def component(self, coord: str) -> Tensor:
        if self.normals is None:
            raise EquationError("the expression has normal(): give the normals at the points")
        return self.normals[:, self.coords.index(coord)].to(self.points)


class Symbols:
    """The values of symbols at points."""

    def __init__(
        self,
        values: Mapping[str, Value],
        table: Mapping[tuple[str, Orders], Tensor],
        static: Mapping[Expression, Tensor],
        at: Place,
    ) -> None:
        self.values, self.table, self.static, self.at = values, table, static, at

    def __call__(self, e: Expression) -> Tensor | float:
        if e in self.static:
            return self.static[e]
        if is_function(e):
            return self._function(e)
        if isinstance(e, Coord):
            return self.at.points[:, self.at.coords.index(e.name)]
        if isinstance(e, NormalComponent):
            return self.at.component(e.coord)
        if isinstance(e, Param):
            value = self.values.get(e.name, e.value)
            return self._number(value, e.name)
        raise EquationError(f"{e} cannot be evaluated at points")

    def call(self, e: Learned | Partial, *arguments: Tensor) -> Tensor:
        """A function that is known by name, or a derivative of one in its arguments."""
        places = [self.at.filled(argument) for argument in arguments]
        compute = self._named(e)
        if isinstance(e, Learned):
            return compute(*places)
        return _partial(compute, places, e.orders)

    def _named(self, e: Learned | Partial) -> Callable[..., Tensor]:
        if isinstance(e, Partial) and not e.learned:
            return function(e.function).torch
        if not callable(self.values.get(e.function)):
            known = did_you_mean(e.function, [*self.values])
            raise EquationError(f"no function is given for the learned {e.function!r}: {known}")
        network = cast(Function, self.values[e.function])
        return lambda *places: network(torch.stack(places, -1)).reshape(len(self.at.points))

    def _function(self, e: Expression) -> Tensor | float:
        core, orders = derivative_of(e)
        name = core.name  # type: ignore[attr-defined]
        if (name, orders) in self.table:
            return self.table[name, orders]
        if name not in self.values:
            known = did_you_mean(name, [*self.values])
            raise EquationError(f"no values are given for {name!r}: {known}")
        value = self._number(self.values[name], name)
        if not orders:
            return value
        if isinstance(value, Tensor) and value.ndim:
            raise EquationError(
                f"{name!r} is differentiated, and given at the points only: give a function"
            )
        return 0.0

    def _number(self, value: Value, name: str) -> Tensor | float:
        if isinstance(value, Tensor) and value.shape in ((), (len(self.at.points),)):
            return value
        if isinstance(value, int | float):
            return value
        kind = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise EquationError(
            f"{name!r} is a number, one number per point ({len(self.at.points)},) or a "
            f"Component(function, index), got {kind}"
        )


def _partial(
    compute: Callable[..., Tensor], places: Sequence[Tensor], orders: Sequence[int]
) -> Tensor:
    """A derivative of a function of scalars in its own arguments."""
    with torch.enable_grad():
        # Views, so that one argument that is computed from another is not followed to it.
        inner = [a.view_as(a) if a.requires_grad else a.detach().requires_grad_() for a in places]
        values = compute(*inner)
        for argument, order in zip(inner, orders):
            for _ in range(order):
                values = slopes(values, argument)
    return values if torch.is_grad_enabled() else values.detach()
