"""Trained operators that know their limits."""

from fredholm.surrogates.baselines import fit_baselines
from fredholm.surrogates.evaluation import Evaluation, evaluate
from fredholm.surrogates.limits import Limits
from fredholm.surrogates.prediction import Prediction
from fredholm.surrogates.surrogate import Surrogate

__all__ = ["Evaluation", "Limits", "Prediction", "Surrogate", "evaluate", "fit_baselines"]
