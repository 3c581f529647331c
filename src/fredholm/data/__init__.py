"""Samples: generated, read from files, written, checked and streamed."""

from fredholm.data.checks import Finding, Report, check
from fredholm.data.discover import discover
from fredholm.data.drawn import DrawnSamples
from fredholm.data.generate import generate, solved
from fredholm.data.grid_netcdf import SampleWriter
from fredholm.data.labelled import from_xarray, to_xarray
from fredholm.data.netcdf import sample_writer, write_netcdf
from fredholm.data.readers import detect, read
from fredholm.data.readers.mesh_file import MeshFile, read_mesh
from fredholm.data.samples import Samples, describe
from fredholm.data.scattered_netcdf import ScatteredWriter
from fredholm.data.simulated import SimulatedSamples
from fredholm.data.splits import by_boundary_data, by_mesh_density, by_shape
from fredholm.data.stream import StreamedSamples, open_samples
from fredholm.data.symmetries import Translation, actions, transform
from fredholm.data.table import Table, read_table
from fredholm.data.tasks import (
    LEAD_TIME,
    as_trained,
    continuations,
    first_step,
    forecast,
    one_step,
    pairs,
    windows,
)
from fredholm.data.vtu import write_vtu
from fredholm.data.writer import Writer

__all__ = [
    "LEAD_TIME",
    "from_xarray",
    "to_xarray",
    "DrawnSamples",
    "Finding",
    "MeshFile",
    "Report",
    "SampleWriter",
    "Samples",
    "ScatteredWriter",
    "SimulatedSamples",
    "StreamedSamples",
    "Table",
    "Translation",
    "Writer",
    "actions",
    "by_boundary_data",
    "by_mesh_density",
    "by_shape",
    "check",
    "as_trained",
    "continuations",
    "describe",
    "first_step",
    "forecast",
    "one_step",
    "detect",
    "discover",
    "generate",
    "open_samples",
    "pairs",
    "read",
    "read_mesh",
    "read_table",
    "sample_writer",
    "solved",
    "transform",
    "windows",
    "write_netcdf",
    "write_vtu",
]
