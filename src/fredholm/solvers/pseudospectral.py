"""Collocation on boxes that are not periodic: evolution and steady states, from their statement."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy import ndarray

from fredholm.domains import Axis, Grid
from fredholm.equations import Equation
from fredholm.errors import EquationError
from fredholm.fields import Field, difference, norm
from fredholm.solvers.pseudospectral_conditions import assigned
from fredholm.solvers.pseudospectral_inputs import Given, known
from fredholm.solvers.pseudospectral_line import Line
from fredholm.solvers.pseudospectral_runs import Limits, Run, evolve
from fredholm.solvers.pseudospectral_steady import settle
from fredholm.solvers.pseudospectral_system import System
from fredholm.solvers.pseudospectral_terms import Known
from fredholm.solvers.solution import Solution

ROUNDING = 1e-12
"""What differentiation matrices leave of double precision; no error is stated below it."""


@dataclass(frozen=True)
class Pseudospectral:
    """Chebyshev or Fourier collocation along each axis, with Radau IIA in time.

    For systems of any order in time, linear in their time derivatives, and for steady systems, in
    one or two dimensions; linear or not; with conditions on sides that may contain values, slopes
    and the time. On a line the elements are halved, in time too, where the last coefficients are
    not small; elsewhere the degree is raised. Two runs, the second with a tenth of the tolerance of
    the first and finer nodes, differ by the error that is stated for the second: more than it has.

    Nothing here is recorded for gradients. Fourth derivatives cost many digits on short elements:
    two equations with second derivatives keep them.

    Samples are continued between their points by a smooth interpolant; how much it differs from
    the function that was sampled is not part of the error.

    Args:
        tol: Relative L2 error over all frames that the choice of nodes and steps aims at.
        size: Most values of all unknowns on the nodes of one sample.
        steps: Most steps in time.

    Raises:
        ValueError: An argument out of range.

    Reference:
        Trefethen, Spectral Methods in MATLAB, 2000; Driscoll and Hale, IMA J. Numer. Anal. 36,
        2016 (rows of conditions); Hairer and Wanner, Solving Ordinary Differential Equations II,
        1996 (Radau IIA).

    Fails when: the solution jumps, or there is no viscosity where it steepens. Corners at which the
        solution is not smooth make it slow, which the error tells.
    """

    tol: float = 1e-6
    size: int = 2500
    steps: int = 20_000

    def __post_init__(self) -> None:
        if not self.tol > 0 or self.size < 1 or self.steps < 1:
            raise ValueError(
                f"tol, size and steps must be positive, got {self.tol}, {self.size}, {self.steps}"
            )

    def solve(
        self,
        equations: Mapping[str, Equation],
        domain: Grid,
        conditions: Mapping[str, Sequence[Equation]],
        *,
        time: Axis | None = None,
        initial: Mapping[str, Given] | None = None,
        at: Grid | None = None,
        values: Mapping[str, float] | None = None,
        coefficients: Mapping[str, Given] | None = None,
        gauge: Mapping[str, Sequence[float]] | None = None,
        final: bool = False,
    ) -> Solution:
        """The unknowns on a grid, one channel each, for every sample.

        Args:
            equations: Equations keyed by the unknown that each determines.
            domain: The box; its samples do not matter.
            conditions: The equations that hold on each side (`left`, `right`, `bottom`, `top`).
            time: Times of the frames, on nodes; None for a steady state.
            initial: Initial values of the states `u` (and `dt(u)`, ...).
            at: Spatial grid of the result; by default `domain`.
            values: Values of parameters.
            coefficients: Given functions by name; callables take the time as last coordinate where
                there is one.
            gauge: Points where unknowns are zero that are otherwise determined up to a constant.
            final: Only the last frame, on the spatial grid.

        Raises:
            EquationError: The statement has a form that is not solved here.
            DivergedError: The solution left the finite numbers, or Newton's method does not end.
        """
        if domain.dim > 2:
            raise EquationError(
                f"boxes that are not periodic are solved in one or two dimensions, not {domain.dim}"
            )
        at = at or domain
        given = {**(initial or {}), **(coefficients or {})}
        count = max((len(f) for f in given.values() if isinstance(f, Field)), default=1)
        task = _Task(equations, domain, conditions, time, at, values or {}, gauge or {}, final)
        found = []
        for i in range(count):
            mine = {n: f[i % len(f)] if isinstance(f, Field) else f for n, f in given.items()}
            found.append(self._sample(task, mine))
        error = torch.tensor([each.error for each in found], dtype=torch.float64)
        details = [each.details for each in found]
        return Solution(
            Field(torch.cat([each.field.values for each in found]), found[0].field.grid),
            error,
            "collocation on Chebyshev elements or Fourier nodes"
            + ("" if time is None else ", Radau IIA of order 5 in time"),
            details[0] if count == 1 else {"samples": details},
        )

    def _sample(self, task: "_Task", given: Mapping[str, Given]) -> "_Found":
        """One sample: runs with smaller and smaller tolerances until two agree."""
        # Half as many values for the first run, so that two on the last nodes never just agree.
        limits = Limits(0.5 * self.tol, self.size // 2, self.steps)
        before, best = task.shown(task.run(given, limits)), None
        for attempt in range(1, 4):
            limits = Limits(max(0.5 * self.tol / 10**attempt, 1e-13), self.size, self.steps)
            run = task.run(given, limits)
            field = task.shown(run)
            gap = norm(difference(field, before))[0] / norm(field)[0].clamp(min=1e-300)
            unresolved = run.missing if run.missing > limits.tol else 0.0
            found = _Found(field, max(float(gap), unresolved, ROUNDING), run)
            if best is None or found.error < best.error:
                best = found
            if best.error <= max(self.tol, ROUNDING) or unresolved:
                break
            before = field
        assert best is not None
        if best.error > max(self.tol, ROUNDING):
            warnings.warn(
                f"the estimated relative error {best.error:.1e} is above the tolerance "
                f"{self.tol:.1e} with {best.details['values']} values, of {self.size} at most",
                stacklevel=3,
            )
        return best


@dataclass(frozen=True)
class _Found:
    """What was found for one sample, and its estimated error."""

    field: Field
    error: float
    run: Run

    @property
    def details(self) -> dict[str, object]:
        lines = self.run.systems[-1].layout.lines
        return {
            "steps": self.run.steps,
            "values": self.run.systems[-1].size_of_y,
            "points": [line.size(0) for line in lines],
            "elements": [line.elements for line in lines],
        }


@dataclass(frozen=True)
class _Task:
    """What all samples share."""

    equations: Mapping[str, Equation]
    domain: Grid
    conditions: Mapping[str, Sequence[Equation]]
    time: Axis | None
    at: Grid
    values: Mapping[str, float]
    gauge: Mapping[str, Sequence[float]]
    final: bool

    def run(self, given: Mapping[str, Given], limits: Limits) -> Run:
        ask = {
            name: known(f, timed=self.time is not None, values=self.values, grid=self.domain)
            for name, f in given.items()
        }
        system = System(
            self.equations,
            assigned(self.equations, self.conditions, self.domain.names),
            tuple(_first_line(axis, limits.tol) for axis in self.domain.axes),
            values=self.values,
            known=ask,
            gauge=self.gauge,
        )
        if self.time is None:
            return settle(system, limits)
        times = self.time.points().tolist()
        start = partial(_initial, ask, times[0])
        return evolve(system, start, [times[0], times[-1]] if self.final else times, limits)

    def shown(self, run: Run) -> Field:
        """The unknowns on the grid that was asked for."""
        points = [axis.points().numpy() for axis in self.at.axes]
        frames = [
            np.stack([system.at(u, y, points) for u in self.equations], axis=-1)
            for system, y in zip(run.systems, run.frames)
        ]
        if self.time is None or self.final:
            return Field(torch.from_numpy(frames[-1])[None], self.at)
        grid = Grid.of(self.time, *self.at.axes)
        return Field(torch.from_numpy(np.stack(frames))[None], grid)


def _first_line(axis: Axis, tol: float) -> Line:
    """A coarse line: more points in each element for more digits."""
    count = round(6 - 1.5 * np.log10(max(tol, 1e-13)))
    axis = replace(axis, location="node")
    return Line(axis, count + 1 - count % 2 if axis.periodic else count)


def _initial(ask: Mapping[str, Known], time: float, system: System) -> ndarray:
    """Initial values on the nodes; zero for unknowns that do not evolve."""
    y = np.zeros(system.size_of_y)
    for state in system.evolving:
        counts = system.layout.conditions[state]
        points = system.layout.points(counts)
        y[system.layout.slices[state]] = ask[state](points, np.array([time]))[:, 0]
    return y
