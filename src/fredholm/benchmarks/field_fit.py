"""How well networks of coordinates learn one rough function of the plane."""

import math
import time
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

_WAVES, _HIGHEST, _SIDE, _BATCH = 60, 16, 64, 2048


class Waves:
    """u(x) = Σ a cos(πk·x) + b sin(πk·x) on [-1, 1]²: sixty waves, scaled to unit deviation.

    Wavevectors k are whole numbers up to 16 in both directions; a, b ~ N(0, 1)/(1 + |k|).

    Args:
        generator: Of the draw.

    Shapes:
        (..., 2) -> (..., 1).
    """

    def __init__(self, generator: torch.Generator) -> None:
        draw = {"generator": generator, "dtype": torch.float64}
        k = torch.randint(-_HIGHEST, _HIGHEST + 1, (_WAVES, 2), generator=generator).double()
        size = 1 / (1 + k.norm(dim=1, keepdim=True))
        self.wavevectors = math.pi * k
        self.amplitudes = size * torch.randn(_WAVES, 2, **draw)
        self.amplitudes /= self(lattice(_SIDE)).std()

    def __call__(self, x: Float[Tensor, "... 2"]) -> Float[Tensor, "... 1"]:
        phase = x.double() @ self.wavevectors.T
        cos, sin = self.amplitudes.T
        return (torch.cos(phase) @ cos + torch.sin(phase) @ sin)[..., None]


def lattice(side: int) -> Float[Tensor, "n 2"]:
    """The nodes of a grid on [-1, 1]², as a list of points."""
    axis = torch.linspace(-1, 1, side, dtype=torch.float64)
    return torch.cartesian_prod(axis, axis)


def field_fit(
    network: nn.Module,
    target: Callable[[Tensor], Tensor],
    *,
    rate: float,
    steps: int,
    generator: torch.Generator,
) -> dict[str, float]:
    """Trains on a grid of 64² points by Adam with batches of 2048, and measures the error.

    Args:
        network: (n, 2) -> (n, 1); it is trained in place.
        target: The function, likewise.
        rate: Learning rate.
        steps: Optimiser steps.
        generator: Of the batches.

    Returns:
        Relative L2 error on the grid (`relative_l2`) and on one of nearly twice the points per
        axis (`between`), parameters and seconds.
    """
    points = lattice(_SIDE).float()
    values = target(points).float()
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    began = time.perf_counter()
    for _ in range(steps):
        some = torch.randperm(len(points), generator=generator)[:_BATCH]
        optimiser.zero_grad()
        (network(points[some]) - values[some]).square().mean().backward()
        optimiser.step()
    seconds = time.perf_counter() - began
    return {
        "relative_l2": _error(network, target, points),
        "between": _error(network, target, lattice(2 * _SIDE - 1).float()),
        "parameters": sum(each.numel() for each in network.parameters()),
        "seconds": round(seconds, 2),
    }


@torch.no_grad()
def _error(network: nn.Module, target: Callable[[Tensor], Tensor], points: Tensor) -> float:
    truth = target(points)
    return float((network(points) - truth).norm() / truth.norm())
