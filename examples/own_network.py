"""A network of your own: promise something, be examined, be trained and stored like any other."""

# %% A map between functions: one learned kernel, applied by the FFT; linear by construction
import os

import torch

import fredholm
from fredholm.domains import Grid
from fredholm.fields import NOTHING, Field, Variable
from fredholm.operators import Linear, Operator, ShiftEquivariant
from fredholm.testing import band_limited
from fredholm.training import fit

small = bool(os.environ.get("FREDHOLM_SMALL"))


class LearnedFilter(Operator):
    """u -> k * u with the lowest Fourier coefficients of the kernel k as weights."""

    def __init__(self, modes: int) -> None:
        super().__init__()
        self.kernel = torch.nn.Parameter(0.1 * torch.randn(modes, 2))

    @property
    def claims(self):
        return Linear(), ShiftEquivariant()

    def forward(self, u: Field, given=NOTHING, *, at=None) -> Field:
        given.only()
        spectrum = torch.fft.rfft(u.values, dim=1, norm="forward")
        gains = torch.view_as_complex(self.kernel)[:, None]
        kept = torch.zeros_like(spectrum)
        kept[:, : len(gains)] = spectrum[:, : len(gains)] * gains
        values = torch.fft.irfft(kept, n=u.values.shape[1], dim=1, norm="forward")
        out = u.with_values(values)
        return out if at is None else out.at(at)


# %% The contract of all operators, and the promises, as numbers
grid = Grid((32,), periodic=True)
operator = LearnedFilter(6)
for claim in operator.claims:
    defect = claim.defect(operator.double(), band_limited(grid))
    print(type(claim).__name__, f"{defect:.0e} of at most {claim.bound:.0e}")

# %% Train it to shift functions by a quarter of the ring
torch.manual_seed(0)
operator = LearnedFilter(6)
inputs = band_limited(grid, n=64).to(torch.float32)
label = (Variable("u"),)
samples = fredholm.Samples(inputs, inputs.with_values(inputs.values.roll(8, 1)), label, label)
settings = fredholm.AdamW(lr=0.05)
fit(operator, samples, budget=fredholm.Budget(epochs=60 if small else 200), optimiser=settings)

# %% On functions that it has not seen
fresh = band_limited(grid, n=16, seed=1).to(torch.float32)
found, truth = operator(fresh).values, fresh.values.roll(8, 1)
error = ((found - truth).norm() / truth.norm()).item()
print(f"relative L2 error on fresh functions: {error:.1e}")
