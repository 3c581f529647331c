"""Exponential time differencing: semilinear evolution on a periodic box, from its statement."""

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis, Grid
from fredholm.equations import Equation, Values, require_well_posed
from fredholm.errors import DivergedError, EquationError
from fredholm.fields import Field
from fredholm.solvers.discrete import Discrete, Statement, first_shape, full_shape, raised_shape
from fredholm.solvers.solution import Solution
from fredholm.solvers.trajectory import Run, gap, integrate

_ROUNDING = 1e-13
"""Relative size below which differences of runs and tails of spectra are rounding."""


@dataclass(frozen=True)
class ETDRK:
    """Exponential Runge-Kutta in time, Fourier in space, for ∂ₜ s = L s + N(s, t).

    The linear part with constant coefficients is integrated exactly; it, the rest, and auxiliary
    unknowns (a pressure, a stream function) are read off the equations. A linear equation without
    a source that changes in time is exact in one step per frame.

    The number of points per axis follows from the spectrum and may be above or below that of the
    data: it is raised until the modes at the end of the band are small. The step is halved until
    two solutions agree. Both differences are the error estimate of each sample. Products are
    dealiased by the 2/3 rule. Everything is float64, batched, and differentiable with respect to
    initial values, coefficients and parameters.

    Args:
        tol: Relative L2 error over all frames that the choice of step and resolution aims at.
        order: Order of the scheme in time, 1 to 4.
        step: Largest step in time; None lets the tolerance decide.
        resolution: Points per axis; None lets the tolerance decide.
        dealias: Fraction of the modes that products keep; 1 keeps all of them, aliased.
        steps: Most steps that are tried.

    Raises:
        ValueError: An argument out of range.

    Reference:
        Cox and Matthews, J. Comput. Phys. 176, 2002 (the schemes); Kassam and Trefethen, SIAM J.
        Sci. Comput. 26, 2005 (stable coefficients; here by series and recurrence, see `phi`).

    Fails when: the solution is not smooth (shocks without viscosity), or leaves the finite numbers.
    """

    tol: float = 1e-6
    order: int = 4
    step: float | None = None
    resolution: int | None = None
    dealias: float = 2 / 3
    steps: int = 100_000

    def __post_init__(self) -> None:
        if self.order not in (1, 2, 3, 4):
            raise ValueError(f"order of ETDRK is 1, 2, 3 or 4, got {self.order}")
        if not 0 < self.dealias <= 1:
            raise ValueError(f"dealias is a fraction in (0, 1], got {self.dealias}")
        if not self.tol > 0 or self.step is not None and not self.step > 0:
            raise ValueError(f"tol and step must be positive, got {self.tol} and {self.step}")
        if self.resolution is not None and self.resolution < 4:
            raise ValueError(f"resolution must be at least 4 points, got {self.resolution}")

    def solve(
        self,
        equations: Mapping[str, Equation],
        initial: Mapping[str, Field],
        time: Axis,
        *,
        at: Grid | None = None,
        values: Values | None = None,
        coefficients: Mapping[str, Field] | None = None,
        final: bool = False,
    ) -> Solution:
        """The unknowns at the points of the time axis.

        Args:
            equations: Equations keyed by the unknown that each determines.
            initial: Initial values of the states `u` (and `dt(u)`, ...), one channel each.
            time: Times of the frames, on nodes; the first is that of the initial values.
            at: Spatial grid of the result; by default that of the first initial value.
            values: Values of parameters, one number or one per sample.
            coefficients: Given functions of space by name.
            final: Only the last frame, on the spatial grid.

        Raises:
            EquationError: The equations are ill-posed, or not of this form.
            DivergedError: The solution left the finite numbers, and smaller steps do not help.
        """
        at = at or next(iter(initial.values())).grid
        statement = Statement(equations, initial, coefficients or {}, values or {})
        if not statement.grid.periodic:
            raise EquationError(f"ETDRK needs periodic axes, got {statement.grid}")
        require_well_posed(equations, statement.grid, statement.values)
        times = [time.start, time.stop] if final else time.points().tolist()
        with torch.no_grad():
            found = self._search(statement, times)
        if torch.is_grad_enabled() and statement.requires_grad:
            found = self._with_graph(found, times)
        self._warn(found)
        fields = found.discrete.fields(found.run.frames, times, at)
        grid = at if final else Grid.of(time, *at.axes)
        return Solution(
            Field(fields[:, -1] if final else fields, grid),
            found.error,
            f"ETDRK{self.order} on Fourier modes, dealias {self.dealias:.3g}",
            {"steps": found.run.steps, "points": list(found.discrete.shape), "order": self.order},
        )

    def _search(self, statement: Statement, times: list[float]) -> "_Found":
        """Raises resolution and number of steps until both errors are below half the tolerance."""
        discrete = self._first(statement)
        if discrete.exact:
            run = integrate(discrete.system, discrete.state, times, 1, self.order)
            error = torch.full((len(run.frames),), _ROUNDING, dtype=torch.float64)
            return _Found(discrete, run, error, 1)
        search = _Search(self, statement, discrete, times)
        while not search.done():
            search.refine()
        return search.found()

    def _first(self, statement: Statement) -> Discrete:
        if self.resolution is not None:
            return Discrete(statement, (self.resolution,) * statement.grid.dim, self.dealias)
        shape = first_shape(statement, self.dealias, 0.1 * self.tol)
        discrete = Discrete(statement, shape, self.dealias)
        if discrete.exact:
            return Discrete(statement, full_shape(statement), self.dealias)
        return discrete

    def _with_graph(self, found: "_Found", times: list[float]) -> "_Found":
        """The chosen run once more, recorded for gradients."""
        discrete = Discrete(found.discrete.statement, found.discrete.shape, self.dealias)
        run = integrate(discrete.system, discrete.state, times, found.substeps, self.order)
        return _Found(discrete, run, found.error, found.substeps)

    def _warn(self, found: "_Found") -> None:
        error = float(found.error.max())
        if self.step is None and self.resolution is None and error > max(self.tol, _ROUNDING):
            warnings.warn(
                f"the estimated relative error {error:.1e} is above the tolerance {self.tol:.1e} "
                f"after {found.run.steps} steps on {found.discrete.shape} points, the limit",
                stacklevel=3,
            )


