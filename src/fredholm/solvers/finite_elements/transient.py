"""Evolution on a mesh by Radau IIA, in steps that a tolerance chooses."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from fredholm.errors import DivergedError, EquationError
from fredholm.solvers.adaptive import Controller
from fredholm.solvers.finite_elements.system import System
from fredholm.solvers.radau import Radau, continued, next_length

_STEP = 10
"""How much more the third-order formula may differ than the fifth-order one is to err."""
_START = 1e-9
"""Length, relative to the whole, of the step that finds unknowns without an initial value."""


class Ruler:
    """Measures changes of what evolves by the largest norms that it has had.

    Args:
        system: Where the states live.
        evolving: Names of the states with an initial value.
    """

    def __init__(self, system: System, evolving: Sequence[str]) -> None:
        self.slices = {state: system.slices[state] for state in evolving}
        self.largest = dict.fromkeys(evolving, 0.0)

    def see(self, y: ndarray) -> None:
        """Takes a state into account."""
        norms = self._norms(y)
        self.largest = {state: max(norms[state], n) for state, n in self.largest.items()}

    def _norms(self, y: ndarray) -> dict[str, float]:
        return {
            state: float(np.linalg.norm(y[part]) / math.sqrt(part.stop - part.start))
            for state, part in self.slices.items()
        }

    def __call__(self, change: ndarray, y: ndarray) -> float:
        """The largest change of a state relative to its scale."""
        sizes, norms = self._norms(y), self._norms(change)
        scales = {state: max(size, self.largest[state]) for state, size in sizes.items()}
        floor = max(1e-8 * max(scales.values()), 1e-300)  # noise has no scale of its own
        return max(norm / max(scales[state], floor) for state, norm in norms.items())


def evolve(
    system: System,
    start: Float[ndarray, "n"],
    evolving: Sequence[str],
    times: Sequence[float],
    tol: float,
    limit: int,
) -> tuple[list[Float[ndarray, "n"]], int]:
    """The states at the times, and the number of steps.

    Args:
        system: The equations on a mesh.
        start: The state at the first time; entries of what does not evolve do not matter.
        evolving: Names of the states with an initial value.
        times: Ascending.
        tol: Relative error of a step.
        limit: Most steps.

    Raises:
        EquationError: The equations leave something undetermined.
        DivergedError: The steps shrink to nothing, or are too many.
    """
    time, span = times[0], times[-1] - times[0]
    ruler = Ruler(system, evolving)
    ruler.see(start)
    scheme = Radau(system, ruler, tol)
    controller = Controller(4, _STEP * tol, 1e-4 * span)
    y, frames, last = start, [_begun(scheme, system, start, evolving, time, _START * span)], None
    scheme = Radau(system, ruler, tol)
    for count in range(1, limit + 1):
        h = next_length(times[-1] - time, controller.step, last)
        if h < 1e-13 * span:
            raise DivergedError(
                f"after {count - 1} steps the run is at t = {time:.4g} with a step of {h:.1e}: the "
                "solution leaves the finite numbers, or the problem is ill-posed"
            )
        step, error = scheme.attempt(time, y, h, continued(last, y, h))
        if not controller.accepts(error, h):
            continue
        while len(frames) < len(times) and times[len(frames)] <= step.stop + 1e-12 * span:
            frames.append(step.at(times[len(frames)]))
        if len(frames) == len(times):
            return frames, count
        time, y, last = step.stop, step.after, step
        ruler.see(y)
    raise DivergedError(f"the run is at t = {time:.4g} after {limit} steps, the limit")


def _begun(
    scheme: Radau, system: System, start: ndarray, evolving: Sequence[str], time: float, h: float
) -> Float[ndarray, "n"]:
    """The first frame: the initial state, with what it determines from a very short step."""
    step, error = scheme.attempt(time, start, h, continued(None, start, h))
    if not math.isfinite(error):
        raise EquationError(
            "no step, however short, leads on from the initial state: the equations leave "
            "something undetermined, or are not finite there"
        )
    frame = step.after.copy()
    for state in evolving:
        frame[system.slices[state]] = start[system.slices[state]]
    return frame
