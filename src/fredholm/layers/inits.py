"""How weights start: each scheme is a rule for the linear maps of a network, from first to last.

A scheme is called as `scheme(maps, activation)`; the activation stands between the maps. It is
plain data, so that a stored network can name the scheme that it was made with.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

Function = Callable[[Tensor], Tensor]


class Init(Protocol):
    """Sets the weights and biases of linear maps in place."""

    def __call__(
        self,
        maps: Sequence[nn.Linear],
        activation: Function,
        *,
        generator: torch.Generator | None = None,
    ) -> None: ...


@dataclass(frozen=True)
class Glorot:
    """Normal weights of variance 2/(fan_in + fan_out), zero biases: for tanh and its like.

    Reference:
        Glorot & Bengio, AISTATS 2010, eq. 16 (its uniform distribution there).
    """

    def __call__(
        self,
        maps: Sequence[nn.Linear],
        activation: Function,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        for linear in maps:
            nn.init.xavier_normal_(linear.weight, generator=generator)
            nn.init.zeros_(linear.bias)


@dataclass(frozen=True)
class Orthogonal:
    """Weights with orthonormal rows or columns, zero biases: fluctuations do not grow with depth.

    Args:
        gain: Factor of all weights; 1 keeps the size of signals through tanh layers.

    Reference:
        Saxe et al., ICLR 2014, arXiv:1312.6120.
    """

    gain: float = 1.0

    def __call__(
        self,
        maps: Sequence[nn.Linear],
        activation: Function,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        for linear in maps:
            nn.init.orthogonal_(linear.weight, self.gain, generator=generator)
            nn.init.zeros_(linear.bias)


@dataclass(frozen=True)
class SirenInit:
    """For layers sin(ω(Wh + b)): with arguments of order one at any depth.

    First map W ~ U(-1/n, 1/n), the others U(-c, c) with c = √(6/n)/ω, n = fan_in;
    b ~ U(-1/√n, 1/√n).

    Args:
        frequency: ω of the layers after the first.

    Reference:
        Sitzmann et al., NeurIPS 2020, arXiv:2006.09661, section 3.2.
    """

    frequency: float = 30.0

    def __call__(
        self,
        maps: Sequence[nn.Linear],
        activation: Function,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        for number, linear in enumerate(maps):
            n = linear.in_features
            bound = 1 / n if number == 0 else math.sqrt(6 / n) / self.frequency
            nn.init.uniform_(linear.weight, -bound, bound, generator=generator)
            nn.init.uniform_(linear.bias, -1 / math.sqrt(n), 1 / math.sqrt(n), generator=generator)


@dataclass(frozen=True)
class VarianceInformed:
    """Uniform weights that keep the standard deviation of the arguments of any activation.

    Var W = s²/(n E[x²]) with n = fan_in: x is the input in the first map, and f(sξ), ξ ~ N(0, 1),
    in the others. With relu, and any s, it is He's rule. Biases b ~ U(-1/√n, 1/√n) in the first
    map, so that not all features are centred at the origin, and zero in the others.

    Args:
        std: Standard deviation s of the arguments; by default the one that also keeps the size of
            gradients (`balanced_std`), where the activation has one, else 1.
        inputs: Mean square of an input of the first map; 1/3 for coordinates in [-1, 1].

    Reference:
        Koneputugodage et al., CVPR 2025 (VI3NR). Departs from it: quadrature, not Monte Carlo.
    """

    std: float | None = None
    inputs: float = 1 / 3

    def __call__(
        self,
        maps: Sequence[nn.Linear],
        activation: Function,
        *,
        generator: torch.Generator | None = None,
    ) -> None:
        std = balanced_std(activation) or 1.0 if self.std is None else self.std
        square = self.inputs
        for number, linear in enumerate(maps):
            bound = std * math.sqrt(3 / (linear.in_features * square))
            nn.init.uniform_(linear.weight, -bound, bound, generator=generator)
            shift = 1 / math.sqrt(linear.in_features) if number == 0 else 0.0
            nn.init.uniform_(linear.bias, -shift, shift, generator=generator)
            square = moments(activation, std)[1]


def moments(activation: Function, std: float) -> tuple[float, float, float]:
    """E f(z), E f(z)² and E f'(z)² for z ~ N(0, std²).

    Trapezoidal rule on ten standard deviations either side: exact to rounding for smooth functions
    that vary over more than std/500, second order at the kink of others.
    """
    xi = torch.linspace(-10, 10, 20001, dtype=torch.float64)
    weight = torch.exp(-xi.square() / 2)
    weight = weight / weight.sum()
    z = (std * xi).requires_grad_()
    with torch.enable_grad():
        f = activation(z)
        (slope,) = torch.autograd.grad(f.sum(), z)
    f = f.detach()
    return float(weight @ f), float(weight @ f.square()), float(weight @ slope.square())


def balanced_std(activation: Function) -> float | None:
    """The least s with s² E[f'(sξ)²] = E[f(sξ)²], where signals and gradients both keep their size.

    Returns:
        s between 0.001 and 1000, or None where there is none, as for sin, or where all s are, as
        for relu.
    """

    def excess(log: float) -> float:
        std = math.exp(log)
        _, square, slope = moments(activation, std)
        return (std**2 * slope - square) / (std**2 * slope + square)

    grid = [math.log(10) * (-3 + number / 8) for number in range(49)]
    values = [excess(log) for log in grid]
    for low, high, left, right in zip(grid[:-1], grid[1:], values[:-1], values[1:]):
        if left * right < 0 and max(abs(left), abs(right)) > 1e-6:
            for _ in range(40):
                middle = (low + high) / 2
                low, high = (middle, high) if left * excess(middle) > 0 else (low, middle)
            return math.exp((low + high) / 2)
    return None
