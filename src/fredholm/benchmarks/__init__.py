"""Reports and records: what a run did, how good it is, and what it ran on."""

from fredholm.benchmarks.field_fit import Waves, field_fit
from fredholm.benchmarks.machine import machine
from fredholm.benchmarks.records import write_record
from fredholm.benchmarks.report import write_report
from fredholm.benchmarks.solution_picture import Shown, draw_solution

__all__ = [
    "Shown",
    "Waves",
    "draw_solution",
    "field_fit",
    "machine",
    "write_record",
    "write_report",
]
