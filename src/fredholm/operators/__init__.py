"""Operators, their claims, and the wrappers that vary them."""

from fredholm.operators.claims import (
    AnyResolution,
    Claim,
    ConsistentQuery,
    Equivariant,
    Linear,
    ShiftEquivariant,
    ZeroOnBoundary,
)
from fredholm.operators.closed_form import ClosedForm
from fredholm.operators.operator import Operator, at_least_one
from fredholm.operators.wrappers import (
    GroupAveraged,
    Increment,
    Normalised,
    OnGrid,
    ParamsAsChannels,
    TimeChannels,
    Unrolled,
)

__all__ = [
    "AnyResolution",
    "Claim",
    "ClosedForm",
    "ConsistentQuery",
    "Equivariant",
    "GroupAveraged",
    "Increment",
    "Linear",
    "Normalised",
    "OnGrid",
    "Operator",
    "ParamsAsChannels",
    "ShiftEquivariant",
    "TimeChannels",
    "Unrolled",
    "ZeroOnBoundary",
    "at_least_one",
]
