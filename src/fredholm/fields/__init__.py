"""Functions, their norms, labels and scales."""

from fredholm.fields.field import Field
from fredholm.fields.given import NOTHING, Given
from fredholm.fields.normalisers import Standardise
from fredholm.fields.norms import difference, inner, integral, norm
from fredholm.fields.variables import Variable

__all__ = [
    "NOTHING",
    "Field",
    "Given",
    "Standardise",
    "Variable",
    "difference",
    "inner",
    "integral",
    "norm",
]
