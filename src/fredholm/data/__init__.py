"""Samples: generated, read from files, written, checked and streamed."""

from fredholm.data.labelled import from_xarray, to_xarray
from fredholm.data.netcdf import SampleWriter, write_netcdf
from fredholm.data.readers import describe, detect, read
from fredholm.data.samples import Samples
from fredholm.data.stream import StreamedSamples, open_samples

__all__ = [
    "from_xarray",
    "to_xarray",
    "SampleWriter",
    "Samples",
    "StreamedSamples",
    "describe",
    "detect",
    "open_samples",
    "read",
    "write_netcdf",
]
