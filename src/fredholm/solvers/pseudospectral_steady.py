"""Steady states of a collocated system by Newton's method, on finer and finer nodes."""

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from fredholm.errors import DivergedError, EquationError
from fredholm.solvers.pseudospectral_runs import Limits, Ruler, Run, refined
from fredholm.solvers.pseudospectral_system import System
from fredholm.solvers.radau import factorised


def settle(system: System, limits: Limits) -> Run:
    """The solution of a steady system, from zero on coarse nodes.

    Raises:
        DivergedError: Newton's method does not converge.
        EquationError: The equations leave something undetermined.
    """
    y, steps = np.zeros(system.size_of_y), 0
    _require_determined(system, y)
    while True:
        y, used = newton(system, y, limits.tol)
        steps += used
        finer, missing = refined(system, y, Ruler(system, {}).scales(y), limits)
        if finer is None:
            return Run([system], [y], missing, steps)
        system, y = finer, system.moved(y, finer)


def newton(system: System, y: ndarray, tol: float) -> tuple[Float[ndarray, "n"], int]:
    """Newton's method with the exact derivative, shortened until it leads downhill.

    Args:
        system: A steady system.
        y: First guess.
        tol: Relative size of the last change, which the next would square.

    Returns:
        The solution and the number of steps.

    Raises:
        DivergedError: It does not converge in 60 steps.

    Reference:
        Deuflhard, Newton Methods for Nonlinear Problems, 2004, section 3.3 (natural monotonicity).
    """
    zero, times, size = np.zeros_like(y), np.zeros(1), Ruler(system, {})

    def residual(y: ndarray) -> ndarray:
        return system.residual(times, y[:, None], zero[:, None])[:, 0]

    share = 1.0
    for count in range(1, 61):
        solve = factorised(system.linearised(0.0, y, zero)[0])
        change = -solve(residual(y))
        moved = size(change, y + change)
        if moved <= max(1e-2 * tol, 1e-12):
            return y + change, count
        length, share = np.linalg.norm(change), min(1.0, 4 * share)
        while not np.linalg.norm(solve(residual(y + share * change))) <= (1 - share / 4) * length:
            share /= 2
            if share < 1e-4:
                break
        if share < 1e-4 and moved <= 1e-8:  # rounding, beside which nothing leads downhill
            return y, count
        if share < 1e-4 or not np.isfinite(moved):
            break
        y = y + share * change
    raise DivergedError(
        "Newton's method finds no steady solution from zero; the parameters may be beyond those "
        "for which there is one, or it has to be followed from smaller ones"
    )


def _require_determined(system: System, y: ndarray) -> None:
    """Refuses a system whose matrix is singular on coarse nodes."""
    matrix = system.linearised(0.0, y, np.zeros_like(y))[0]
    right = np.cos(np.arange(len(y)) ** 2)
    with np.errstate(all="ignore"):
        answer = factorised(matrix)(right)
    growth = np.linalg.norm(answer) * abs(matrix).max() / np.linalg.norm(right)
    if not growth < 1e13:
        unknowns = ", ".join(system.equations)
        raise EquationError(
            f"the equations and conditions leave {unknowns} undetermined: fix what is free, such "
            "as a constant by gauge={'p': (0, 0)}"
        )
