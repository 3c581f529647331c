"""A problem: equations, a domain, conditions, what varies, and the solver that follows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor

import fredholm
from fredholm.calculus import evaluate
from fredholm.calculus.fields import Method
from fredholm.domains import Domain, Grid
from fredholm.equations import Coefficient, Values
from fredholm.fields import Field, Interpolant, Variable
from fredholm.problems.checking import check_inputs, check_statement
from fredholm.problems.describing import input_labels, origin_of, target_labels
from fredholm.problems.evolving import hidden_unknowns, warm
from fredholm.problems.sampling import draw, sample
from fredholm.problems.solving import solve
from fredholm.problems.statement import Statement
from fredholm.problems.stepping import make_stepper
from fredholm.problems.values import of_space, values_of
from fredholm.solvers import Stepper
from fredholm.solvers.solution import Solution


@dataclass(frozen=True)
class Problem(Statement):
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
        symmetries: Names of transformations that map solutions to solutions, besides those that
            are derived (`fredholm.problems.symmetries_of`).
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

    family: "tuple[Problem, Field] | None" = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_statement(self)

    @property
    def input_variables(self) -> tuple[Variable, ...]:
        """Labels of the varied functions; the initial value of u is called u0."""
        return input_labels(self)

    @property
    def target_variables(self) -> tuple[Variable, ...]:
        """Labels of the targets."""
        return target_labels(self)

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
        return sample(self, n, grid, generator=generator, size=size)

    def draw(self, n: int, grid: Grid, *, generator: torch.Generator) -> Field:
        """Draws from the priors alone, before any warm-up.

        Raises:
            EquationError: Nothing varies in this problem.
        """
        return draw(self, n, grid, generator=generator)

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
        return solve(self, inputs, at, tol)

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
            given[name] = of_space(function, self.domain.dim)
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
        check_inputs(self, inputs)

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
        return values_of(self, u, inputs, parameters)

    def with_parameters(self, **values: float) -> Self:
        """The same problem with other values of parameters."""
        family = self.family and (self.family[0].with_parameters(**values), self.family[1])
        return replace(self, parameters={**self.parameters, **values}, family=family)

    def origin(self, *, tol: float, solution: Solution | None = None) -> dict[str, Any]:
        """Where samples of this problem come from, as plain JSON."""
        return origin_of(self, tol, solution)
