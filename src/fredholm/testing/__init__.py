"""Public tools for tests: functions to test with, and the contract of operators."""

from fredholm.testing.contracts import CLAUSES, examine
from fredholm.testing.functions import band_limited

__all__ = ["CLAUSES", "band_limited", "examine"]
