"""Activations by name or by value, with what is known of them.

A name is enough where an activation has no parameter; `Sine(30.0)`, `Snake(5.0)` and
`Gaussian(0.1)` are values with one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional

from fredholm.layers.inits import Glorot, Init, SirenInit, VarianceInformed

Activation = Literal[
    "gaussian", "gelu", "relu", "sigmoid", "silu", "sin", "snake", "softplus", "tanh"
]
ACTIVATIONS = get_args(Activation)
"""Their names."""


@dataclass(frozen=True)
class Facts:
    """What is known of an activation.

    Args:
        smoothness: Number k of continuous derivatives (it is in Cᵏ). A residual of order m needs
            k >= m.
        init: How the weights of a network of it should start.
    """

    smoothness: float
    init: Init


@dataclass(frozen=True)
class Sine:
    """f(z) = sin(ωz).

    Args:
        frequency: ω.
    """

    frequency: float = 1.0

    def __call__(self, z: Tensor) -> Tensor:
        return torch.sin(self.frequency * z)

    @property
    def facts(self) -> Facts:
        """It is analytic; the rule for its weights is that of SIREN."""
        return Facts(math.inf, SirenInit(self.frequency))


@dataclass(frozen=True)
class Snake:
    """f(z) = z + sin²(az)/a: rises like a line and waves about it, so that it can extrapolate.

    Args:
        frequency: a; in units of the input, which should be of order one. 0.5 to 1 for ordinary
            regression, more where a frequency is expected.

    Reference:
        Liu et al., NeurIPS 2020, arXiv:2006.08195.
    """

    frequency: float = 1.0

    def __call__(self, z: Tensor) -> Tensor:
        return z + (1 - torch.cos(2 * self.frequency * z)) * (0.5 / self.frequency)

    @property
    def facts(self) -> Facts:
        """It is analytic; arguments of size one see both the line and the waves."""
        return Facts(math.inf, VarianceInformed(std=1.0))


@dataclass(frozen=True)
class Gaussian:
    """f(z) = exp(-z²/2σ²).

    Args:
        width: σ.

    Reference:
        Ramasinghe & Lucey, ECCV 2022, arXiv:2111.15135.
    """

    width: float = 1.0

    def __call__(self, z: Tensor) -> Tensor:
        return torch.exp((z * z) * (-0.5 / self.width**2))

    @property
    def facts(self) -> Facts:
        """It is analytic; its weights need the variance-informed rule."""
        return Facts(math.inf, VarianceInformed())


_VALUES = {"gaussian": Gaussian(), "sin": Sine(), "snake": Snake()}
_FUNCTIONS = {name: getattr(functional, name) for name in ("gelu", "relu", "silu", "softplus")}
_FUNCTIONS |= {"sigmoid": torch.sigmoid, "tanh": torch.tanh}
_FACTS = {
    "relu": Facts(0, VarianceInformed(std=1.0)),
    "gelu": Facts(math.inf, VarianceInformed(std=1.0)),
    "silu": Facts(math.inf, VarianceInformed(std=1.0)),
    "softplus": Facts(math.inf, Glorot()),
    "sigmoid": Facts(math.inf, Glorot()),
    "tanh": Facts(math.inf, Glorot()),
}


def nonlinearity(activation: Activation | Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """The function of that name; a function is returned as it is.

    Raises:
        ValueError: No activation has this name.
    """
    if not isinstance(activation, str):
        return activation
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation is one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    return _VALUES.get(activation) or _FUNCTIONS[activation]


def facts(activation: Activation | Callable[[Tensor], Tensor]) -> Facts:
    """What is known of an activation; a function of one's own states it as its attribute `facts`.

    Raises:
        ValueError: No activation has this name, or the function states nothing.
    """
    function = nonlinearity(activation)
    if isinstance(activation, str) and activation in _FACTS:
        return _FACTS[activation]
    found = getattr(function, "facts", None)
    if not isinstance(found, Facts):
        raise ValueError(
            f"nothing is known of the activation {activation!r}; give it an attribute "
            "`facts = Facts(smoothness, init)`, or choose one by name"
        )
    return found
