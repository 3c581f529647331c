"""Operators, their claims, and the wrappers that vary them."""

from fredholm.operators.claims import (
    AnyResolution,
    Claim,
    Linear,
    ShiftEquivariant,
    ZeroOnBoundary,
)
from fredholm.operators.operator import Operator
from fredholm.operators.wrappers import Normalised

__all__ = [
    "AnyResolution",
    "Claim",
    "Linear",
    "Normalised",
    "Operator",
    "ShiftEquivariant",
    "ZeroOnBoundary",
]
