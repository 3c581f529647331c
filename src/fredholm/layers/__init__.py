"""Reusable parts of networks; they work on tensors, channels last unless they say otherwise."""

from fredholm.layers.activations import ACTIVATIONS, Activation, nonlinearity
from fredholm.layers.bounded_filter import BoundedFilter
from fredholm.layers.convolution import Conv, UpConv, coarsen, pad, refine
from fredholm.layers.embedding import Embedding
from fredholm.layers.mlp import MLP
from fredholm.layers.spectral import SpectralConv
from fredholm.layers.transforms import (
    Transform,
    count,
    require_transform,
    to_coefficients,
    to_points,
)

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "Activation",
    "BoundedFilter",
    "Conv",
    "Embedding",
    "SpectralConv",
    "Transform",
    "UpConv",
    "coarsen",
    "count",
    "nonlinearity",
    "pad",
    "refine",
    "require_transform",
    "to_coefficients",
    "to_points",
]
