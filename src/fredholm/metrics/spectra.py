"""Energy of functions by wavenumber."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.fields import Field, difference

BANDS = {"low": (0, 4), "mid": (4, 12), "high": (12, 10**9)}
"""Bands of shells, first included, last excluded; the edges are those of PDEBench's fRMSE."""
NEGLIGIBLE = 1e-12
"""Share of the energy below which a band holds nothing but rounding: a millionth in amplitude."""


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
    energy = shell_energies(u).mean(0).cpu()
    return Spectrum(torch.arange(len(energy), dtype=torch.float64), energy)


def shell_energies(u: Field) -> Float[Tensor, "batch s"]:
    """Energy of each function in each shell, summed over channels, the mean over times."""
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
    others = [d for d in range(1, power.ndim) if d not in spatial]
    times = grid.axis("t").size if "t" in grid.names else 1
    power = power.sum(others).flatten(1) / times
    shell = radius.sqrt().floor().long().flatten().to(power.device)
    return power.new_zeros(len(u), int(shell.max()) + 1).index_add_(1, shell, power)


def in_band(shells: int, name: str) -> slice:
    """The shells of a band, of so many that there are."""
    first, last = BANDS[name]
    return slice(min(first, shells), min(last, shells))


def error_by_band(predicted: Field, truth: Field) -> dict[str, float]:
    """√(Σ_band |ê|² / Σ_band |ŷ|²): the relative error within each band of wavenumbers.

    A band in which the truth holds less than `NEGLIGIBLE` of its energy has nothing that an error
    could be relative to; there the error is given relative to the whole truth, √(Σ_band |ê|² /
    Σ |ŷ|²), so that what a prediction wrongly adds is still seen. Bands beyond the resolution of
    the grid, and all bands of a truth that is zero, are left out.
    """
    wrong, right = spectrum(difference(predicted, truth)).energy, spectrum(truth).energy
    result, total = {}, right.sum()
    for name in BANDS:
        band = in_band(len(right), name)
        if total > 0 and len(right[band]) > 0:
            held = right[band].sum()
            size = held if held > NEGLIGIBLE * total else total
            result[name] = float((wrong[band].sum() / size).sqrt())
    return result
