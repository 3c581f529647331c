"""Training: the loop, its budget, its optimiser and its snapshots."""

from fredholm.training.boosted import fit_boosted
from fredholm.training.budget import Budget
from fredholm.training.checkpoints import Checkpoints, write_atomically
from fredholm.training.fit import fit
from fredholm.training.gauss_newton import GaussNewton
from fredholm.training.least_squares import Descent, Optimiser, Stateful, System
from fredholm.training.levenberg_marquardt import LevenbergMarquardt
from fredholm.training.minimise import minimise
from fredholm.training.muon import Muon
from fredholm.training.optimiser import Adam, AdamW
from fredholm.training.quasi_newton import LBFGS, SelfScaledBroyden
from fredholm.training.record import Moment, Record
from fredholm.training.soap import SOAP
from fredholm.training.threads import threads, threads_for
from fredholm.training.validation import Measure, errors, mean_error

__all__ = [
    "Adam",
    "AdamW",
    "Budget",
    "Checkpoints",
    "Descent",
    "GaussNewton",
    "LBFGS",
    "SOAP",
    "LevenbergMarquardt",
    "Measure",
    "Moment",
    "Muon",
    "Optimiser",
    "Record",
    "SelfScaledBroyden",
    "Stateful",
    "System",
    "errors",
    "fit",
    "fit_boosted",
    "mean_error",
    "minimise",
    "threads",
    "threads_for",
    "write_atomically",
]
