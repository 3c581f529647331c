"""Activations by name, so that a choice of one is plain data."""

from collections.abc import Callable
from typing import Literal, get_args

from torch import Tensor
from torch.nn import functional

Activation = Literal["gelu", "relu", "silu", "tanh"]
ACTIVATIONS = get_args(Activation)
"""Their names."""


def nonlinearity(name: Activation) -> Callable[[Tensor], Tensor]:
    """The function of that name.

    Raises:
        ValueError: It is none of them.
    """
    if name not in ACTIVATIONS:
        raise ValueError(f"activation is one of {', '.join(ACTIVATIONS)}, got {name!r}")
    return getattr(functional, name)
