"""Reusable parts of networks; they work on tensors, channels last unless they say otherwise."""

from fredholm.layers.convolution import Conv, coarsen, pad, refine
from fredholm.layers.mlp import MLP
from fredholm.layers.spectral import SpectralConv

__all__ = ["MLP", "Conv", "SpectralConv", "coarsen", "pad", "refine"]
