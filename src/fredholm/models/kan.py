"""Kolmogorov-Arnold network: the edges learn functions of one variable, the nodes add."""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from fredholm.calls import Recorded
from fredholm.operators import at_least_one


class KAN(nn.Module, Recorded):
    """x <- Σᵢ φₒᵢ(xᵢ) with φ(x) = w silu(x) + Σⱼ cⱼ Bⱼ(x): cubic B-splines on [-1, 1].

    Beyond [-1, 1] the splines fade within three intervals, and silu alone remains. Second
    derivatives are continuous, third ones jump at the knots.

    Args:
        inputs: Numbers per point, in [-1, 1].
        outputs: Components of the function.
        width: Nodes of a hidden layer.
        layers: Hidden layers.
        intervals: Of the splines; more can be asked for later (`finer`).

    Shapes:
        (..., inputs) -> (..., outputs).

    Reference:
        Liu et al., ICLR 2025, arXiv:2404.19756. Departs from it: knots stay equidistant; the
        weight of the splines is part of their coefficients.
    """

    smoothness = 2.0

    def __init__(
        self,
        inputs: int,
        outputs: int,
        *,
        width: int = 5,
        layers: int = 1,
        intervals: int = 5,
    ) -> None:
        super().__init__()
        at_least_one(inputs=inputs, outputs=outputs, width=width, intervals=intervals)
        widths = (inputs, *(width,) * layers, outputs)
        self.layers = nn.ModuleList(
            _Layer(a, b, intervals) for a, b in zip(widths[:-1], widths[1:])
        )

    def forward(self, x: Float[Tensor, "... inputs"]) -> Float[Tensor, "... outputs"]:
        for layer in self.layers:
            x = layer(x)
        return x

    @torch.no_grad()
    def finer(self, intervals: int) -> "KAN":
        """The same splines on more intervals, as functions on [-1, 1].

        Args:
            intervals: Of the new splines; with a multiple of those of today nothing changes there.
        """
        finer = KAN(**{**self.arguments, "intervals": intervals})
        finer.to(next(self.parameters()))
        for new, old in zip(finer.layers, self.layers):
            new.take(old)  # type: ignore[operator]
        return finer


class _Layer(nn.Module):
    """One layer: (..., inputs) -> (..., outputs)."""

    def __init__(self, inputs: int, outputs: int, intervals: int) -> None:
        super().__init__()
        self.intervals = intervals
        self.base = nn.Linear(inputs, outputs, bias=False)
        self.splines = nn.Linear(inputs * (intervals + 3), outputs, bias=False)
        bound = 1 / math.sqrt(inputs)
        nn.init.uniform_(self.base.weight, -bound, bound)
        # Small, so that the network starts smooth whatever the number of intervals.
        nn.init.normal_(self.splines.weight, std=0.1 * bound / intervals)

    def forward(self, x: Float[Tensor, "... i"]) -> Float[Tensor, "... o"]:
        values = b_splines(x, self.intervals)
        flat = values.reshape(*values.shape[:-2], values.shape[-2] * values.shape[-1])
        return self.base(functional.silu(x)) + self.splines(flat)

    def take(self, other: "_Layer") -> None:
        """Becomes another layer, in least squares over [-1, 1]."""
        x = torch.linspace(-1, 1, 20 * max(self.intervals, other.intervals), dtype=torch.float64)
        new, old = b_splines(x, self.intervals), b_splines(x, other.intervals)
        change = torch.linalg.lstsq(new, old).solution.to(other.splines.weight)
        coefficients = other.splines.weight.unflatten(1, (-1, other.intervals + 3))
        self.splines.weight.copy_((coefficients @ change.T).flatten(1))
        self.base.weight.copy_(other.base.weight)


def b_splines(x: Float[Tensor, "..."], intervals: int) -> Float[Tensor, "... intervals+3"]:
    """The cubic B-splines of equidistant knots that do not vanish on [-1, 1].

    B(z) = (z³ - 4 (z-1)₊³ + 6 (z-2)₊³ - 4 (z-3)₊³)/6 where z in [0, 4] counts intervals from the
    first knot of the spline. z stops at 4, where the cubes cancel: without that they would
    lose digits as z grows.
    """
    first = torch.arange(-3, intervals, dtype=x.dtype, device=x.device)
    z = (x.unsqueeze(-1) + 1) * (intervals / 2) - first
    z = functional.relu(z) - functional.relu(z - 4)
    total = _cube(z)
    for knot, weight in ((1, -4), (2, 6), (3, -4)):
        total = total + weight * _cube(functional.relu(z - knot))
    return total * (1 / 6)


def _cube(z: Tensor) -> Tensor:
    return z * z * z
