"""The choice of step and resolution from a tolerance, and the error estimate that comes with it."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor

from fredholm.errors import DivergedError
from fredholm.solvers.discrete import Discrete, Statement, raised_shape
from fredholm.solvers.trajectory import Run, gap, integrate

if TYPE_CHECKING:
    from fredholm.solvers.etdrk import ETDRK

ROUNDING = 1e-13
"""Relative size below which differences of runs and tails of spectra are rounding."""


@dataclass(frozen=True, eq=False)
class Found:
    """The accepted run."""

    discrete: Discrete
    run: Run
    error: Float[Tensor, "batch"]
    substeps: int


class Search:
    """The state of the search for a step and a resolution: two runs, one with half the steps."""

    def __init__(
        self, solver: "ETDRK", statement: Statement, discrete: Discrete, times: list[float]
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
        self._ends: list[float | None] = []
        self._compare(self._run(max(1, self.substeps // 2)))

    def _run(self, substeps: int) -> Run:
        run = integrate(
            self.discrete.system, self.discrete.state, self.times, substeps, self.solver.order
        )
        self._ends.append(run.diverged and run.diverged[0])
        return run

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
        return max(self.solver.tol / 2, ROUNDING)

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
        last = not self._can_halve()
        if self._settled() and (last or self.run.steps > 1000):
            raise DivergedError(f"{where}, and smaller steps do not help: it seems to blow up")
        if last:
            points = " x ".join(map(str, self.discrete.shape))
            raise DivergedError(
                f"{where}; {points} points need smaller steps than the limit of "
                f"{self.solver.steps} steps allows: raise steps, or give a coarser resolution"
            )

    def _settled(self) -> bool:
        """Whether three runs with ever smaller steps left the finite numbers at the same time.

        A step that is unstable leaves them after about so many steps, however small it is.
        """
        ends = [end for end in self._ends[-3:] if end is not None]
        return len(ends) == 3 and max(ends) - min(ends) < 0.02 * max(ends)

    def found(self) -> Found:
        """The last run with the sum of both errors; on a lattice there is none in space."""
        error = self.error.nan_to_num(nan=float("inf"))
        if not self.solver.lattice:
            error = error + self.run.tail.amax(1)
        return Found(self.discrete, self.run, error, self.substeps)
