"""The rate at which neighbouring states part: how long any forecast can be of use."""

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.errors import DivergedError
from fredholm.fields import Field, norm

BLOCKS = 8


@dataclass(frozen=True, eq=False)
class LyapunovExponent:
    """The largest Lyapunov exponent of a map or flow.

    Args:
        value: λ, per unit of time; negative where neighbours approach each other.
        error: Standard error of it.
        rates: The mean rate of each sample.
    """

    value: float
    error: float
    rates: Float[Tensor, "batch"]

    @property
    def time(self) -> float:
        """Lyapunov time 1/λ; infinite where nothing is chaotic."""
        return 1 / self.value if self.value > 0 else float("inf")


def largest_lyapunov(
    step: Callable[[Field], Field],
    u0: Field,
    *,
    generator: torch.Generator,
    steps: int = 1000,
    discard: int = 100,
    interval: float = 1.0,
    size: float | None = None,
) -> LyapunovExponent:
    """Largest Lyapunov exponent by following a neighbour and pulling it back after each step.

    λ = ⟨ln(‖v - u‖ / δ)⟩ / interval, where v starts at the distance δ from u and is put back to
    it along the same direction after each step. The standard error comes from eight stretches
    of time of every sample, taken as independent.

    Args:
        step: The map, or a flow over one interval; on a batch of states.
        u0: States to start from, on the attractor or near it.
        generator: For the directions of the first neighbours.
        steps: Steps that count, at least eight.
        discard: Steps before them, in which states settle and neighbours turn to the direction
            that grows fastest.
        interval: Time of one step.
        size: δ relative to ‖u₀‖; by default the root of the rounding error of the values' dtype.

    Raises:
        DivergedError: A state leaves the finite numbers.
        ValueError: Fewer than eight steps, or states that are all zero.

    Reference:
        Benettin et al., Meccanica 15, 1980.
    """
    if steps < BLOCKS:
        raise ValueError(f"a standard error needs at least {BLOCKS} steps, got {steps}")
    relative = sqrt(torch.finfo(u0.values.dtype).eps) if size is None else size
    largest = float(norm(u0).max())
    if largest == 0:
        raise ValueError("neighbours are placed relative to the states, and these are all zero")
    distance = relative * norm(u0).clamp(min=relative * largest)
    random = torch.randn(u0.values.shape, generator=generator, device=generator.device)
    u, v = u0, _neighbour(u0, random.to(u0.values), distance)
    rates = []
    with torch.no_grad():
        for number in range(discard + steps):
            u, v = step(u), step(v)
            apart = v.values - u.values
            # Neighbours that met within rounding have shrunk by at least that much.
            grown = norm(u.with_values(apart)).clamp(min=torch.finfo(apart.dtype).tiny)
            if not bool(torch.isfinite(grown).all()):
                raise DivergedError(
                    f"step {number + 1} of {discard + steps} left the finite numbers for "
                    f"{int((~torch.isfinite(grown)).sum())} of {len(u0)} states"
                )
            if number >= discard:
                rates.append((grown / distance).double().log() / interval)
            v = _neighbour(u, apart, distance)
    return _summary(torch.stack(rates, dim=1))


def _neighbour(u: Field, direction: Tensor, distance: Float[Tensor, "batch"]) -> Field:
    """The state at that distance in that direction."""
    length = norm(u.with_values(direction))
    factor = (distance / length.clamp(min=torch.finfo(length.dtype).tiny)).to(u.values)
    return u.with_values(u.values + factor.reshape(-1, *[1] * (direction.ndim - 1)) * direction)


def _summary(rates: Float[Tensor, "batch steps"]) -> LyapunovExponent:
    stretches = [part.mean(1) for part in torch.tensor_split(rates, BLOCKS, dim=1)]
    parts = torch.stack(stretches, dim=1).flatten()
    return LyapunovExponent(
        float(rates.mean()), float(parts.std()) / sqrt(len(parts)), rates.mean(1)
    )
