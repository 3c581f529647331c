"""Exponential time differencing: semilinear evolution on a periodic box, from its statement."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from fredholm.domains import Axis, Grid
from fredholm.equations import Equation, Values, require_well_posed
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.solvers.discrete import Discrete, Statement, first_shape, full_shape
from fredholm.solvers.exponential import require_scheme
from fredholm.solvers.search import ROUNDING, Found, Search
from fredholm.solvers.solution import Solution
from fredholm.solvers.trajectory import integrate


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
        lattice: The points of `resolution` are all there is, as in equations with shifts in the
            place of derivatives: every mode is kept, and nothing is missing beyond them.
        steps: Most steps that are tried.
        checkpoints: About how many states are kept for the backward pass, which computes what lies
            between them once more: about √n of them for n steps take the least memory. None keeps
            everything.

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
    lattice: bool = False
    steps: int = 100_000
    checkpoints: int | None = None

    def __post_init__(self) -> None:
        require_scheme(self.order, self.dealias)
        if not self.tol > 0 or self.step is not None and not self.step > 0:
            raise ValueError(f"tol and step must be positive, got {self.tol} and {self.step}")
        if self.checkpoints is not None and self.checkpoints < 1:
            raise ValueError(f"checkpoints must be at least 1, got {self.checkpoints}")
        least = 1 if self.lattice else 4
        if self.resolution is not None and self.resolution < least:
            raise ValueError(f"resolution must be at least {least} points, got {self.resolution}")
        if self.lattice and (self.resolution is None or self.dealias != 1):
            raise ValueError(
                "a lattice is solved on its own points with all modes: give resolution=, dealias=1"
            )

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
            ValueError: Frames at Chebyshev points in time.
        """
        if time.location == "chebyshev":
            raise ValueError(
                f"the solver gives frames at equal distances, got {time}; solve for such frames, "
                "more of them, and evaluate the solution: .at(grid)"
            )
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

    def _search(self, statement: Statement, times: list[float]) -> Found:
        """Raises resolution and number of steps until both errors are below half the tolerance."""
        discrete = self._first(statement)
        if discrete.exact:
            run = integrate(discrete.system, discrete.state, times, 1, self.order)
            error = run.tail.new_full((len(run.frames),), ROUNDING)
            return Found(discrete, run, error, 1)
        search = Search(self, statement, discrete, times)
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

    def _with_graph(self, found: Found, times: list[float]) -> Found:
        """The chosen run once more, recorded for gradients."""
        discrete = Discrete(found.discrete.statement, found.discrete.shape, self.dealias)
        run = integrate(
            discrete.system, discrete.state, times, found.substeps, self.order, self.checkpoints
        )
        return Found(discrete, run, found.error, found.substeps)

    def _warn(self, found: Found) -> None:
        error = float(found.error.max())
        if self.step is None and self.resolution is None and error > max(self.tol, ROUNDING):
            warnings.warn(
                f"the estimated relative error {error:.1e} is above the tolerance {self.tol:.1e} "
                f"after {found.run.steps} steps on {found.discrete.shape} points, the limit",
                stacklevel=3,
            )
