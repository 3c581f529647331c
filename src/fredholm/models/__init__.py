"""Architectures, one per file, independent of one another."""

from fredholm.models.baselines import LinearRegression, NearestNeighbour, Persistence, TrainMean
from fredholm.models.cape import CAPE
from fredholm.models.conditional_unet import ConditionalUNet
from fredholm.models.convnet import ConvNet
from fredholm.models.coordinate_mlp import CoordinateMLP
from fredholm.models.deeponet import DeepONet
from fredholm.models.fno import FNO
from fredholm.models.pointwise import PointwiseMLP
from fredholm.models.refined import Refined, Refinement
from fredholm.models.refiner import Refiner
from fredholm.models.resnet import ResNet
from fredholm.models.spacetime_fno import SpaceTimeFNO
from fredholm.models.stable_no import StableNO
from fredholm.models.t1 import T1, CoefficientLayer
from fredholm.models.unet import UNet

__all__ = [
    "CAPE",
    "FNO",
    "T1",
    "ConditionalUNet",
    "CoefficientLayer",
    "CoordinateMLP",
    "ConvNet",
    "DeepONet",
    "LinearRegression",
    "NearestNeighbour",
    "Persistence",
    "PointwiseMLP",
    "Refiner",
    "Refined",
    "Refinement",
    "ResNet",
    "SpaceTimeFNO",
    "StableNO",
    "TrainMean",
    "UNet",
]
