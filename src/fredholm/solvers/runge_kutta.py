"""Runge-Kutta schemes with steps that adapt themselves, for the equations that ETDRK solves."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Axis, Grid
from fredholm.equations import Equation, Values, require_well_posed
from fredholm.errors import EquationError
from fredholm.fields import Field
from fredholm.solvers.adaptive import march, retrace
from fredholm.solvers.discrete import Discrete, Statement, first_shape, raised_shape
from fredholm.solvers.search import ROUNDING
from fredholm.solvers.solution import Solution
from fredholm.solvers.tableaux import DORMAND_PRINCE, KENNEDY_CARPENTER
from fredholm.solvers.trajectory import Run, gap

Method = Literal["imex", "explicit"]
_TABLEAUX = {"imex": KENNEDY_CARPENTER, "explicit": DORMAND_PRINCE}
_REFINEMENT = 10.0
"""By how much the tolerance per step of two runs differs that are compared."""


@dataclass(frozen=True)
class RungeKutta:
    """Adaptive steps in time, Fourier in space, for ∂ₜ s = L s + N(s, t).

    Better than `ETDRK` where the time scale changes during the run (a fast transient, then a slow
    decay), because the step follows it; where the rate is not dominated by L, so that an
    exponential gains nothing; and as an independent check, since the two share no scheme.

    Two runs whose tolerances per step differ by ten are compared; their difference, and the modes
    at the end of the band, are the error estimate of each function. One step serves the whole
    batch. Gradients go through the accepted steps.

    Args:
        method: `"imex"`: L implicit, N explicit, order 4, for stiff L (diffusion, dispersion).
            `"explicit"`: order 5, for waves, transport and reactions; a stiff equation needs steps
            of its shortest time scale.
        tol: Relative L2 error over all frames that is aimed at.
        resolution: Points per axis; None lets the tolerance decide.
        dealias: Fraction of the modes that products keep; 1 keeps all of them, aliased.
        steps: Most steps of a run.

    Raises:
        ValueError: An argument out of range.

    Reference:
        Dormand and Prince, J. Comput. Appl. Math. 6, 1980; Kennedy and Carpenter, Appl. Numer.
        Math. 44, 2003.

    Fails when: never for a smooth solution, but slowly where N holds the stiff part, as in the
    porous medium equation ∂ₜ u = Δ(u³): the step follows the limit of stability, and the number of
    steps grows with the square of the resolution, whichever method is chosen.
    """

    method: Method = "imex"
    tol: float = 1e-6
    resolution: int | None = None
    dealias: float = 2 / 3
    steps: int = 100_000

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"method is one of {get_args(Method)}, got {self.method!r}")
        if not self.tol > 0 or not 0 < self.dealias <= 1 or self.steps < 1:
            raise ValueError(
                "tol is positive, dealias in (0, 1] and steps at least 1, got "
                f"{self.tol}, {self.dealias} and {self.steps}"
            )
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
        """The unknowns at the points of the time axis; arguments as of `ETDRK.solve`.

        Raises:
            EquationError: The equations are ill-posed, or not of this form.
            DivergedError: The step shrinks to nothing, or the limit of steps is reached.
        """
        at = at or next(iter(initial.values())).grid
        statement = Statement(equations, initial, coefficients or {}, values or {})
        if not statement.grid.periodic:
            raise EquationError(f"RungeKutta needs periodic axes, got {statement.grid}")
        require_well_posed(equations, statement.grid, statement.values)
        times = [time.start, time.stop] if final else time.points().tolist()
        with torch.no_grad():
            discrete, run, taken, error = self._search(statement, times)
        frames = run.frames
        if torch.is_grad_enabled() and statement.requires_grad:
            discrete = Discrete(statement, discrete.shape, self.dealias)
            tableau = _TABLEAUX[self.method]
            frames = retrace(discrete.system, discrete.state, times[0], tableau, taken)
        fields = discrete.fields(frames, times, at)
        return Solution(
            Field(fields[:, -1] if final else fields, at if final else Grid.of(time, *at.axes)),
            error,
            f"adaptive Runge-Kutta ({self.method}) on Fourier modes, dealias {self.dealias:.3g}",
            {"steps": run.steps, "points": list(discrete.shape)},
        )

    def _search(
        self, statement: Statement, times: list[float]
    ) -> tuple[Discrete, Run, list[list[float]], Float[Tensor, "batch"]]:
        """Raises resolution and accuracy until both errors are below half the tolerance."""
        discrete, local = self._first(statement), 0.1 * self.tol
        goal = max(self.tol / 2, ROUNDING)
        while True:
            coarse, _ = self._march(discrete, times, local)
            shape = raised_shape(discrete.shape, coarse.tail.amax(0), goal)
            if self.resolution is None and shape != discrete.shape:
                discrete = Discrete(statement, shape, self.dealias)
                continue
            run, taken = self._march(discrete, times, local / _REFINEMENT)
            error = self._error(discrete, run, coarse)
            if float(error.max()) <= goal or local <= ROUNDING:
                break
            local /= _REFINEMENT
        error = error + run.tail.amax(1)
        if self.resolution is None and float(error.max()) > max(self.tol, 10 * ROUNDING):
            warnings.warn(
                f"the estimated relative error {float(error.max()):.1e} is above the tolerance "
                f"{self.tol:.1e} on {discrete.shape} points, the limit",
                stacklevel=4,
            )
        return discrete, run, taken, error

    def _first(self, statement: Statement) -> Discrete:
        if self.resolution is not None:
            shape = (self.resolution,) * statement.grid.dim
        else:
            shape = first_shape(statement, self.dealias, 0.1 * self.tol)
        return Discrete(statement, shape, self.dealias)

    def _march(
        self, discrete: Discrete, times: list[float], local: float
    ) -> tuple[Run, list[list[float]]]:
        tableau = _TABLEAUX[self.method]
        return march(discrete.system, discrete.state, times, tableau, local, self.steps)

    def _error(self, discrete: Discrete, fine: Run, coarse: Run) -> Float[Tensor, "batch"]:
        """The error of the finer run, where errors fall slower than tolerances by one order."""
        order = _TABLEAUX[self.method].order
        gain = _REFINEMENT ** ((order - 1) / order) - 1
        return gap(discrete.system, fine, coarse, discrete.counted) / gain
