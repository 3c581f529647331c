"""Random shapes: probability measures on regions of the plane, drawn once per sample."""

from fredholm.problems.shapes.channel import Airfoils, AroundBody
from fredholm.problems.shapes.cut import CutCorners, LShapes, UShapes
from fredholm.problems.shapes.prior import ShapePrior
from fredholm.problems.shapes.round import PlateWithHole, SquareWithHoles, StarShapes

__all__ = [
    "Airfoils",
    "AroundBody",
    "CutCorners",
    "LShapes",
    "PlateWithHole",
    "ShapePrior",
    "SquareWithHoles",
    "StarShapes",
    "UShapes",
]