@dataclass(frozen=True, eq=False)
class _Found:
    """The accepted run."""

    discrete: Discrete
    run: Run
    error: Float[Tensor, "batch"]
    substeps: int


class _Search:
    """The state of the search for a step and a resolution: two runs, one with half the steps."""

    def __init__(
        self, solver: ETDRK, statement: Statement, discrete: Discrete, times: list[float]
    ) -> None:
        self.solver = solver
        self.statement = statement
        self.discrete = discrete
        self.times = times
        frames = len(times) - 1
        if solver.step is None:
            self.substeps = max(2, 2 * math.ceil(8 / frames))
        else:
            # 1e-9: a step that divides the frame must not be cut by rounding.
            self.substeps = max(1, math.ceil((times[1] - times[0]) / solver.step - 1e-9))
        self._start = self.substeps
        self._halvings = 0
        self._compare(self._run(max(1, self.substeps // 2)))

    def _run(self, substeps: int) -> Run:
        return integrate(
            self.discrete.system, self.discrete.state, self.times, substeps, self.solver.order
        )

    def _compare(self, coarse: Run) -> None:
        """Runs with the present step and takes the error from the coarser run."""
        self.coarse = coarse
        if self.solver.step is not None and self.substeps == 1:
            self.run, finer = coarse, self._run(2)
            self.error = self._gap(finer, coarse) * (1 + 1 / self._gain(2.0))
            return
        self.run = self._run(self.substeps)
        self.error = self._gap(self.run, coarse) / self._gain(self.run.steps / coarse.steps)

    def _gain(self, ratio: float) -> float:
        """By how much the finer run is closer to the solution than the two are to each other.

        Rough data and stiff terms cost up to one order, which the estimate takes as lost.
        """
        return ratio ** max(1, self.solver.order - 1) - 1

    def _gap(self, fine: Run, coarse: Run) -> Tensor:
        return gap(self.discrete.system, fine, coarse, self.discrete.counted)

    @property
    def _time_error(self) -> float:
        return float(self.error.max())

    @property
    def _space_error(self) -> float:
        return float(self.run.tail.max())

    def done(self) -> bool:
        """Whether nothing is left to refine."""
        self._refuse_divergence()
        return not self._can_raise() and not self._can_halve()

    def _goal(self) -> float:
        return max(self.solver.tol / 2, _ROUNDING)

    def _can_halve(self) -> bool:
        if self.solver.step is not None or self._time_error <= self._goal():
            return False
        return 1.25 * self.run.steps <= self.solver.steps

    def _can_raise(self) -> bool:
        if self.solver.resolution is not None or self.run.diverged:
            return False
        return self._raised() != self.discrete.shape

    def _raised(self) -> tuple[int, ...]:
        return raised_shape(self.discrete.shape, self.run.tail.amax(0), self._goal())

    def refine(self) -> None:
        """Raises the resolution once the step is sane, takes more steps otherwise.

        A step that is too large makes noise in the spectrum, which no resolution resolves; and
        too few points make noise that no step resolves. So one halving is tried first, and what
        was learnt of the step from an unresolved run is forgotten.
        """
        sane = self._time_error < 0.1 or self._halvings >= 1
        if self._can_raise() and (sane or not self._can_halve()):
            if self.solver.step is None and self._space_error > 1e-2:
                self.substeps = self._start
            self.discrete = Discrete(self.statement, self._raised(), self.solver.dealias)
            self._halvings = 0
            self._compare(self._run(max(1, self.substeps // 2)))
        else:
            self.substeps = max(self.substeps + 1, round(self.substeps * self._factor()))
            self._halvings += 1
            self._compare(self.run)

    def _factor(self) -> float:
        """How many times more steps the error asks for, by the order of the scheme.

        Two where the error is too large for the order to show.
        """
        if not self._time_error < 0.1:
            return 2.0
        wanted = 1.1 * (self._time_error / self._goal()) ** (1 / self.solver.order)
        most = self.solver.steps / self.run.steps
        return min(max(wanted, 1.25), 4.0, most)

    def _refuse_divergence(self) -> None:
        if self.run.diverged is None:
            return
        time, step, sample = self.run.diverged
        where = (
            f"the solution left the finite numbers at t = {time:.4g} "
            f"(step {step} of {self.run.steps}, sample {sample})"
        )
        if self.solver.step is not None:
            raise DivergedError(f"{where}; take a smaller step, or leave it to the tolerance")
        settled = self.coarse.diverged and abs(self.coarse.diverged[0] - time) < 0.02 * time
        if settled and self.run.steps > 1000 or not self._can_halve():
            raise DivergedError(f"{where}, and smaller steps do not help: it seems to blow up")

    def found(self) -> _Found:
        """The last run with the sum of both errors."""
        error = self.error.nan_to_num(nan=float("inf")) + self.run.tail.amax(1)
        return _Found(self.discrete, self.run, error, self.substeps)
