"""Radau IIA of order 5 for F(t, y, y') = 0: stiff systems, and equations without y' among them."""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg
from jaxtyping import Float
from numpy import ndarray

_S = math.sqrt(6)
NODES = np.array([(4 - _S) / 10, (4 + _S) / 10, 1.0])
_TABLE = np.array(
    [
        [(88 - 7 * _S) / 360, (296 - 169 * _S) / 1800, (-2 + 3 * _S) / 225],
        [(296 + 169 * _S) / 1800, (88 + 7 * _S) / 360, (-2 - 3 * _S) / 225],
        [(16 - _S) / 36, (16 + _S) / 36, 1 / 9],
    ]
)
_INVERSE = np.linalg.inv(_TABLE)
_ERROR = np.array([-13 - 7 * _S, -13 + 7 * _S, -1.0]) / 3
"""Weights of the stages in the error of the embedded formula, which is of order 3."""

_SWEEPS = 8
"""Most Newton sweeps of a step; more than half of them ask for new matrices."""

_ALL = np.linalg.eig(_INVERSE)
_REAL, _PAIR = int(np.argmin(np.abs(np.imag(_ALL[0])))), int(np.argmax(np.imag(_ALL[0])))
"""Numbers of the real eigenvalue of A⁻¹, and of one of the complex pair."""
_RATE = float(np.real(_ALL[0][_REAL])), complex(_ALL[0][_PAIR])
_VECTOR = np.real(_ALL[1][:, _REAL]), _ALL[1][:, _PAIR]
_ROW = np.real(np.linalg.inv(_ALL[1])[_REAL]), np.linalg.inv(_ALL[1])[_PAIR]

Matrices = tuple[sp.csr_array, sp.csr_array]
"""∂F/∂y and ∂F/∂y'."""


class Implicit(Protocol):
    """A system F(t, y, y') = 0, in which y' enters linearly."""

    def residual(self, times: ndarray, y: ndarray, rate: ndarray) -> Float[ndarray, "n b"]:
        """F at b times, for columns of y and y'."""
        ...

    def linearised(self, time: float, y: ndarray, rate: ndarray) -> Matrices:
        """The sparse matrices ∂F/∂y and ∂F/∂y'."""
        ...


Size = Callable[[Float[ndarray, "n"], Float[ndarray, "n"]], float]
"""How large a change is beside a state."""


@dataclass(frozen=True)
class Step:
    """One accepted step and the polynomial through its stages."""

    start: float
    length: float
    before: Float[ndarray, "n"]
    changes: Float[ndarray, "n 3"]

    @property
    def stop(self) -> float:
        return self.start + self.length

    @property
    def after(self) -> Float[ndarray, "n"]:
        """The state at the end."""
        return self.before + self.changes[:, 2]

    def at(self, time: float) -> Float[ndarray, "n"]:
        """The state at any time of the step, and for a while after it."""
        return self.before + self.changes @ _lagrange((time - self.start) / self.length)


def _lagrange(share: float) -> ndarray:
    """Weights of the stages in the cubic polynomial that vanishes at the start."""
    weights = np.ones(3)
    for i, c in enumerate(NODES):
        others = np.delete(NODES, i)
        weights[i] = share / c * np.prod((share - others) / (c - others))
    return weights


