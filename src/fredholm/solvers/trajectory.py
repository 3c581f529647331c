"""A run of an exponential scheme through the frames of a time axis, and what it tells of errors."""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Complex, Float
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from fredholm.solvers.exponential import Modes, Rate, Scheme
from fredholm.solvers.spectral_system import SpectralSystem

_LOOKS = 32
"""How often in a run the tail of the spectrum is looked at."""


@dataclass(frozen=True, eq=False)
class Run:
    """States at the frames, and signs of trouble.

    Args:
        frames: Modes of the states; those up to the divergence if there was one.
        tail: Largest estimate over time of the relative size of what the band cuts off, per axis.
        steps: Number of steps.
        diverged: Time and step at which a number was not finite, with the sample; or None.

    Shapes:
        frames (batch, frames, m, *modes), tail (batch, dim).
    """

    frames: Complex[Tensor, "batch frames m *modes"]
    tail: Float[Tensor, "batch dim"]
    steps: int
    diverged: tuple[float, int, int] | None = None


def advance(
    scheme: Scheme, state: Modes, time: float, steps: int, rate: Rate, segments: int | None = None
) -> Modes:
    """The state a number of steps later.

    Args:
        scheme: Makes one step.
        state: Modes at `time`.
        time: When the first step starts.
        steps: Number of steps.
        rate: What the linear part leaves out.
        segments: In how many segments the steps are divided; only the states between them are kept
            for the backward pass, which computes each segment once more. None keeps everything.
    """

    def run(state: Modes, first: int, last: int) -> Modes:
        for number in range(first, last):
            state = scheme.step(state, time + number * scheme.step_size, rate)
        return state

    if segments is None or not torch.is_grad_enabled():
        return run(state, 0, steps)
    for first, last in pairwise(stops(steps, math.ceil(steps / segments))):
        state = checkpoint(  # type: ignore[assignment]
            run, state, first, last, use_reentrant=False, preserve_rng_state=False
        )
    return state


def prepared(
    system: SpectralSystem, step: float, order: int, kind: type[Scheme] = Scheme
) -> tuple[Scheme, Rate]:
    """A scheme for a system, and the rate that it has to be run with."""
    if system.drive is None:
        return kind(system.linear, step, order), system.rate
    return kind(system.linear, step, order, system.drive), system.product


def stops(steps: int, *lengths: int) -> list[int]:
    """Zero, the multiples of each length up to the number of steps, and that number."""
    multiples = (number for length in lengths for number in range(0, steps, length))
    return sorted({*multiples, steps})


def integrate(
    system: SpectralSystem,
    state: Modes,
    times: list[float],
    substeps: int,
    order: int,
    checkpoints: int | None = None,
) -> Run:
    """Runs from the first time to the last with equal steps.

    Args:
        system: The right-hand side.
        state: Modes at the first time.
        times: Equidistant times of the frames.
        substeps: Steps between two frames.
        order: Order of the scheme.
        checkpoints: About how many states are kept for the backward pass; None keeps everything.
    """
    step = (times[1] - times[0]) / substeps
    scheme, rate = prepared(system, step, order)
    steps = substeps * (len(times) - 1)
    every = max(1, steps // _LOOKS)
    frames, worst = [state], tail(system, state)
    looked = 0, state
    segments = checkpoints and 1
    longest = math.ceil(steps / checkpoints) if checkpoints else steps
    for before, number in pairwise(stops(steps, every, substeps, longest)):
        start = times[0] + before * step
        state = advance(scheme, state, start, number - before, rate, segments)
        if number % every == 0 or number == steps:
            finite = torch.isfinite(state.real).flatten(1).all(1)
            if not bool(finite.all()):
                number, sample = _end(scheme, *looked, times[0], rate)
                where = (times[0] + number * step, number, sample)
                return Run(torch.stack(frames, dim=1), worst, steps, where)
            worst, looked = torch.maximum(worst, tail(system, state)), (number, state)
        if number % substeps == 0:
            frames.append(state)
    return Run(torch.stack(frames, dim=1), worst, steps)


def _end(scheme: Scheme, number: int, state: Modes, start: float, rate: Rate) -> tuple[int, int]:
    """The step after which a state is not finite, and the first such sample.

    Args:
        scheme: Makes one step.
        number: Steps that led from the start to the state, which is finite.
        state: Modes from which some steps lead out of the finite numbers.
        start: When the first step started.
        rate: What the linear part leaves out.
    """
    finite = state.new_ones(len(state), dtype=torch.bool)
    while bool(finite.all()):
        state = scheme.step(state, start + number * scheme.step_size, rate)
        number, finite = number + 1, torch.isfinite(state.real).flatten(1).all(1)
    return number, int(torch.nonzero(~finite)[0])


def tail(system: SpectralSystem, state: Modes) -> Float[Tensor, "batch dim"]:
    """The relative size of the modes beyond the band, extrapolated from those inside it.

    Along each axis the band is cut into thirds. If the amplitude falls by a factor r from the
    second to the last third, what follows is estimated by the geometric series.
    """
    power = state.detach().abs().square().sum(1) * system.basis.multiplicity()
    total = power.flatten(1).sum(1).clamp(min=1e-300)
    estimates = []
    for middle, last in system.thirds:
        inner = (power * middle).flatten(1).sum(1).sqrt()
        outer = (power * last).flatten(1).sum(1).sqrt()
        ratio = (outer / inner.clamp(min=1e-300)).clamp(max=0.9)
        estimates.append(outer / total.sqrt() * ratio / (1 - ratio))
    return torch.stack(estimates, dim=1)


def gap(system: SpectralSystem, fine: Run, coarse: Run, rows: list[int]) -> Float[Tensor, "batch"]:
    """The relative L2 distance of two runs over all frames, per sample; infinite if one diverged.

    Args:
        system: The system of both runs.
        fine, coarse: Runs with the same modes and frames.
        rows: The states that count.
    """
    if fine.diverged or coarse.diverged:
        return fine.tail.new_full((len(fine.frames),), float("inf"))

    def size(modes: Tensor) -> Tensor:
        power = modes.detach()[:, :, rows].abs().square() * system.basis.multiplicity()
        return power.flatten(1).sum(1).sqrt()

    return size(fine.frames - coarse.frames) / size(fine.frames).clamp(min=1e-300)
