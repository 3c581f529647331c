"""A run of a Runge-Kutta scheme through the frames of a time axis, with steps of varying size."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from fredholm.errors import DivergedError
from fredholm.solvers.exponential import Modes
from fredholm.solvers.spectral_system import SpectralSystem
from fredholm.solvers.tableaux import Tableau
from fredholm.solvers.trajectory import Run, tail

Rates = tuple[Modes, Modes]
"""N(s, t) and L s of one state."""


class Additive:
    """Steps of a tableau for ∂ₜ s = L s + N(s, t).

    Args:
        system: L and N.
        tableau: The scheme.
    """

    def __init__(self, system: SpectralSystem, tableau: Tableau) -> None:
        self.system, self.tableau = system, tableau
        m = system.linear.shape[-1]
        self._one = torch.eye(m, dtype=system.linear.dtype, device=system.linear.device)
        self._resolvent: tuple[float, Tensor] = (0.0, self._one)

    def rates(self, state: Modes, time: float) -> Rates:
        """N and L s, or their sum and nothing where the scheme treats them alike."""
        nonlinear, linear = self.system.rate(state, time), _applied(self.system.linear, state)
        if self.tableau.implicit:
            return nonlinear, linear
        return nonlinear + linear, torch.zeros_like(linear)

    def step(self, state: Modes, time: float, h: float, first: Rates) -> tuple[Modes, Modes, Rates]:
        """The state at time + h, its estimated error, and the rates of the last stage.

        Args:
            state: Modes at `time`.
            time: Start of the step.
            h: Its length.
            first: The rates of the state.
        """
        table, stages = self.tableau, [first]
        for number in range(1, len(table.weights)):
            stage = state + _sum(h, table.explicit[number], [n for n, _ in stages])
            if table.implicit:
                *before, diagonal = table.implicit[number]
                stage = stage + _sum(h, before, [linear for _, linear in stages])
                stage = self._solved(h * diagonal, stage)
            stages.append(self.rates(stage, time + table.nodes[number] * h))
        totals = [nonlinear + linear for nonlinear, linear in stages]
        gaps = [b - c for b, c in zip(table.weights, table.embedded)]
        return state + _sum(h, table.weights, totals), _sum(h, gaps, totals), stages[-1]

    def _solved(self, step: float, right: Modes) -> Modes:
        """(1 - step L)⁻¹ right; the inverse is kept while the step stays."""
        if self._resolvent[0] != step:
            self._resolvent = step, torch.linalg.inv(self._one - step * self.system.linear)
        return _applied(self._resolvent[1], right)


def _applied(matrix: Tensor, state: Modes) -> Modes:
    """A matrix per mode times the states of the mode."""
    if matrix.shape[-1] == 1:
        return matrix[..., 0].movedim(-1, 1) * state
    return (matrix @ state.movedim(1, -1)[..., None])[..., 0].movedim(-1, 1)


def _sum(h: float, weights: Sequence[float], parts: Sequence[Tensor]) -> Tensor:
    """h Σ weights · parts."""
    total = torch.zeros_like(parts[0])
    for weight, part in zip(weights, parts):
        if weight:
            total = torch.add(total, part, alpha=h * weight)
    return total


class Controller:
    """Chooses steps so that the error of each is about the tolerance.

    A proportional-integral controller: it looks at the last two errors, which keeps it from
    wavering where stability and not accuracy limits the step.

    Args:
        order: Order of the error estimate plus one.
        tol: Relative L2 error per step that is accepted.
        step: First step.

    Reference:
        Hairer and Wanner, Solving Ordinary Differential Equations II, 1996, section IV.2.
    """

    def __init__(self, order: int, tol: float, step: float) -> None:
        self.step = step
        self._order, self._tol = order, tol
        self._before = 1.0

    def accepts(self, error: float, used: float) -> bool:
        """Judges a step by its error and proposes the next."""
        share = error / self._tol
        if not math.isfinite(share):
            self.step = 0.1 * used
            return False
        share = max(share, 1e-10)
        good = share <= 1
        factor = 0.9 * share ** (-0.7 / self._order) * self._before ** (0.4 / self._order)
        if good:
            self._before = max(share, 1e-4)
        else:
            factor = min(0.9, 0.9 * share ** (-1 / self._order))
        # A step that was cut short by a frame says nothing against a longer one.
        self.step = max(used * min(max(factor, 0.1), 5.0), self.step if good and factor > 1 else 0)
        return good


def march(
    system: SpectralSystem,
    state: Modes,
    times: list[float],
    tableau: Tableau,
    tol: float,
    limit: int,
) -> tuple[Run, list[list[float]]]:
    """Runs through the frames with steps that a tolerance chooses, one size for the whole batch.

    Args:
        system: The right-hand side.
        state: Modes at the first time.
        times: Times of the frames.
        tableau: The scheme.
        tol: Relative L2 error of one step, of the worst function of the batch.
        limit: Most steps.

    Returns:
        The run, and the steps before each frame after the first.

    Raises:
        DivergedError: The limit is reached, or the step shrinks to nothing.
    """
    scheme, count = Additive(system, tableau), 0
    rates = scheme.rates(state, times[0])
    span = times[-1] - times[0]
    controller = Controller(tableau.order, tol, _first_step(system, state, rates, span, tol))
    frames, worst, taken = [state], tail(system, state), []
    for start, stop in pairwise(times):
        time, steps = start, []
        while time < stop:
            count += 1
            # Equal parts of what is left, so that no tiny step remains before the frame.
            h = (stop - time) / max(1, math.ceil((stop - time) / controller.step - 0.01))
            if h < 1e-13 * span or count > limit:
                raise DivergedError(_stuck(time, h, count - 1, limit))
            new, error, last = scheme.step(state, time, h, rates)
            if not controller.accepts(_relative(system, error, new), h):
                continue
            steps.append(h)
            time = stop if h == stop - time else time + h
            state = new
            rates = last if tableau.same_last else scheme.rates(state, time)
        taken.append(steps)
        frames.append(state)
        worst = torch.maximum(worst, tail(system, state))
    return Run(torch.stack(frames, dim=1), worst, sum(map(len, taken))), taken


def retrace(
    system: SpectralSystem, state: Modes, time: float, tableau: Tableau, taken: list[list[float]]
) -> Modes:
    """The frames that given steps lead to, recorded for gradients."""
    scheme, frames = Additive(system, tableau), [state]
    for steps in taken:
        for h in steps:
            state, _, _ = scheme.step(state, time, h, scheme.rates(state, time))
            time += h
        frames.append(state)
    return torch.stack(frames, dim=1)


def _first_step(
    system: SpectralSystem, state: Modes, rates: Rates, span: float, tol: float
) -> float:
    """A step over which the state changes little; the controller lengthens it soon."""
    change = _relative(system, rates[0] + rates[1], state)
    return min(span, 0.1 * tol**0.25 / change) if change > 0 else span


def _relative(system: SpectralSystem, part: Modes, whole: Modes) -> float:
    """The largest ‖part‖/‖whole‖ of the batch."""
    weight = system.basis.multiplicity()
    sizes = [(x.abs().square() * weight).flatten(1).sum(1).sqrt() for x in (part, whole)]
    return float((sizes[0] / sizes[1].clamp(min=1e-300)).max())


def _stuck(time: float, step: float, count: int, limit: int) -> str:
    where = f"after {count} steps the run is at t = {time:.4g} with a step of {step:.1e}"
    if count >= limit:
        return f"{where}, the limit; the equation is stiff for this method, or raise steps="
    return f"{where}: the solution leaves the finite numbers or its resolution"
