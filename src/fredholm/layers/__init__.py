"""Reusable parts of networks; they work on tensors, channels last unless they say otherwise."""

from fredholm.layers.activations import (
    ACTIVATIONS,
    Activation,
    Facts,
    Gaussian,
    Sine,
    Snake,
    facts,
    nonlinearity,
)
from fredholm.layers.boundary_continuation import continued_inside
from fredholm.layers.bounded_filter import BoundedFilter
from fredholm.layers.channel_norm import ChannelNorm
from fredholm.layers.convolution import Conv, UpConv, coarsen, pad, refine
from fredholm.layers.coordinates import Coordinates, box_axes
from fredholm.layers.embedding import Embedding
from fredholm.layers.factorised import FactorisedLinear
from fredholm.layers.gaussian_process import GaussianProcesses
from fredholm.layers.inits import (
    Glorot,
    Init,
    Orthogonal,
    SirenInit,
    VarianceInformed,
    balanced_std,
    moments,
)
from fredholm.layers.interaction import Interaction, SteeredNorm, Told
from fredholm.layers.kernel_integral import Integral, KernelIntegral
from fredholm.layers.linear_attention import LinearAttention, in_chunks
from fredholm.layers.low_rank_integral import LowRankIntegral
from fredholm.layers.mixture import Mixture
from fredholm.layers.mlp import MLP
from fredholm.layers.modulated_siren import ModulatedSiren
from fredholm.layers.neighbourhoods import Neighbourhoods
from fredholm.layers.point_features import PointFeatures
from fredholm.layers.random_fourier import RandomFourier
from fredholm.layers.region_graphs import (
    RegionEdges,
    among_regions,
    from_regions,
    to_regions,
)
from fredholm.layers.segments import segment_mean, segment_sum
from fredholm.layers.set_encoder import SetEncoder
from fredholm.layers.shifted_gaussians import ShiftedGaussians
from fredholm.layers.sized_by_data import SizedByData
from fredholm.layers.sparse import SparseMap, sparse_pair
from fredholm.layers.spectral import SpectralConv
from fredholm.layers.transforms import (
    Transform,
    count,
    natural,
    require_transform,
    to_coefficients,
    to_points,
)

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "Activation",
    "BoundedFilter",
    "ChannelNorm",
    "Conv",
    "Coordinates",
    "Embedding",
    "FactorisedLinear",
    "Facts",
    "Gaussian",
    "GaussianProcesses",
    "Glorot",
    "Init",
    "Integral",
    "Interaction",
    "KernelIntegral",
    "LinearAttention",
    "LowRankIntegral",
    "Mixture",
    "ModulatedSiren",
    "Neighbourhoods",
    "Orthogonal",
    "PointFeatures",
    "RandomFourier",
    "RegionEdges",
    "SetEncoder",
    "ShiftedGaussians",
    "Sine",
    "SirenInit",
    "SizedByData",
    "Snake",
    "SparseMap",
    "SpectralConv",
    "SteeredNorm",
    "Told",
    "Transform",
    "UpConv",
    "VarianceInformed",
    "among_regions",
    "balanced_std",
    "box_axes",
    "coarsen",
    "continued_inside",
    "count",
    "facts",
    "from_regions",
    "in_chunks",
    "moments",
    "natural",
    "nonlinearity",
    "pad",
    "refine",
    "require_transform",
    "segment_mean",
    "segment_sum",
    "sparse_pair",
    "to_coefficients",
    "to_points",
    "to_regions",
]
