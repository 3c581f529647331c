"""Expressions evaluated at points, on functions of coordinates such as networks."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calculus.nested import Derivatives, Function, nested, slopes
from fredholm.calculus.tape import Tape
from fredholm.equations import Coefficient, Coord, Expression, Param, Unknown, spread
from fredholm.equations.differential import Vector
from fredholm.equations.expand import Orders
from fredholm.equations.functions import function
from fredholm.equations.split import is_constant
from fredholm.equations.spread import (
    NormalComponent,
    Partial,
    derivative_of,
    is_function,
    needs,
)
from fredholm.equations.tree import Const, Learned
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


_TENSORS_REMEMBERED = 8
"""For so many tensors of points is kept what depends on them alone."""


class Pointwise:
    """Expressions as functions of points, differentiated through the functions in them.

    What depends on the points alone, such as a forcing or a distance to the boundary, is computed
    once per tensor of points. A coefficient counts as that unless it has trainable parameters.

    Args:
        expressions: Scalars.
        coords: Names of the columns of points; all but `t` are space.

    Raises:
        EquationError: An expression is a vector, has no meaning over these coordinates, or is
            differentiated along another one.
    """

    def __init__(self, expressions: Sequence[Expression], coords: Sequence[str]) -> None:
        self.coords = tuple(coords)
        space = tuple(name for name in coords if name != "t")
        self.expressions = tuple(spread(e, space) for e in expressions)
        for given, e in zip(expressions, self.expressions):
            if isinstance(e, Vector):
                raise EquationError(f"{given} is a vector: give its components one by one")
        self.requirements = needs(self.expressions)
        self._unknowns = _unknowns(self.expressions)
        self._require_coordinates()
        self._programs: dict[frozenset[str], _Program] = {}
        self._remembered: dict[int, _Remembered] = {}
        self._trains: dict[int, tuple[Function, bool]] = {}

    def __call__(
        self,
        values: Mapping[str, Value],
        points: Float[Tensor, "n d"],
        *,
        normals: Float[Tensor, "n dim"] | None = None,
    ) -> list[Float[Tensor, "n"]]:
        """The values of the expressions at points.

        Args:
            values: By name the unknowns, coefficients and learned functions; a parameter that is
                not named keeps its own value.
            points: Where, one column per coordinate.
            normals: The outward unit normals there, where an expression has `normal()`.

        Raises:
            EquationError: A value is missing, or is differentiated and given at points only.
            ValueError: The points have another number of columns.
        """
        if points.ndim != 2 or points.shape[1] != len(self.coords):
            raise ValueError(
                f"points over {', '.join(self.coords)} are (n, {len(self.coords)}), "
                f"got {tuple(points.shape)}"
            )
        given = self._fixed(values, points)
        program = self._program(frozenset(given))
        at = _Place(self.coords, points, normals)
        static = self._static(program, given, at)
        table = self._table(values, points, skip=given)
        symbols = _Symbols(values, table, static, at)
        results = program.dynamic(symbols, _no_derivative, symbols.call)
        return [at.filled(result) for result in results]

    def _require_coordinates(self) -> None:
        for name, wanted in self.requirements.items():
            for orders in wanted:
                for coord, _ in orders:
                    if coord and coord not in self.coords:
                        raise EquationError(
                            f"{name!r} is differentiated along {coord!r}; "
                            f"the points have {', '.join(self.coords)}"
                        )

    def _fixed(self, values: Mapping[str, Value], points: Tensor) -> dict[str, Component]:
        """The coefficients that depend on the points alone."""
        return {
            name: value
            for name, value in values.items()
            if name in self.requirements
            and name not in self._unknowns
            and isinstance(value, Component)
            and not self._is_trained(value.function, points)
        }

    def _is_trained(self, function: Function, points: Tensor) -> bool:
        if isinstance(function, nn.Module):
            return any(parameter.requires_grad for parameter in function.parameters())
        if id(function) not in self._trains:
            # A plain function may have a network inside; its values then have a graph.
            with torch.enable_grad():
                probe = function(points[:1].detach())
            self._trains[id(function)] = (function, probe.requires_grad)
        return self._trains[id(function)][1]

    def _program(self, static: frozenset[str]) -> "_Program":
        if static not in self._programs:
            self._programs[static] = _Program.of(self.expressions, static)
        return self._programs[static]

    def _static(
        self, program: "_Program", given: Mapping[str, Component], at: "_Place"
    ) -> Mapping[Expression, Tensor]:
        """The values of what depends on the points alone, from memory if they are known."""
        memory = self._remembered.get(id(at.points))
        if memory is not None and memory.fits(at, given):
            return memory.values
        with torch.set_grad_enabled(torch.is_grad_enabled() and at.points.requires_grad):
            table = self._table(given, at.points)
            symbols = _Symbols(given, table, {}, at)
            results = program.static(symbols, _no_derivative, symbols.call)
        values = {e: torch.as_tensor(v) for e, v in zip(program.subtrees, results)}
        if values and _can_be_remembered(at.points):
            self._remember(_Remembered.of(at, given, values), at)
        return values

    def _remember(self, values: "_Remembered", at: "_Place") -> None:
        alive = [(k, m) for k, m in self._remembered.items() if m.points() is not None]
        self._remembered = dict(alive[-_TENSORS_REMEMBERED:]) | {id(at.points): values}

    def _table(
        self, values: Mapping[str, Value], points: Tensor, skip: Mapping[str, Component] = {}
    ) -> dict[tuple[str, Orders], Tensor]:
        """The derivatives of all functions; those of one network are taken together."""
        groups: dict[int, dict[str, Component]] = {}
        for name in self.requirements:
            value = values.get(name)
            if isinstance(value, Component) and name not in skip:
                groups.setdefault(id(value.function), {})[name] = value
        table: dict[tuple[str, Orders], Tensor] = {}
        for members in groups.values():
            found = self._differentiated(members, points)
            for name, component in members.items():
                for orders in self.requirements[name]:
                    table[name, orders] = found[component.index, orders]
        return table

    def _differentiated(self, members: Mapping[str, Component], points: Tensor) -> Derivatives:
        wanted: dict[int, set[Orders]] = {}
        for name, component in members.items():
            wanted.setdefault(component.index, set()).update(self.requirements[name])
        differentiated = next(iter(members.values())).function
        return nested(differentiated, points, self.coords, wanted)


@dataclass(frozen=True, eq=False)
class _Place:
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


@dataclass(frozen=True, eq=False)
class _Program:
    """The expressions in two parts: what depends on points alone, and the rest."""

    subtrees: tuple[Expression, ...]
    static: Tape
    dynamic: Tape

    @classmethod
    def of(cls, expressions: Sequence[Expression], static: frozenset[str]) -> "_Program":
        subtrees = tuple(dict.fromkeys(s for e in expressions for s in _static_in(e, static)))
        known = frozenset(subtrees)
        return cls(
            subtrees,
            Tape(subtrees, is_function),
            Tape(expressions, lambda e: e in known or is_function(e)),
        )


@dataclass(frozen=True, eq=False)
class _Remembered:
    """Values at points, and what they were computed from."""

    points: "weakref.ref[Tensor]"
    normals: "weakref.ref[Tensor] | None"
    versions: tuple[int, ...]
    given: Mapping[str, Component]
    values: Mapping[Expression, Tensor] = field(repr=False)

    @classmethod
    def of(
        cls, at: _Place, given: Mapping[str, Component], values: Mapping[Expression, Tensor]
    ) -> "_Remembered":
        normals = None if at.normals is None else weakref.ref(at.normals)
        return cls(weakref.ref(at.points), normals, _versions(at), dict(given), values)

    def fits(self, at: _Place, given: Mapping[str, Component]) -> bool:
        normals = None if self.normals is None else self.normals()
        return (
            self.points() is at.points
            and normals is at.normals
            and self.versions == _versions(at)
            and self.given.keys() == given.keys()
            and all(_same(given[name], component) for name, component in self.given.items())
        )


class _Symbols:
    """The values of symbols at points."""

    def __init__(
        self,
        values: Mapping[str, Value],
        table: Mapping[tuple[str, Orders], Tensor],
        static: Mapping[Expression, Tensor],
        at: _Place,
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


def _no_derivative(e: Expression, operand: Tensor) -> Tensor:
    raise AssertionError(f"{e} is not spread")


def _unknowns(expressions: Sequence[Expression]) -> set[str]:
    return {node.name for e in expressions for node in e.walk() if isinstance(node, Unknown)}


def _static_in(e: Expression, static: frozenset[str]) -> list[Expression]:
    """The largest subexpressions that depend on the points alone."""
    if is_constant(e) or isinstance(e, Coord | NormalComponent):
        return []  # as quick to look up as to remember
    if _is_static(e, static):
        return [e]
    if is_function(e):
        return []
    return [found for child in e.children for found in _static_in(child, static)]


def _is_static(e: Expression, static: frozenset[str]) -> bool:
    if is_function(e):
        core, _ = derivative_of(e)
        return isinstance(core, Coefficient) and core.name in static
    if isinstance(e, Param | Learned) or isinstance(e, Partial) and e.learned:
        return False
    if isinstance(e, Const | Coord | NormalComponent):
        return True
    return all(_is_static(child, static) for child in e.children)


def _can_be_remembered(points: Tensor) -> bool:
    """Whether values at these points stay valid: no gradient in them, and changes can be seen."""
    return not (points.requires_grad or points.is_inference() or _is_transformed(points))


def _is_transformed(points: Tensor) -> bool:
    """Whether a transform of `torch.func` looks at the tensor, which ends with the transform."""
    return torch._C._functorch.is_functorch_wrapped_tensor(points)  # type: ignore[attr-defined]


def _versions(at: _Place) -> tuple[int, ...]:
    tensors = (at.points,) if at.normals is None else (at.points, at.normals)
    return tuple(-1 if tensor.is_inference() else tensor._version for tensor in tensors)


def _same(a: Component, b: Component) -> bool:
    return a.function is b.function and a.index == b.index
