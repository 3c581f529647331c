"""Newton's method with continuation."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg
from jaxtyping import Float
from numpy import ndarray

from fredholm.errors import DivergedError, EquationError

_SWEEPS = 25
_SMALLEST = 1 / 64
_SLOWEST = 1 / 128
_CONDITION = 1e14
"""Condition number from which on a matrix counts as singular."""
_PIVOT = 0.01
"""Diagonal entries so much smaller than others are pivots, for the sake of sparsity."""


class Steady(Protocol):
    """F(0, y, 0) = 0."""

    def at_rest(self) -> Float[ndarray, "n"]: ...

    def residual(self, times: ndarray, y: ndarray, rate: ndarray) -> Float[ndarray, "n b"]: ...

    def linearised(self, time: float, y: ndarray, rate: ndarray) -> tuple[sp.csr_array, ...]: ...


@dataclass
class Factors:
    """The factors of the last matrix, kept for the next one if that is the same."""

    matrix: Any = None
    solve: Callable[[ndarray], ndarray] = field(default=lambda right: right)

    def __call__(self, matrix: sp.csr_array) -> Callable[[ndarray], ndarray]:
        """The solver of a linear system; what a singular matrix gives is not finite."""
        columns = sp.csc_array(matrix)
        columns.sum_duplicates()
        if not self._is_last(columns):
            self.matrix, self.solve = columns, _factorised(columns)
        return self.solve

    def fits(self, right: ndarray) -> bool:
        """Whether there are factors for systems of this size."""
        return self.matrix is not None and self.matrix.shape[0] == len(right)

    def _is_last(self, matrix: sp.csc_array) -> bool:
        last = self.matrix
        return (
            last is not None
            and last.shape == matrix.shape
            and np.array_equal(last.indptr, matrix.indptr)
            and np.array_equal(last.indices, matrix.indices)
            and np.array_equal(last.data, matrix.data)
        )


def _factorised(matrix: sp.csc_array) -> Callable[[ndarray], ndarray]:
    if not np.isfinite(matrix.data).all():
        return lambda right: np.full_like(right, np.nan)
    # Without a zero on the diagonal a symmetric order leaves half as many entries to fill in.
    symmetric = {
        "permc_spec": "MMD_AT_PLUS_A",
        "diag_pivot_thresh": _PIVOT,
        "options": {"SymmetricMode": True},
    }
    settings = symmetric if matrix.diagonal().all() else {}
    try:
        return scipy.sparse.linalg.splu(matrix, **settings).solve
    except RuntimeError:  # SciPy's word for a pivot that is exactly zero
        return lambda right: np.full_like(right, np.nan)


def settle(
    system: Steady, tol: float, factors: Factors, guess: Float[ndarray, "n"] | None = None
) -> tuple[Float[ndarray, "n"], int]:
    """A solution of F = 0, and in how many linear solves it was found.

    The first approximation solves the equations linearised at rest: of a flow, those without
    inertia. Where Newton's method does not lead on from there, the nonlinear part is turned on step
    by step, as by a Reynolds number that rises.

    Args:
        system: F.
        tol: Relative change at which Newton's method ends.
        factors: Factors of the last matrix.
        guess: A state that may be near the solution.

    Raises:
        EquationError: The equations leave something undetermined.
        DivergedError: Newton's method does not end, however small the steps.

    Reference:
        Deuflhard, Newton Methods for Nonlinear Problems, 2011 (natural monotonicity).
    """
    zero = np.array([0.0])

    def residual(y: ndarray) -> ndarray:
        return system.residual(zero, y[:, None], np.zeros_like(y)[:, None])[:, 0]

    def matrix(y: ndarray) -> sp.csr_array:
        return system.linearised(0.0, y, np.zeros_like(y))[0]

    solves = 0
    if guess is not None:
        found, solves = _newton(residual, matrix, guess, tol, factors)
        if found is not None:
            return found, solves
    rest, of_rest, linear, start = _linear_start(system.at_rest(), residual, matrix, factors)

    def newton(y: ndarray, share: float) -> tuple[ndarray | None, int]:
        """The solution with this share of the nonlinear part."""

        def shared(y: ndarray) -> ndarray:
            if share == 1.0:
                return residual(y)
            return share * residual(y) + (1 - share) * (of_rest + linear @ (y - rest))

        def tangent(y: ndarray) -> sp.csr_array:
            return matrix(y) if share == 1.0 else share * matrix(y) + (1 - share) * linear

        return _newton(shared, tangent, y, tol, factors)

    found, count = newton(start, 1.0)
    solves += 1 + count
    if found is not None:
        return found, solves
    y, count = _turned_on(newton, start)
    return y, solves + count


def _linear_start(
    zero: Float[ndarray, "n"],
    residual: Callable[[ndarray], ndarray],
    matrix: Callable[[ndarray], sp.csr_array],
    factors: Factors,
) -> tuple[ndarray, ndarray, sp.csr_array, ndarray]:
    """A state of rest, F and F' there, and the solution of the equations linearised there."""
    for rest in (zero, zero + 1):  # u³ has no slope at zero
        of_rest, linear = residual(rest), matrix(rest)
        solve = factors(linear)
        if _is_regular(linear, solve, len(rest)):
            return rest, of_rest, linear, rest - solve(of_rest)
    raise EquationError(
        "the equations linearised at zero and at one are singular or not finite: something is "
        "left undetermined, such as a rigid motion, or a coefficient has no value there"
    )


