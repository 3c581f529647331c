"""Samples written to NetCDF-4 files, on grids or on scattered points."""

from pathlib import Path

from fredholm.data.grid_netcdf import SampleWriter
from fredholm.data.samples import Samples
from fredholm.data.scattered_netcdf import ScatteredWriter
from fredholm.data.writer import Writer
from fredholm.domains import Grid


def write_netcdf(samples: Samples, path: str | Path, *, overwrite: bool = False) -> Path:
    """Writes samples to a NetCDF-4 file that xarray, ParaView, MATLAB and Julia open.

    Raises:
        DataError: The file exists and may not be overwritten, or it cannot be written.
    """
    with sample_writer(path, samples[:1], len(samples), overwrite=overwrite) as writer:
        writer.append(samples[writer.done :])
    return writer.path


def sample_writer(
    path: str | Path, template: Samples, total: int, *, overwrite: bool = False
) -> Writer:
    """What writes samples like the template chunk by chunk, on grids or on scattered points."""
    on_grid = isinstance(template.targets.domain, Grid)
    writer = SampleWriter if on_grid else ScatteredWriter
    return writer(path, template, total, overwrite=overwrite)
