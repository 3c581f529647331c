"""Functions, their norms, labels, scales and symmetries."""

from fredholm.fields.field import Field, batched
from fredholm.fields.given import NOTHING, Given
from fredholm.fields.interpolant import Interpolant
from fredholm.fields.map_symmetries import Group, MapSymmetry, NamedSymmetry, members
from fredholm.fields.neural_field import NeuralField
from fredholm.fields.normalisers import Standardise
from fredholm.fields.norms import cleared, difference, inner, integral, mean_square, norm
from fredholm.fields.signature import Signature
from fredholm.fields.symmetries import Symmetry, group
from fredholm.fields.variables import Variable

__all__ = [
    "NOTHING",
    "Field",
    "Given",
    "Group",
    "Interpolant",
    "MapSymmetry",
    "NamedSymmetry",
    "NeuralField",
    "Signature",
    "Standardise",
    "Symmetry",
    "Variable",
    "batched",
    "cleared",
    "difference",
    "group",
    "inner",
    "integral",
    "mean_square",
    "members",
    "norm",
]
