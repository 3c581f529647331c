"""Architectures, one per file, independent of one another."""

from fredholm.models.baselines import LinearRegression, NearestNeighbour, Persistence, TrainMean
from fredholm.models.deeponet import DeepONet
from fredholm.models.fno import FNO
from fredholm.models.unet import UNet

__all__ = [
    "FNO",
    "DeepONet",
    "LinearRegression",
    "NearestNeighbour",
    "Persistence",
    "TrainMean",
    "UNet",
]
