"""Training: the loop, its budget, its optimiser and its snapshots."""

from fredholm.training.boosted import fit_boosted
from fredholm.training.budget import Budget
from fredholm.training.checkpoints import Checkpoints, write_atomically
from fredholm.training.fit import Measure, errors, fit, mean_error
from fredholm.training.optimiser import AdamW
from fredholm.training.record import Moment, Record
from fredholm.training.threads import threads, threads_for

__all__ = [
    "AdamW",
    "Budget",
    "Checkpoints",
    "Measure",
    "Moment",
    "Record",
    "errors",
    "fit",
    "fit_boosted",
    "mean_error",
    "threads",
    "threads_for",
    "write_atomically",
]
