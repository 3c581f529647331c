"""Derivatives of functions, and expressions evaluated on them."""

from fredholm.calculus.evaluate import evaluate
from fredholm.calculus.fields import derivative, divergence, gradient, laplacian
from fredholm.calculus.fourier import FourierBasis
from fredholm.calculus.interpret import Interpreter
from fredholm.calculus.spectral import wavenumbers

__all__ = [
    "FourierBasis",
    "Interpreter",
    "derivative",
    "divergence",
    "evaluate",
    "gradient",
    "laplacian",
    "wavenumbers",
]
