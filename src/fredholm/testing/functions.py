"""Functions to test with: band-limited, so that every grid that resolves them sees the same."""

import torch

from fredholm.domains import Axis, Grid
from fredholm.fields import Field


def band_limited(
    grid: Grid, *, n: int = 3, channels: int = 1, waves: int = 3, seed: int = 0
) -> Field:
    """Random trigonometric polynomials: the same functions on any grid over the same box.

    On a periodic axis they have the period of the box; on others they are cosines of half that
    wavenumber, smooth and with free boundary values.

    Args:
        grid: Where they are sampled.
        n: Number of functions.
        channels: Their channels.
        waves: Largest wavenumber per axis.
        seed: Seed of the coefficients.

    Shapes:
        Field (n, *grid.shape, channels), float64.
    """
    generator = torch.Generator().manual_seed(seed)
    count = [2 * waves + 1 if axis.periodic else waves + 1 for axis in grid.axes]
    values = torch.randn(n, channels, *count, generator=generator, dtype=torch.float64)
    for axis in grid.axes:
        # The axis in front is turned into points and goes to the back: in the end all are in order.
        values = values.movedim(2, -1) @ _waves(axis, waves)
    return Field(values.movedim(1, -1).contiguous(), grid)


def _waves(axis: Axis, waves: int) -> torch.Tensor:
    """The basis functions of one axis, decaying with the wavenumber, as a matrix (k, n)."""
    k = torch.arange(waves + 1, dtype=torch.float64)[:, None]
    x = (axis.points() - axis.start) / axis.length
    if not axis.periodic:
        return torch.cos(torch.pi * k * x) / (1 + k)
    phase = 2 * torch.pi * k * x
    return torch.cat([torch.cos(phase) / (1 + k), (torch.sin(phase) / (1 + k))[1:]])