def _turned_on(
    newton: Callable[[ndarray, float], tuple[ndarray | None, int]], y: ndarray
) -> tuple[Float[ndarray, "n"], int]:
    """The solution, with the nonlinear part turned on in steps that adapt, and how many solves."""
    solves, reached, step = 0, 0.0, 0.25
    while reached < 1.0:
        share = min(1.0, reached + step)
        found, count = newton(y, share)
        solves += count
        if found is None:
            step /= 2
            if step < _SLOWEST:
                raise DivergedError(
                    f"Newton's method finds no solution with more than {reached:.0%} of the "
                    "nonlinear terms; is there a steady state, and is the mesh fine enough for it?"
                )
            continue
        y, reached, step = found, share, 2 * step
    return y, solves


def _newton(
    residual: Callable[[ndarray], ndarray],
    matrix: Callable[[ndarray], sp.csr_array],
    y: ndarray,
    tol: float,
    factors: Factors,
) -> tuple[Float[ndarray, "n"] | None, int]:
    """Damped steps until they are small; None where they do not become so."""
    right = residual(y)
    # A linear system was solved with this matrix: nothing is left to do.
    if factors.fits(right) and _size(factors.solve(right), y) <= tol:
        return y, 0
    for sweep in range(1, _SWEEPS + 1):
        solve = factors(matrix(y))
        step = solve(right)
        if not np.isfinite(step).all():
            return None, sweep
        damping = 1.0
        while True:
            trial = y - damping * step
            right = residual(trial)
            following = solve(right)
            if np.isfinite(following).all() and np.linalg.norm(following) <= (
                1 - damping / 4
            ) * np.linalg.norm(step):
                break
            if _size(step, y) <= tol:
                return trial, sweep
            damping /= 2
            if damping < _SMALLEST:
                return None, sweep
        y = trial
        if damping == 1.0 and _size(following, y) <= tol:
            return y - following, sweep
    return None, _SWEEPS


def _is_regular(matrix: sp.csr_array, solve: Callable[[ndarray], ndarray], count: int) -> bool:
    """Whether a linear system has one solution, as far as a random right-hand side tells."""
    right = np.random.default_rng(0).standard_normal(count)
    growth = float(np.linalg.norm(solve(right)) / np.linalg.norm(right))
    return growth * float(abs(matrix).sum(axis=0).max()) < _CONDITION


def _size(change: ndarray, y: ndarray) -> float:
    """A change relative to a state."""
    size = float(np.linalg.norm(change) / max(np.linalg.norm(y), 1e-300))
    return size if np.isfinite(size) else np.inf
