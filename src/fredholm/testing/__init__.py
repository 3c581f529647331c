"""Public tools for tests: functions to test with, and the contracts of operators."""

from fredholm.testing.contracts import CLAUSES, examine
from fredholm.testing.functions import band_limited
from fredholm.testing.scattered import SCATTERED_CLAUSES, examine_scattered, smooth, star_meshes

__all__ = [
    "CLAUSES",
    "SCATTERED_CLAUSES",
    "band_limited",
    "examine",
    "examine_scattered",
    "smooth",
    "star_meshes",
]
