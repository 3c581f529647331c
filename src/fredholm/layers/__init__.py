"""Reusable parts of networks; they work on tensors, channels last unless they say otherwise."""

from fredholm.layers.activations import ACTIVATIONS, Activation, nonlinearity
from fredholm.layers.bounded_filter import BoundedFilter
from fredholm.layers.convolution import Conv, UpConv, coarsen, pad, refine
from fredholm.layers.embedding import Embedding
from fredholm.layers.mlp import MLP
from fredholm.layers.spectral import SpectralConv

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "Activation",
    "BoundedFilter",
    "Conv",
    "Embedding",
    "SpectralConv",
    "UpConv",
    "coarsen",
    "nonlinearity",
    "pad",
    "refine",
]
