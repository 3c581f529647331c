"""Errors and spectra: how wrong, where, and at which scales."""

from fredholm.metrics.errors import distribution, maximum_error, relative_l2
from fredholm.metrics.spectra import BANDS, Spectrum, error_by_band, spectrum

__all__ = [
    "BANDS",
    "Spectrum",
    "distribution",
    "error_by_band",
    "maximum_error",
    "relative_l2",
    "spectrum",
]