class Radau:
    """Steps of the three-stage Radau IIA method, of order 5 and L-stable.

    Args:
        system: F.
        size: How large a change is.
        tol: Size of the changes that do not matter.

    Reference:
        Hairer and Wanner, Solving Ordinary Differential Equations II, 1996, section IV.8.
        Departures: F may contain y' anywhere, linearly; the steps are chosen by the
        proportional-integral rule of the library.
    """

    def __init__(self, system: Implicit, size: Size, tol: float) -> None:
        self.system, self.size, self.tol = system, size, tol
        self._matrices: Matrices | None = None
        self._length = 0.0

    def attempt(self, time: float, y: ndarray, h: float, guess: ndarray) -> tuple[Step, float]:
        """One step and its estimated error; infinite where its equations were not solved.

        Args:
            time: Where it starts.
            y: State there.
            h: Length.
            guess: Changes of the stages to begin with, (n, 3).
        """
        new = self._matrices is None
        if self._matrices is None:
            self._matrices = self.system.linearised(time, y, guess @ _INVERSE[0] / h)
        by_y, by_rate = self._matrices
        if new or self._length != h:
            self._solves = [factorised(by_y + w / h * by_rate) for w in _RATE]
            self._length = h
        changes, sweeps = self._stages(time, y, h, guess)
        if changes is not None:
            step = Step(time, h, y, changes)
            error = self._error(step, by_rate)
            if sweeps > _SWEEPS // 2:
                self._matrices = None
            return step, error
        self._matrices = None
        return (Step(time, h, y, guess), math.inf) if new else self.attempt(time, y, h, guess)

    def _stages(
        self, time: float, y: ndarray, h: float, guess: ndarray
    ) -> tuple[Float[ndarray, "n 3"] | None, int]:
        """The changes of the stages by simplified Newton sweeps, if they converge, and how many."""
        changes, before, times = guess, 0.0, time + h * NODES
        for sweep in range(1, _SWEEPS + 1):
            stages, rates = y[:, None] + changes, changes @ _INVERSE.T / h
            right = -self.system.residual(times, stages, rates)
            if not np.isfinite(right).all():
                return None, sweep
            real, pair = (
                np.outer(solve(right @ row), vector)
                for solve, row, vector in zip(self._solves, _ROW, _VECTOR)
            )
            update = real + 2 * np.real(pair)
            if not np.isfinite(update).all():
                return None, sweep
            changes = changes + update
            size = max(self.size(u, stages[:, 2]) for u in update.T)
            ratio = size / before if before else 1.0
            left = size * ratio / (1 - ratio) if ratio < 1 else size
            if left <= 1e-2 * self.tol or size <= 1e-14:
                return changes, sweep
            if sweep > 2 and ratio > 0.9:
                return None, sweep
            before = size
        return None, _SWEEPS

    def _error(self, step: Step, by_rate: sp.csr_array) -> float:
        """The size of the difference to the embedded formula, filtered by the stiff part."""
        solve = self._solves[0]
        drift = by_rate @ (step.changes @ _ERROR) / step.length
        start, zero = np.array([step.start]), np.zeros_like(step.before)

        def filtered(state: ndarray) -> ndarray:
            residual = self.system.residual(start, state[:, None], zero[:, None])[:, 0]
            return solve(drift - residual)

        error = filtered(step.before)
        size = self.size(error, step.after)
        if size > self.tol:  # stiff parts of the initial state count less the second time
            size = min(size, self.size(filtered(step.before + error), step.after))
        return size


def factorised(matrix: sp.csr_array) -> Callable[[ndarray], ndarray]:
    """The solver of a linear system: dense where most entries would fill in anyway.

    What a singular matrix gives is not finite.
    """
    n = len(matrix.indptr) - 1
    if n < 40 or matrix.nnz > 0.05 * n * n:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", scipy.linalg.LinAlgWarning)
            factors = scipy.linalg.lu_factor(matrix.toarray(), check_finite=False)
        return lambda right: scipy.linalg.lu_solve(factors, right, check_finite=False)
    try:
        sparse = scipy.sparse.linalg.splu(sp.csc_matrix(matrix))
    except RuntimeError:  # SciPy's word for a pivot that is exactly zero
        return lambda right: np.full_like(right, np.nan, dtype=matrix.dtype)
    return lambda right: sparse.solve(right.astype(matrix.dtype))


def next_length(left: float, proposed: float, last: Step | None) -> float:
    """The next step: equal parts of what is left, and the last one where that does nearly."""
    if last is not None and last.length <= proposed < 1.5 * last.length and last.length < left:
        return last.length
    return left / max(1, math.ceil(left / proposed - 0.01))


def continued(last: Step | None, y: ndarray, h: float) -> Float[ndarray, "n 3"]:
    """The changes of the stages if the last step's polynomial went on."""
    if last is None:
        return np.zeros((len(y), len(NODES)))
    return np.stack([last.at(last.stop + c * h) - y for c in NODES], axis=-1)
