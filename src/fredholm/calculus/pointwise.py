"""Expressions evaluated at points, on functions of coordinates such as networks."""

from collections.abc import Callable, Mapping, Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.weak import WeakIdKeyDictionary

from fredholm.calculus.nested import Derivatives, Function, Wanted, channels, nested
from fredholm.calculus.plan import Method, Plan
from fredholm.calculus.planned import Planned
from fredholm.calculus.remembered import Program, Remembered, can_be_remembered
from fredholm.calculus.symbols import Component, Place, Symbols, Value
from fredholm.equations import Expression, Unknown, spread
from fredholm.equations.differential import Vector
from fredholm.equations.expand import Orders
from fredholm.equations.spread import LAPLACIAN, needs
from fredholm.errors import EquationError

Differentiate = Callable[[Function, Tensor, Wanted, Mapping[int, str]], Derivatives]

_TENSORS_REMEMBERED = 8
"""For so many tensors of points is kept what depends on them alone."""


class Pointwise:
    """Expressions as functions of points, differentiated through the functions in them.

    What depends on the points alone, such as a forcing or a distance to the boundary, is computed
    once per tensor of points. A coefficient counts as that unless it has trainable parameters; one
    whose frozen weights are changed by hand is seen anew at new points.

    Args:
        expressions: Scalars.
        coords: Names of the columns of points; all but `t` are space.
        derivatives: How networks are differentiated: `nested` reverse mode, `jets` (Taylor mode),
            `laplacian` (jets that carry Laplacians as one row), `stochastic` (Laplacians estimated
            along random directions), or for each network the cheapest (`auto`; see `plan`).
        samples: Directions of an estimate.
        generator: Of these directions; `auto` estimates only if it is given, in more than 300
            dimensions.

    Raises:
        EquationError: An expression is a vector, has no meaning over these coordinates, or is
            differentiated along another one.
        ValueError: There is no such way to differentiate, or it needs a generator.
    """

    def __init__(
        self,
        expressions: Sequence[Expression],
        coords: Sequence[str],
        *,
        derivatives: Method = "auto",
        samples: int = 16,
        generator: torch.Generator | None = None,
    ) -> None:
        self.coords = tuple(coords)
        self._planned = Planned(self.coords, derivatives, samples, generator)
        space = tuple(name for name in coords if name != "t")
        self.expressions = tuple(spread(e, space) for e in expressions)
        for given, e in zip(expressions, self.expressions):
            if isinstance(e, Vector):
                raise EquationError(f"{given} is a vector: give its components one by one")
        self.requirements = needs(self.expressions)
        self._unknowns = _unknowns(self.expressions)
        self._require_coordinates()
        self._programs: dict[frozenset[str], Program] = {}
        self._remembered: dict[int, Remembered] = {}
        self._trains = WeakIdKeyDictionary()

    @property
    def plan(self) -> Plan:
        """How the networks of the calls so far were differentiated; print it."""
        return self._planned.plan

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
        at = Place(self.coords, points, normals)
        static = self._static(program, given, at)
        trained = {name: value for name, value in values.items() if name not in given}
        table = self._table(trained, points, self._planned)
        symbols = Symbols(values, table, static, at)
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
        if function not in self._trains:
            # A plain function may have a network inside; its values then have a graph.
            with torch.enable_grad():
                self._trains[function] = function(points[:1].detach()).requires_grad
        return self._trains[function]

    def _program(self, static: frozenset[str]) -> Program:
        if static not in self._programs:
            self._programs[static] = Program.of(self.expressions, static)
        return self._programs[static]

    def _static(
        self, program: Program, given: Mapping[str, Component], at: Place
    ) -> Mapping[Expression, Tensor]:
        """The values of what depends on the points alone, from memory if they are known."""
        memory = self._remembered.get(id(at.points))
        if memory is not None and memory.fits(at, given):
            return memory.values
        with torch.set_grad_enabled(torch.is_grad_enabled() and at.points.requires_grad):
            table = self._table(given, at.points, self._nested)
            symbols = Symbols(given, table, {}, at)
            results = program.static(symbols, _no_derivative, symbols.call)
        values = {e: torch.as_tensor(v) for e, v in zip(program.subtrees, results)}
        if values and can_be_remembered(at.points):
            self._remember(Remembered.of(at, given, values), at)
        return values

    def _remember(self, values: Remembered, at: Place) -> None:
        alive = [(k, m) for k, m in self._remembered.items() if m.points() is not None]
        self._remembered = dict(alive[-_TENSORS_REMEMBERED:]) | {id(at.points): values}

    def _table(
        self, values: Mapping[str, Value], points: Tensor, differentiate: Differentiate
    ) -> dict[tuple[str, Orders], Tensor]:
        """The derivatives of all functions; those of one network are taken together."""
        groups: dict[int, dict[str, Component]] = {}
        for name in self.requirements:
            value = values.get(name)
            if isinstance(value, Component):
                groups.setdefault(id(value.function), {})[name] = value
        table: dict[tuple[str, Orders], Tensor] = {}
        for members in groups.values():
            wanted: dict[int, set[Orders]] = {}
            for name, component in members.items():
                wanted.setdefault(component.index, set()).update(self.requirements[name])
            names = {component.index: name for name, component in members.items()}
            function = next(iter(members.values())).function
            found = differentiate(function, points, wanted, names)
            for name, component in members.items():
                for orders in self.requirements[name]:
                    table[name, orders] = found[component.index, orders]
        return table

    def _nested(
        self, function: Function, points: Tensor, wanted: Wanted, names: Mapping[int, str]
    ) -> Derivatives:
        """For given functions, which are seldom networks and are differentiated once.

        One that knows its Laplacian is not differentiated twice along every axis.
        """
        known = getattr(function, "laplacian", lambda points: None)
        laplacian = known(points) if any(LAPLACIAN in group for group in wanted.values()) else None
        if laplacian is None:
            return nested(function, points, self.coords, wanted)
        rest = {channel: set(group) - {LAPLACIAN} for channel, group in wanted.items()}
        known = {(channel, LAPLACIAN): channels(laplacian)[:, channel] for channel in wanted}
        return nested(function, points, self.coords, rest) | known


def _no_derivative(e: Expression, operand: Tensor) -> Tensor:
    raise AssertionError(f"{e} is not spread")


def _unknowns(expressions: Sequence[Expression]) -> set[str]:
    return {node.name for e in expressions for node in e.walk() if isinstance(node, Unknown)}
