"""What is stated of a problem: all that checks, draws and solvers have to know."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from fredholm.domains import Axis, Domain, Grid, Region, over_time
from fredholm.equations import (
    Coefficient,
    Equation,
    Expression,
    as_equation,
    cover,
    parameters,
    states_of,
)
from fredholm.errors import EquationError, did_you_mean
from fredholm.fields import Field
from fredholm.problems.prior import Prior
from fredholm.problems.shapes import ShapePrior

Exact = Callable[[Any, Field, Grid], Field]
Condition = Equation | Expression


@dataclass(frozen=True)
class Statement:
    """Equations, a domain, conditions and what varies, without what one does with them.

    It is the part of a `Problem` that the modules below that class work on: they check it, describe
    it, draw from it, solve it and step through it. Problems are the only statements that are made;
    what the fields mean is explained there.

    Raises:
        EquationError: A parameter is given that the equations do not have.
    """

    key: str
    title: str
    equations: Mapping[str, Equation]
    domain: Grid
    time: Axis | None = None
    final: bool = False
    varies: Mapping[str, Prior] = field(default_factory=dict)
    initial: Mapping[str, Expression | float] = field(default_factory=dict)
    boundary: Mapping[str, Condition | Sequence[Condition]] = field(default_factory=dict)
    region: Region | None = None
    shapes: ShapePrior | None = None
    mesh_size: float | None = None
    gauge: Mapping[str, Sequence[float]] = field(default_factory=dict)
    given: Mapping[str, Callable[[Tensor], Tensor]] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    symmetries: tuple[str, ...] = ()
    conserved: Mapping[str, Expression] = field(default_factory=dict)
    warmup: float = 0.0
    warmup_steps: int = 0
    lattice: bool = False
    exact: Exact | None = None
    tolerance: float = 1e-6
    refine: int = 1
    reference: str = ""

    def __post_init__(self) -> None:
        _require_equations(self.equations)
        conditions = {part: _equations(given) for part, given in self.boundary.items()}
        object.__setattr__(self, "boundary", conditions)
        stated = parameters(self._statements())
        for name in self.parameters:
            if name not in stated:
                raise EquationError(
                    f"the equations have no parameter {name!r}: {did_you_mean(name, [*stated])}"
                )
        object.__setattr__(self, "parameters", {**stated, **self.parameters})

    def _statements(self) -> dict[str, Equation]:
        """Everything that is stated, under names that tell where."""
        found = dict(self.equations)
        for part, conditions in self.boundary.items():
            found |= {f"{part} {i}": c for i, c in enumerate(conditions)}  # type: ignore[misc,arg-type]
        return found | {f"initial {name}": as_equation(e) for name, e in self.initial.items()}

    @property
    def states(self) -> tuple[str, ...]:
        """The functions that need an initial value: `u`, or `u` and `dt(u)`, of each unknown."""
        return tuple(name for names in states_of(self.equations).values() for name in names)

    @property
    def targets(self) -> tuple[str, ...]:
        """Names of the unknowns that are targets."""
        return tuple(name for name in self.equations if name not in self.hidden)

    @property
    def conditions(self) -> dict[str, tuple[Equation, ...]]:
        """The conditions on each part of the boundary."""
        return cover(self.boundary, self.domain, self.parts)  # type: ignore[arg-type]

    @property
    def random(self) -> tuple[str, ...]:
        """What differs between samples: the varied functions, and the shape where it varies."""
        return (*self.varies, *(() if self.shapes is None else ("the shape",)))

    @property
    def parts(self) -> tuple[str, ...] | None:
        """Names of the parts of the boundary; None where they are the sides of the box."""
        place = self.region if self.shapes is None else self.shapes
        return None if place is None else place.parts

    @property
    def boundary_data(self) -> dict[str, tuple[str, ...]]:
        """The varied coefficients that occur in boundary conditions alone, and on which parts."""
        elsewhere = _coefficients(*self.equations.values())
        on_parts = {part: _coefficients(*several) for part, several in self.conditions.items()}
        found = {
            name: tuple(part for part, names in on_parts.items() if name in names)
            for name in self.varies
            if name not in self.states and name not in elsewhere
        }
        return {name: parts for name, parts in found.items() if parts}

    @property
    def boundary_text(self) -> dict[str, str]:
        """The conditions on each part as they are read."""
        return {part: ", ".join(map(str, several)) for part, several in self.boundary.items()}  # type: ignore[arg-type]

    @property
    def edge_length(self) -> float:
        """Length of the edges of meshes, unless another one is asked for."""
        longest = max(axis.length for axis in self.domain.axes)
        return longest / 20 if self.mesh_size is None else self.mesh_size

    def grid(self, resolution: int | Sequence[int] | None = None) -> Grid:
        """The spatial grid with that many samples per axis; by default that of the template."""
        return self.domain if resolution is None else self.domain.resized(resolution)

    def target_grid(self, space: Grid) -> Grid:
        """Where targets live when inputs live on `space`."""
        if self.time is None or self.final:
            return space
        return Grid.of(self.time, *space.axes)

    def target_domain(self, space: Domain) -> Domain:
        """Where targets live when inputs live on `space`, a grid or meshes."""
        return space if self.time is None or self.final else over_time(self.time, space)

    def solving_grid(self, space: Grid) -> Grid:
        """The grid on which data sets for `space` are drawn and solved; it has all its points.

        Cells have the centres of others among theirs only where they are divided by an odd number.
        """
        sizes = []
        for axis in space.axes:
            ends = int(axis.location == "node" and not axis.periodic)
            even_cells = axis.location == "cell" and self.refine % 2 == 0
            sizes.append((axis.size - ends) * (self.refine + even_cells) + ends)
        return space.resized(sizes)

    def inputs_by_name(self, inputs: Field) -> dict[str, Field]:
        """The channels of the inputs, each under the name of what varies."""
        return {
            name: inputs.with_values(inputs.values[..., i : i + 1])
            for i, name in enumerate(self.varies)
        }


def _require_equations(stated: Any) -> None:
    """Refuses what is no mapping to equations, before it is taken apart.

    Raises:
        EquationError: An expression without its other side, or an equation without its unknown.
    """
    wrong = [stated]
    if isinstance(stated, Mapping):
        wrong = [each for each in stated.values() if not isinstance(each, Equation)]
    if wrong:
        raise EquationError(
            "equations= gives each unknown its equation, as {'u': eq(left, right)}; "
            f"got {wrong[0]}"
        )


def _equations(conditions: Condition | Sequence[Condition]) -> tuple[Equation, ...]:
    several = conditions if isinstance(conditions, Sequence) else (conditions,)
    return tuple(as_equation(condition) for condition in several)


def _coefficients(*equations: Equation) -> set[str]:
    nodes = (node for equation in equations for node in equation.residual.walk())
    return {node.name for node in nodes if isinstance(node, Coefficient)}
