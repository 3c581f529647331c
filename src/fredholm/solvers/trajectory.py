"""A run of an exponential scheme through the frames of a time axis, and what it tells of errors."""

from dataclasses import dataclass

import torch
from jaxtyping import Complex, Float
from torch import Tensor

from fredholm.solvers.exponential import Modes, Scheme
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


def integrate(
    system: SpectralSystem, state: Modes, times: list[float], substeps: int, order: int
) -> Run:
    """Runs from the first time to the last with equal steps.

    Args:
        system: The right-hand side.
        state: Modes at the first time.
        times: Equidistant times of the frames.
        substeps: Steps between two frames.
        order: Order of the scheme.
    """
    step = (times[1] - times[0]) / substeps
    scheme = Scheme(system.linear, step, order)
    steps = substeps * (len(times) - 1)
    every = max(1, steps // _LOOKS)
    frames, worst = [state], tail(system, state)
    for number in range(1, steps + 1):
        state = scheme.step(state, times[0] + (number - 1) * step, system.rate)
        if number % every == 0 or number == steps:
            finite = torch.isfinite(state.real).flatten(1).all(1)
            if not bool(finite.all()):
                sample = int(torch.nonzero(~finite)[0])
                where = (times[0] + number * step, number, sample)
                return Run(torch.stack(frames, dim=1), worst, steps, where)
            worst = torch.maximum(worst, tail(system, state))
        if number % substeps == 0:
            frames.append(state)
    return Run(torch.stack(frames, dim=1), worst, steps)


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
