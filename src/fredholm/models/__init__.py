"""Architectures, one per file, independent of one another."""

from fredholm.models.baselines import LinearRegression, NearestNeighbour, Persistence, TrainMean
from fredholm.models.beno import BENO
from fredholm.models.cape import CAPE
from fredholm.models.conditional_unet import ConditionalUNet
from fredholm.models.convnet import ConvNet
from fredholm.models.coordinate_mlp import CoordinateMLP
from fredholm.models.coral import CORAL
from fredholm.models.deeponet import DeepONet
from fredholm.models.fno import FNO
from fredholm.models.fourier_kan import FourierKAN
from fredholm.models.gaussians import Gaussians
from fredholm.models.gnot import GNOT
from fredholm.models.graph_kernel import GNO
from fredholm.models.kan import KAN
from fredholm.models.low_rank import LNO
from fredholm.models.mmgp import MMGP
from fredholm.models.modified_mlp import ModifiedMLP
from fredholm.models.multipole import MGKN
from fredholm.models.nearest_shape import NearestShape
from fredholm.models.neural_spectral import NeuralSpectral
from fredholm.models.nuno import NUNO
from fredholm.models.pirate_net import PirateNet
from fredholm.models.pointwise import PointwiseMLP
from fredholm.models.refined import Refined, Refinement
from fredholm.models.refiner import Refiner
from fredholm.models.resnet import ResNet
from fredholm.models.rigno import RIGNO
from fredholm.models.siren import Siren
from fredholm.models.sl2a import SL2A
from fredholm.models.spacetime_fno import SpaceTimeFNO
from fredholm.models.spon import SPON
from fredholm.models.stable_no import StableNO
from fredholm.models.t1 import T1, CoefficientLayer
from fredholm.models.unet import UNet

__all__ = [
    "MMGP",
    "BENO",
    "CAPE",
    "CORAL",
    "FNO",
    "GNO",
    "GNOT",
    "KAN",
    "LNO",
    "MGKN",
    "NUNO",
    "RIGNO",
    "SL2A",
    "SPON",
    "T1",
    "CoefficientLayer",
    "ConditionalUNet",
    "ConvNet",
    "CoordinateMLP",
    "DeepONet",
    "FourierKAN",
    "Gaussians",
    "LinearRegression",
    "ModifiedMLP",
    "NearestNeighbour",
    "NearestShape",
    "NeuralSpectral",
    "Persistence",
    "PirateNet",
    "PointwiseMLP",
    "Refined",
    "Refinement",
    "Refiner",
    "ResNet",
    "Siren",
    "SpaceTimeFNO",
    "StableNO",
    "TrainMean",
    "UNet",
]
