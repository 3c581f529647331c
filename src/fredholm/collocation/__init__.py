"""Stated problems solved by networks of coordinates: trial functions, points, losses, verdicts."""

from fredholm.collocation.causal import Causal
from fredholm.collocation.constraints import Ansatz, derive
from fredholm.collocation.eulerian import eulerian
from fredholm.collocation.networks import NETWORKS, build_network, build_term
from fredholm.collocation.observations import Observations
from fredholm.collocation.points import Points, coordinates
from fredholm.collocation.solution import NetworkSolution
from fredholm.collocation.solve import Setup, solve_by_network
from fredholm.collocation.system import Collocation, Sampling
from fredholm.collocation.terms import Term, terms_of
from fredholm.collocation.trial import Trial
from fredholm.collocation.verdict import Verdict, judge
from fredholm.collocation.weighting import (
    Constant,
    GradientNorm,
    NeuralTangent,
    ResidualAttention,
    Weighing,
    Weighting,
)

__all__ = [
    "NETWORKS",
    "Ansatz",
    "Causal",
    "Collocation",
    "Constant",
    "GradientNorm",
    "NetworkSolution",
    "NeuralTangent",
    "Observations",
    "Points",
    "ResidualAttention",
    "Sampling",
    "Setup",
    "Term",
    "Trial",
    "Verdict",
    "Weighing",
    "Weighting",
    "build_network",
    "build_term",
    "coordinates",
    "derive",
    "eulerian",
    "judge",
    "solve_by_network",
    "terms_of",
]
