"""Energy of functions by wavenumber."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field, difference

BANDS = {"low": (0, 4), "mid": (4, 12), "high": (12, 10**9)}
"""Bands of shells, first included, last excluded; the edges are those of PDEBench's fRMSE."""


@dataclass(frozen=True, eq=False)
class Spectrum:
    """Energy in shells of wavenumbers s ≤ |k| < s + 1, summed over channels (and times).

    Args:
        shells: The lower edges s, in periods per length of the domain.
        energy: Mean over the batch; the sum over all shells is the mean square of the function
            (Parseval), whole shells counted, mixed signs of k included.
    """

    shells: Float[Tensor, "s"]
    energy: Float[Tensor, "s"]


def spectrum(u: Field) -> Spectrum:
    """Shell energies of a batch on a grid; axes that are not periodic are extended evenly.

    The even extension (a cosine transform) has no jump at the boundary, so a smooth function does
    not get the spectrum of a saw tooth. Its wavenumbers are half integers: k counts periods.
    """
    grid = u.grid
    spatial = [number for number, axis in enumerate(grid.axes, start=1) if axis.name != "t"]
    values, radius = u.values.double(), torch.zeros((), dtype=torch.float64)
    for number in spatial:
        axis = grid.axes[number - 1]
        if not axis.periodic:
            values = torch.cat([values, values.flip(number)], dim=number)
        n = values.shape[number]
        periods = torch.fft.fftfreq(n, 1 / n, dtype=torch.float64)
        radius = radius[..., None] + (periods if axis.periodic else periods / 2) ** 2
    power = torch.fft.fftn(values, dim=spatial, norm="forward").abs().square()
    shape = [values.shape[number] for number in spatial]
    others = [d for d in range(power.ndim) if d not in spatial]
    times = grid.axis("t").size if "t" in grid.names else 1
    power = power.sum(others).reshape(shape) / (len(u) * times)
    shell = radius.sqrt().floor().long().flatten().to(power.device)
    energy = torch.zeros(int(shell.max()) + 1, dtype=torch.float64, device=power.device)
    energy.index_add_(0, shell, power.flatten())
    return Spectrum(torch.arange(len(energy), dtype=torch.float64), energy.cpu())


def error_by_band(predicted: Field, truth: Field) -> dict[str, float]:
    """√(Σ_band |ê|² / Σ_band |ŷ|²): the relative error within each band of wavenumbers."""
    wrong, right = spectrum(difference(predicted, truth)), spectrum(truth)
    result = {}
    for name, (first, last) in BANDS.items():
        inside = (right.shells >= first) & (right.shells < last)
        if inside.any() and right.energy[inside].sum() > 0:
            ratio = wrong.energy[inside].sum() / right.energy[inside].sum()
            result[name] = float(ratio.sqrt())
    return result
