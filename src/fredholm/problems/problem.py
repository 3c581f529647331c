"""A problem: equations, a domain, conditions, what varies, and the solver that follows."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import torch
from torch import Tensor

import fredholm
from fredholm.calculus import evaluate
from fredholm.calculus.fields import Method
from fredholm.domains import Axis, Domain, Grid, Stack, Unstructured, over_time
from fredholm.equations import (
    Coefficient,
    Equation,
    Expression,
    Unknown,
    Values,
    as_equation,
    cover,
    latex,
    parameters,
    states_of,
    to_json,
)
from fredholm.errors import EquationError, did_you_mean
from fredholm.fields import Field, Interpolant, Variable
from fredholm.problems.checking import check_statement
from fredholm.problems.on_shapes import boundary_data, draw_on_shapes
from fredholm.problems.prior import Prior
from fredholm.problems.seams import SEAM, wrap_ratio
from fredholm.problems.shapes import ShapePrior
from fredholm.problems.solving import choose_solver, hidden_unknowns, warm
from fredholm.problems.stepping import make_stepper
from fredholm.solvers import Stepper
from fredholm.solvers.solution import Solution

if TYPE_CHECKING:
    from fredholm.domains import Region

Exact = Callable[["Problem", Field, Grid], Field]
Condition = Equation | Expression


@dataclass(frozen=True)
class Problem:
    """A family of problems: everything that a data set, a residual or a solver has to know.

    Inputs are the functions that vary (initial states and coefficients, one channel each, in the
    order of `varies`), on the spatial grid. Targets are the unknowns that are not hidden, one
    channel each, in the order of `equations`: on the (t, *space) grid of an evolution problem, or
    on the spatial grid where the problem is steady or only the final state is asked for. Where
    shapes vary, both live on meshes of these, one for each sample.

    Args:
        key: Short name, used on the command line and in files.
        title: One line.
        equations: Equations keyed by the unknown that each determines.
        domain: Template of the spatial grid: extent, periodicity, location, names, units; its
            shape is the default resolution.
        time: Time axis with the frames of the target, both ends included; None for a steady
            problem.
        final: Only the state at the end of `time` is the target.
        varies: The random functions: initial values keyed `u` (and `dt(u)`), coefficients keyed
            by their names.
        initial: Initial values that do not vary, as expressions of the coordinates.
        boundary: Conditions by boundary part (`left`, `right`, `bottom`, `top`, ..., joined by
            `|`, or `all`): an equation, an expression that is zero there, or several of them.
        region: The part of the box in which the equations hold, with its own boundary parts; by
            default all of it.
        shapes: Random regions instead of `region`, one for each sample; the domain is then a box
            that holds all of them, and the grid on which the varied functions are drawn.
        mesh_size: Length of the edges of those meshes; by default a 20th of the longest side of the
            domain.
        gauge: Where unknowns that are determined up to a constant are zero, such as a pressure.
        given: Coefficients that do not vary, by name: functions of points, called with the
            coordinates (n, d), the time last where there is one, for values (n,).
        hidden: Unknowns without a time derivative that are no targets, such as a stream function:
            the other unknowns determine them.
        parameters: Values that replace those in the statement.
        symmetries: Names of transformations that map solutions to solutions.
        conserved: Densities of integrals over the box that do not change in time, by name.
        warmup: Time that drawn initial states have evolved before they are handed out, so that
            they lie on the attractor.
        warmup_steps: Steps in which they do so, on the grid of the template: a draw then depends
            neither on the grid it is asked for nor on the other draws.
        lattice: The points of the template are all there is: shifts stand in the place of
            derivatives, and no other number of points is the same problem.
        exact: Gives the exact targets from (problem, inputs, grid), where they are known.
        tolerance: Relative error that solutions aim at, unless another one is asked for.
        refine: How many times finer than the samples the grid is on which data sets are drawn and
            solved: for inputs that jump, which samples do not determine.
        reference: Where the problem comes from.
        family: The problem of which this is a member, and what varies there (see `member`).

    Raises:
        EquationError: The statement does not determine the unknowns.
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
    region: "Region | None" = None
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
    family: "tuple[Problem, Field] | None" = None

    def __post_init__(self) -> None:
        conditions = {part: _equations(given) for part, given in self.boundary.items()}
        object.__setattr__(self, "boundary", conditions)
        stated = parameters(self._statements())
        for name in self.parameters:
            if name not in stated:
                raise EquationError(
                    f"the equations have no parameter {name!r}: {did_you_mean(name, [*stated])}"
                )
        object.__setattr__(self, "parameters", {**stated, **self.parameters})
        check_statement(self)

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
        return boundary_data(self)

    @property
    def edge_length(self) -> float:
        """Length of the edges of meshes, unless another one is asked for."""
        longest = max(axis.length for axis in self.domain.axes)
        return longest / 20 if self.mesh_size is None else self.mesh_size

    def _statements(self) -> dict[str, Equation]:
        """Everything that is stated, under names that tell where."""
        found = dict(self.equations)
        for part, conditions in self.boundary.items():
            found |= {f"{part} {i}": c for i, c in enumerate(conditions)}  # type: ignore[misc,arg-type]
        return found | {f"initial {name}": as_equation(e) for name, e in self.initial.items()}

    @property
    def input_variables(self) -> tuple[Variable, ...]:
        """Labels of the varied functions; the initial value of u is called u0."""
        return tuple(self._label(name) for name in self.varies)

    @property
    def target_variables(self) -> tuple[Variable, ...]:
        """Labels of the targets."""
        labels = self._labels()
        return tuple(labels[name] for name in self.targets)

    def _labels(self) -> dict[str, Variable]:
        on_boundary = self.boundary_data if self.shapes is not None else {}
        conditions = [condition for several in self.conditions.values() for condition in several]
        return {
            node.name: Variable(
                node.name,
                node.units,
                node.long_name,
                support="boundary" if node.name in on_boundary else "",
            )
            for equation in (*conditions, *self.equations.values())
            for node in equation.residual.walk()
            if isinstance(node, Unknown | Coefficient)
        }

    def _label(self, name: str) -> Variable:
        labels = self._labels()
        if name in self.states:
            base = labels.get(name, Variable(name.replace("(", "").replace(")", "")))
            long_name = f"initial {base.long_name}" if base.long_name else ""
            return Variable(f"{base.name}0", base.units, long_name)
        return labels[name]

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

    def sample(
        self,
        n: int,
        grid: Grid | None = None,
        *,
        generator: torch.Generator,
        size: float | None = None,
    ) -> Field:
        """Draws of the varied functions; where shapes vary, on one mesh each.

        Args:
            n: Number of functions.
            grid: Spatial grid; by default the template.
            generator: Source of randomness.
            size: Length of the edges of meshes, where shapes vary; a draw does not depend on it.

        Shapes:
            values (n, *points, len(varies)), float64.

        Raises:
            EquationError: Nothing varies in this problem.
            ValueError: A grid where shapes vary, or a size where they do not.
        """
        if self.shapes is not None:
            if grid is not None:
                raise ValueError(f"{self.key!r} is stated on shapes: give a size, not a grid")
            return draw_on_shapes(self, n, size, generator=generator)
        if size is not None:
            raise ValueError(f"{self.key!r} is stated on one domain: give a grid, not a size")
        grid = grid or self.domain
        if not self.warmup:
            return self.draw(n, grid, generator=generator)
        return self.warmed(self.draw(n, self.domain, generator=generator), at=grid)

    def draw(self, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
        """Draws from the priors alone, before any warm-up.

        Raises:
            EquationError: Nothing varies in this problem.
        """
        if not self.varies:
            raise EquationError(f"nothing varies in {self.key!r}: there is no input to sample")
        draws = [prior.sample(n, grid, generator=generator) for prior in self.varies.values()]
        return Field(torch.cat([draw.values for draw in draws], dim=-1), grid)

    def warmed(self, drawn: Field, *, at: Grid) -> Field:
        """Initial states as they are after the warm-up.

        Args:
            drawn: Initial states on the grid of the template.
            at: Grid of the result.

        Raises:
            DivergedError: A state left the finite numbers.
        """
        return warm(self, drawn, at)

    def samples(
        self,
        n: int,
        *,
        seed: int = 0,
        resolution: int | Sequence[int] | None = None,
        size: float | None = None,
        tol: float | None = None,
    ) -> "fredholm.Samples":
        """Solved samples in memory; see `fredholm.data.solved`.

        Args:
            n: Number of samples; sample i is drawn from (seed, i) alone.
            seed: Selects the draws.
            resolution: Points per axis, for problems on grids.
            size: Length of the edges of meshes, for problems on shapes.
            tol: Relative error that the solver aims at; by default the problem's.

        Raises:
            DivergedError: A solution left the finite numbers.
        """
        # Upwards in the order of the folders, at the one place where a problem becomes data.
        return fredholm.data.solved(self, n, seed=seed, resolution=resolution, size=size, tol=tol)

    def solve(
        self, inputs: Field | None = None, *, at: Domain | None = None, tol: float | None = None
    ) -> Solution:
        """The targets of the inputs, by the solver that the statement calls for.

        Args:
            inputs: Varied functions on a spatial grid, or on meshes; not needed where nothing
                varies.
            at: Where the targets are wanted; by default `target_domain` of the inputs' domain.
            tol: Relative error that the solver aims at; by default the problem's.

        Raises:
            EquationError: No solver of this version fits the statement.
            DivergedError: The solution left the finite numbers.
        """
        tol = self.tolerance if tol is None else tol
        if self.family is not None:
            whole, chosen = self.family
            return whole.solve(chosen, at=at or self.target_grid(self.domain), tol=tol)
        if inputs is None:
            place = at if isinstance(at, Unstructured) else self.domain
            if place is self.domain:
                choose_solver(self)  # refuses before its grid, perhaps of many dimensions, is made
            inputs = Field(torch.zeros(1, *place.shape, 0, dtype=torch.float64), place)
        self.check_inputs(inputs)
        if isinstance(inputs.domain, Grid):
            at = self.target_grid(inputs.grid) if at is None else at
            return choose_solver(self)(self, inputs, at, tol)  # type: ignore[arg-type]
        from fredholm.problems.on_meshes import solve_on

        solution = solve_on(self, inputs, tol)
        return solution if at is None else replace(solution, field=solution.field.at(at))

    def member(self, inputs: Field) -> "Problem":
        """The problem in which nothing varies any more: one of the family.

        The initial values and coefficients become the smooth functions through the samples, so that
        a network of coordinates can solve it; `solve` solves it as it would the family.

        Args:
            inputs: One draw of what varies.

        Raises:
            ValueError: There are several functions, or they are not functions of this problem.
        """
        self.check_inputs(inputs)
        given, initial = dict(self.given), dict(self.initial)
        for name, samples in self.inputs_by_name(inputs).items():
            function = Interpolant(samples)
            if name in self.states:
                name, state = f"{name.replace('(', '').replace(')', '')}0", name
                initial[state] = Coefficient(name)
            given[name] = _of_space(function, self.domain.dim)
        return replace(self, varies={}, given=given, initial=initial, family=(self, inputs))

    def stepper(
        self,
        interval: float | None = None,
        *,
        tol: float = 1e-6,
        order: int = 4,
        substeps: int | None = None,
        resolution: int | Sequence[int] | None = None,
    ) -> Stepper:
        """The solver as an operator: a state to the state one interval later.

        Args:
            interval: Time between the two; by default that between two frames.
            tol: Relative error of one interval, by which the number of substeps is chosen: the
                smallest power of two that keeps it on a few draws and on what becomes of them.
            order: Order of the scheme in time, 1 to 4.
            substeps: Steps that make one interval, instead of a tolerance.
            resolution: Points per axis of the computation; by default those of the template.

        Raises:
            EquationError: The problem is steady, not periodic or has coefficients that vary.
            DivergedError: No number of substeps keeps the tolerance.
        """
        return make_stepper(
            self, interval, tol=tol, order=order, substeps=substeps, grid=self.grid(resolution)
        )

    def check_inputs(self, inputs: Field) -> None:
        """Refuses inputs that are not functions of this problem.

        Warns where functions on a periodic axis do not seem to be periodic.

        Raises:
            ValueError: Other coordinates, another number of channels, or values that are not
                finite or not positive where the statement says so.
        """
        names = tuple(self.varies)
        if inputs.channels != len(names):
            raise ValueError(
                f"inputs of {self.key!r} have {len(names)} channels ({', '.join(names)}), "
                f"got {inputs.channels}"
            )
        if not bool(torch.isfinite(inputs.values).all()):
            raise ValueError(f"inputs of {self.key!r} contain values that are not finite")
        if isinstance(inputs.domain, Unstructured | Stack):
            if inputs.domain.names != self.domain.names:
                raise ValueError(
                    f"inputs of {self.key!r} have the coordinates {', '.join(self.domain.names)}, "
                    f"got {', '.join(inputs.domain.names)}"
                )
            return
        if self.shapes is not None:
            raise ValueError(f"inputs of {self.key!r} live on meshes, got {inputs.domain}")
        for axis, own in zip(inputs.grid.axes, self.domain.axes, strict=False):
            if axis.name != own.name or axis.periodic != own.periodic:
                raise ValueError(f"inputs of {self.key!r} live on {own}, got {axis}")
        if inputs.grid.dim != self.domain.dim:
            raise ValueError(f"inputs of {self.key!r} live on {self.domain}, got {inputs.grid}")
        for axis in inputs.grid.axes:
            if axis.periodic and (ratio := wrap_ratio(inputs, axis.name)) > SEAM:
                warnings.warn(
                    f"inputs of {self.key!r} seem not to be periodic along {axis.name!r}: from the "
                    f"last sample to the first they jump {ratio:.1f} times as far as anywhere "
                    "between neighbours",
                    stacklevel=3,
                )

    def inputs_by_name(self, inputs: Field) -> dict[str, Field]:
        """The channels of the inputs, each under the name of what varies."""
        return {
            name: inputs.with_values(inputs.values[..., i : i + 1])
            for i, name in enumerate(self.varies)
        }

    def residual(
        self,
        u: Field,
        inputs: Field,
        *,
        parameters: Values | None = None,
        method: Method = "auto",
    ) -> dict[str, Field]:
        """left - right of each equation on a candidate solution.

        Args:
            u: Targets as channels, on their grid (with `t` for an evolution); hidden unknowns are
                those that their own equations give.
            inputs: The varied functions on a spatial grid.
            parameters: Values that replace those of the statement, one for all functions or one
                for each.
            method: How to differentiate (see `fredholm.calculus.derivative`).

        Raises:
            ValueError: An evolution problem is given a field without time axis.
        """
        values = self.functions(u, inputs, parameters)
        values |= hidden_unknowns(self, u, inputs) if self.hidden else {}
        return {
            name: evaluate(equation.residual, values, u.grid, method=method)
            for name, equation in self.equations.items()
            if name not in self.hidden
        }

    def functions(
        self, u: Field, inputs: Field, parameters: Values | None = None
    ) -> dict[str, Field | float | Tensor]:
        """What the names in the statement stand for: targets, coefficients and parameters.

        Args:
            u: Targets as channels, on their grid (with `t` for an evolution).
            inputs: The varied functions on a spatial grid.
            parameters: Values that replace those of the statement.

        Raises:
            ValueError: An evolution problem is given a field without time axis.
        """
        if self.time is not None and "t" not in u.grid.names:
            raise ValueError(
                f"the residual of {self.key!r} needs the trajectory on a (t, *space) grid, got "
                f"{u.grid}; solve or predict with frames"
            )
        values: dict[str, Field | float | Tensor] = {**self.parameters, **(parameters or {})}
        for i, name in enumerate(self.targets):
            values[name] = u.with_values(u.values[..., i : i + 1])
        for name, given in self.inputs_by_name(inputs).items():
            if name not in self.states:
                values[name] = given
        for name, function in self.given.items():
            values[name] = _sampled(function, u)
        return values

    @property
    def boundary_text(self) -> dict[str, str]:
        """The conditions on each part as they are read."""
        return {part: ", ".join(map(str, several)) for part, several in self.boundary.items()}  # type: ignore[arg-type]

    def with_parameters(self, **values: float) -> Self:
        """The same problem with other values of parameters."""
        family = self.family and (self.family[0].with_parameters(**values), self.family[1])
        return replace(self, parameters={**self.parameters, **values}, family=family)

    def origin(self, *, tol: float, solution: Solution | None = None) -> dict[str, Any]:
        """Where samples of this problem come from, as plain JSON."""
        return {
            "problem": self.key,
            "title": self.title,
            "equations": {
                name: {"text": str(e), "latex": latex(e), "tree": to_json(e)}
                for name, e in self.equations.items()
            },
            "boundary": self.boundary_text,
            "initial": {name: str(e) for name, e in self.initial.items()},
            "parameters": dict(self.parameters),
            "symmetries": list(self.symmetries),
            "conserved": {
                name: {"text": str(e), "tree": to_json(e)} for name, e in self.conserved.items()
            },
            "varies": {name: prior.describe() for name, prior in self.varies.items()},
            **({} if self.shapes is None else {"shapes": self.shapes.describe()}),
            "warmup": self.warmup,
            "horizon": None if self.time is None else self.time.stop,
            "solver": None if solution is None else solution.method,
            "tolerance": tol,
            "reference": self.reference,
            "version": fredholm.__version__,
        }


def _of_space(function: Callable[[Tensor], Tensor], dim: int) -> Callable[[Tensor], Tensor]:
    """A function of space as one of space and time."""
    return lambda points: function(points[:, :dim])


def _equations(conditions: Condition | Sequence[Condition]) -> tuple[Equation, ...]:
    several = conditions if isinstance(conditions, Sequence) else (conditions,)
    return tuple(as_equation(condition) for condition in several)


def _sampled(function: Callable[[Tensor], Tensor], like: Field) -> Field:
    """A function of points (x, ..., t) on the grid of another."""
    grid = like.grid
    order = sorted(range(grid.dim), key=lambda i: grid.names[i] == "t")
    points = grid.points()[..., order].reshape(-1, grid.dim).to(like.values)
    return Field(function(points).reshape(1, *grid.shape, 1), grid)
