"""Derivatives of functions, and expressions evaluated on them."""

from fredholm.calculus.evaluate import evaluate
from fredholm.calculus.fields import derivative, divergence, gradient, laplacian
from fredholm.calculus.fourier import FourierBasis, kept
from fredholm.calculus.pointwise import Component, Pointwise
from fredholm.calculus.spectral import wavenumbers
from fredholm.calculus.tape import Tape

__all__ = [
    "Component",
    "FourierBasis",
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
