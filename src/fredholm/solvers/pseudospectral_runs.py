"""Runs of a collocated system on nodes that are refined where the solution asks for it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from numpy import ndarray

from fredholm.errors import DivergedError, EquationError
from fredholm.solvers.adaptive import Controller
from fredholm.solvers.pseudospectral_system import System
from fredholm.solvers.radau import Radau, continued, next_length

Initial = Callable[[System], Float[ndarray, "n"]]
"""The initial state on the nodes of a system."""

_STEP = 10
"""How much more the third-order formula may differ than the fifth-order one is to err."""


@dataclass(frozen=True)
class Limits:
    """What a run may cost, and how accurate it is to be.

    Args:
        tol: Relative error of a step, of Newton's method, and of what the nodes do not resolve.
        size: Most values of all states.
        steps: Most steps in time.
    """

    tol: float
    size: int
    steps: int


@dataclass(frozen=True)
class Run:
    """What a run found.

    Args:
        systems: The system at each frame.
        frames: Its values there.
        missing: The largest part of a state that the nodes did not resolve, relative to it.
        steps: Steps in time, or Newton's.
    """

    systems: Sequence[System]
    frames: Sequence[Float[ndarray, "n"]]
    missing: float
    steps: int


class Ruler:
    """Measures changes of states by the largest norms that the states have had.

    Args:
        system: Where the states live.
        before: Norms of states that came before.
    """

    def __init__(self, system: System, before: Mapping[str, float]) -> None:
        self.system, self.before = system, before
        self.judged = system.evolving or list(system.layout.slices)

    def scales(self, y: ndarray) -> dict[str, float]:
        """The norm of each state; noise beside the other states has none of its own."""
        norms = self.system.norms(y)
        found = {s: max(norm, self.before.get(s, 0.0)) for s, norm in norms.items()}
        floor = max(1e-8 * max(found.values()), 1e-300)
        return {s: max(norm, floor) for s, norm in found.items()}

    def __call__(self, change: ndarray, y: ndarray) -> float:
        """The largest change of a state relative to its scale; of what evolves, if anything."""
        scales, norms = self.scales(y), self.system.norms(change)
        return max(norms[s] / scales[s] for s in self.judged)


def refined(
    system: System, y: ndarray, scales: Mapping[str, float], limits: Limits
) -> tuple[System | None, float]:
    """The system on finer nodes where those that there are do not do, and what is missing.

    Elements are halved where all functions are joined over them; else the degree is raised.
    """
    tails = system.tails(y, scales)
    missing = max(float(tail.max()) for tail in tails)
    lines = list(system.layout.lines)
    for axis, tail in enumerate(tails):
        if tail.max() <= limits.tol:
            continue
        line = lines[axis]
        shortest = 1e-7 * line.axis.length
        large = np.flatnonzero(tail > limits.tol).tolist()
        chosen = [i for i in large if np.diff(line.ends)[i] > shortest]
        lines[axis] = line.split(chosen) if system.splits else line.raised()
    if tuple(lines) == system.layout.lines or system.count_on(lines) > limits.size:
        return None, missing
    return system.on(tuple(lines)), missing


def evolve(system: System, initial: Initial, times: Sequence[float], limits: Limits) -> Run:
    """The states at the times.

    Args:
        system: On coarse nodes.
        initial: The states at the first time on the nodes of a system.
        times: Ascending.
        limits: What it may cost.

    Raises:
        DivergedError: The steps shrink to nothing, or are too many.
        EquationError: The equations leave something undetermined.
    """
    time, span, last, missing, steps = times[0], times[-1] - times[0], None, 0.0, 0
    system, frame, y = _begun(system, initial, time, 1e-9 * span, limits)
    systems, frames, ruler = [system], [frame], Ruler(system, {})
    scheme = Radau(system, ruler, limits.tol)
    controller = Controller(4, _STEP * limits.tol, 1e-4 * span)
    for count in range(limits.steps):
        h = next_length(times[-1] - time, controller.step, last)
        if h < 1e-13 * span:
            raise DivergedError(
                f"after {count} steps the run is at t = {time:.4g} with a step of {h:.1e}: the "
                "solution leaves the finite numbers, or the problem is ill-posed"
            )
        step, error = scheme.attempt(time, y, h, continued(last, y, h))
        if not controller.accepts(error, h):
            continue
        scales = ruler.scales(step.after)
        finer, unresolved = refined(system, step.after, scales, limits)
        if finer is not None:
            y, system, last = system.moved(y, finer), finer, None
            ruler, controller.step = Ruler(system, scales), h
            scheme = Radau(system, ruler, limits.tol)
            continue
        ruler = scheme.size = Ruler(system, scales)
        missing, steps = max(missing, unresolved), steps + 1
        while len(frames) < len(times) and times[len(frames)] <= step.stop + 1e-12 * span:
            frames.append(step.at(times[len(frames)]))
            systems.append(system)
        if len(frames) == len(times):
            return Run(systems, frames, missing, steps)
        time, y, last = step.stop, step.after, step
    raise DivergedError(f"the run is at t = {time:.4g} after {limits.steps} steps, the limit")


def _begun(
    system: System, initial: Initial, time: float, h: float, limits: Limits
) -> tuple[System, Float[ndarray, "n"], Float[ndarray, "n"]]:
    """Nodes that resolve the initial state, the first frame, and the state to begin with.

    The frame is the initial state with the unknowns that it determines, from a very short step.
    The same is the state to begin with, except where it contradicts the conditions of the sides:
    it then jumps, however short the step, and the run begins with the layer behind the jump.

    Raises:
        EquationError: There is no such step.
    """
    while True:
        y = initial(system)
        ruler = Ruler(system, {})
        finer, _ = refined(system, y, ruler.scales(y), limits)
        if finer is None:
            (begun, error), (shorter, _) = (
                Radau(system, ruler, limits.tol).attempt(time, y, part, continued(None, y, part))
                for part in (h, 1e-2 * h)
            )
            if not math.isfinite(error):
                raise EquationError(
                    f"no step, however short, leads on from the initial state: the equations leave "
                    f"{', '.join(system.equations)} undetermined, or are not finite there; fix "
                    "what is free, such as a constant by gauge={'p': (0, 0)}"
                )
            frame = begun.after.copy()
            for state in system.evolving:
                where = system.layout.slices[state]
                frame[where] = y[where]
            jump = ruler(shorter.after - y, y)
            jumps = jump > max(limits.tol, 0.1 * ruler(begun.after - y, y))
            start = begun.after if jumps else frame
            finer, _ = refined(system, start, ruler.scales(start), limits)
            if finer is None:
                return system, frame, start
        system = finer
