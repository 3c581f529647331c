"""Physical coordinates to the inputs of a network."""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.calls import Recorded
from fredholm.domains import Grid, Scattered


class Coordinates(nn.Module, Recorded):
    """Scales coordinates to [-1, 1]; a periodic one becomes cosines and sines of its harmonics.

    x -> 2(x - start)/L - 1 on an axis of length L = stop - start, and on a periodic one
    x -> cos(2πkx'/L), sin(2πkx'/L) for k = 1 ... harmonics with x' = x - start, so that every
    function of the result is periodic, with all its derivatives.

    Args:
        axes: Name, start, stop and whether it is periodic, for each coordinate in the order of the
            columns; ends in the units of the coordinate.
        harmonics: Waves per periodic axis.

    Shapes:
        (..., len(axes)) -> (..., features).

    Raises:
        ValueError: An empty interval, repeated names, no axes or no harmonics.

    Reference:
        Dong & Ni, J. Comput. Phys. 2021, arXiv:2007.07442 (periodic layers).
    """

    middle: Tensor
    slope: Tensor

    def __init__(
        self, axes: Sequence[tuple[str, float, float, bool]], *, harmonics: int = 1
    ) -> None:
        super().__init__()
        self.names = tuple(name for name, *_ in axes)
        if not axes or len(set(self.names)) < len(axes) or harmonics < 1:
            raise ValueError(
                f"Coordinates needs axes with different names and at least one harmonic, got "
                f"{self.names} and {harmonics} harmonics"
            )
        for name, start, stop, _ in axes:
            if not (math.isfinite(start) and math.isfinite(stop) and start < stop):
                raise ValueError(f"coordinate {name!r} needs start < stop, got [{start}, {stop}]")
        self.axes = tuple(axes)
        self.harmonics = harmonics
        self.periodic = any(wraps for *_, wraps in axes)
        ends = torch.tensor([(start, stop) for _, start, stop, _ in axes], dtype=torch.float64)
        self.register_buffer("middle", ends.mean(1), persistent=False)
        self.register_buffer("slope", 2 / (ends[:, 1] - ends[:, 0]), persistent=False)

    @property
    def features(self) -> int:
        """Length of the result."""
        return sum(2 * self.harmonics if wraps else 1 for *_, wraps in self.axes)

    def forward(self, points: Float[Tensor, "... d"]) -> Float[Tensor, "... features"]:
        if points.shape[-1] != len(self.axes):
            raise ValueError(
                f"points have one column for each of {', '.join(self.names)}, "
                f"got {points.shape[-1]} columns"
            )
        if not self.periodic:  # One operation, also for a hundred thousand coordinates.
            middle, slope = (
                part.to(dtype=points.dtype, device=points.device)
                for part in (self.middle, self.slope)
            )
            return (points - middle) * slope
        columns = []
        for number, (_, start, stop, wraps) in enumerate(self.axes):
            x = (points[..., number : number + 1] - start) * (2 / (stop - start))
            columns += self._waves(x * math.pi) if wraps else [x - 1]
        return torch.cat(columns, dim=-1)

    def _waves(self, phase: Tensor) -> list[Tensor]:
        """Cosines and sines of the harmonics."""
        turns = [k * phase for k in range(1, self.harmonics + 1)]
        return [torch.cos(turn) for turn in turns] + [torch.sin(turn) for turn in turns]


def box_axes(where: Grid | Scattered) -> tuple[tuple[str, float, float, bool], ...]:
    """The box of a grid, or of the shapes that samples live on, as `Coordinates` wants it."""
    if isinstance(where, Grid):
        return tuple((axis.name, axis.start, axis.stop, axis.periodic) for axis in where.axes)
    return tuple((name, *ends, False) for name, ends in zip(where.axis_names, where.bounds))
