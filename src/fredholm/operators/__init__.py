"""Operators, their claims, and the wrappers that vary them."""

from fredholm.operators.boosted import Boosted
from fredholm.operators.claims import (
    AnyDensity,
    AnyResolution,
    Claim,
    ConsistentQuery,
    Equivariant,
    Linear,
    PassiveBeyond,
    ShiftEquivariant,
    Superposition,
    ZeroOnBoundary,
)
from fredholm.operators.closed_form import ClosedForm
from fredholm.operators.constrained import Constrained, OverTime
from fredholm.operators.corrected import Corrected
from fredholm.operators.finite_elements import MeanZero, Prescribed, Solenoidal
from fredholm.operators.operator import Operator, at_least_one
from fredholm.operators.rasterised import Rasterised, RasterisedFit, background, on_background
from fredholm.operators.rollout import Function, Repeated, Step, advance, repeat, rollout, states
from fredholm.operators.scaled_params import ScaledParams
from fredholm.operators.wrappers import (
    GroupAveraged,
    Increment,
    Normalised,
    OnGrid,
    ParamsAsChannels,
    Rate,
    Recurrent,
    TimeChannels,
    Unrolled,
)

__all__ = [
    "AnyDensity",
    "Solenoidal",
    "Prescribed",
    "MeanZero",
    "AnyResolution",
    "Boosted",
    "Claim",
    "ClosedForm",
    "ConsistentQuery",
    "Constrained",
    "Corrected",
    "Equivariant",
    "Function",
    "GroupAveraged",
    "Increment",
    "Linear",
    "Normalised",
    "OnGrid",
    "Operator",
    "OverTime",
    "ParamsAsChannels",
    "PassiveBeyond",
    "Rate",
    "Recurrent",
    "Rasterised",
    "RasterisedFit",
    "Repeated",
    "ScaledParams",
    "ShiftEquivariant",
    "Step",
    "Superposition",
    "TimeChannels",
    "Unrolled",
    "ZeroOnBoundary",
    "advance",
    "at_least_one",
    "background",
    "on_background",
    "repeat",
    "rollout",
    "states",
]
