"""Derivatives of functions, and expressions evaluated on them."""

from fredholm.calculus.evaluate import evaluate
from fredholm.calculus.fields import derivative, divergence, gradient, laplacian
from fredholm.calculus.fourier import FourierBasis, kept
from fredholm.calculus.plan import Plan
from fredholm.calculus.pointwise import Pointwise
from fredholm.calculus.spectral import wavenumbers
from fredholm.calculus.symbols import Component
from fredholm.calculus.tape import Tape

__all__ = [
    "Component",
    "FourierBasis",
    "Plan",
    "Pointwise",
    "Tape",
    "derivative",
    "divergence",
    "evaluate",
    "gradient",
    "kept",
    "laplacian",
    "wavenumbers",
]
