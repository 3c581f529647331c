"""Errors, spectra and statistics: how wrong, where, at which scales, and for how long.

The definitions of other platforms, for comparison with their tables, are in `metrics.platforms`.
"""

from fredholm.metrics.autocorrelation import (
    autocorrelation,
    autocorrelation_distance,
    correlation_scale,
)
from fredholm.metrics.conservation import drift
from fredholm.metrics.errors import distribution, maximum_error, quantile, relative_l2
from fredholm.metrics.lyapunov import LyapunovExponent, largest_lyapunov
from fredholm.metrics.motion import (
    censored,
    correlation_curve,
    curve_quartiles,
    error_curve,
    failures,
    gmean,
    growth_rate,
    valid_frames,
    valid_time,
)
from fredholm.metrics.sampling import Comparison
from fredholm.metrics.spectra import BANDS, NEGLIGIBLE, Spectrum, error_by_band, spectrum
from fredholm.metrics.statistics import histogram_distance, moment_distances, spectrum_distance
from fredholm.metrics.widths import snapshot_widths

__all__ = [
    "BANDS",
    "NEGLIGIBLE",
    "Comparison",
    "LyapunovExponent",
    "Spectrum",
    "autocorrelation",
    "autocorrelation_distance",
    "censored",
    "correlation_curve",
    "correlation_scale",
    "curve_quartiles",
    "distribution",
    "drift",
    "error_by_band",
    "error_curve",
    "failures",
    "gmean",
    "growth_rate",
    "histogram_distance",
    "largest_lyapunov",
    "maximum_error",
    "moment_distances",
    "quantile",
    "relative_l2",
    "snapshot_widths",
    "spectrum",
    "spectrum_distance",
    "valid_frames",
    "valid_time",
]
