"""A network of your own: promise something, be examined, be trained and stored like any other."""

# %% A map between functions: one learned kernel, applied by the FFT; linear by construction
import os
import tempfile

import torch

import fredholm
from fredholm.domains import Grid
from fredholm.fields import NOTHING, Field
from fredholm.operators import Linear, Operator, ShiftEquivariant
from fredholm.systems import Card, Recipe
from fredholm.testing import band_limited, examine


class LearnedFilter(Operator):
    """u -> k * u on a ring: the lowest Fourier coefficients of the kernel k are the weights."""

    def __init__(self, modes: int) -> None:
        super().__init__()
        self.kernel = torch.nn.Parameter(0.1 * torch.randn(modes, 2))

    @property
    def claims(self):
        return Linear(), ShiftEquivariant()

    def forward(self, u: Field, given=NOTHING, *, at=None) -> Field:
        given.only()  # it understands no further conditions, and says so
        gains = torch.view_as_complex(self.kernel)[:, None]
        waves = torch.fft.rfft(u.values, dim=1, norm="forward")[:, : len(gains)]
        values = torch.fft.irfft(gains * waves, n=u.values.shape[1], dim=1, norm="forward")
        image = u.with_values(values)
        return image if at is None else image.at(at)


# %% The contract of all operators, and the promises of this one, as numbers
torch.manual_seed(0)
grid = Grid((32,), periodic=True)
examine(lambda: LearnedFilter(8), grid)
operator = LearnedFilter(8).double()
for claim in operator.claims:
    defect = claim.defect(operator, band_limited(grid))
    print(f"{type(claim).__name__}: {defect:.0e}, at most {claim.bound:.0e}")

# %% A card makes it a system; here the task is advection, for which those promises are true
small = bool(os.environ.get("FREDHOLM_SMALL"))
folder = tempfile.mkdtemp()
problem = fredholm.build_problem("advection", speed=0.7)
path = fredholm.generate(problem, 80, path=f"{folder}/waves.nc", resolution=32, seed=0)
samples = fredholm.read(path)
train, test = samples[:60], samples[60:]
mine = Card(
    key="filter",
    title="One learned kernel",
    reference="this file",
    build=lambda task, *, modes=16: LearnedFilter(modes),
    recipe=Recipe(optimiser=fredholm.AdamW(lr=0.05), batch=20),
)

# %% The same samples and steps for it and for an FNO
budget = fredholm.Budget(steps=150 if small else 1000)
errors = {}
for system in (mine, "fno"):
    surrogate = fredholm.learn(train, system, budget=budget)
    name = system if isinstance(system, str) else system.key
    errors[name] = surrogate.evaluate(test).relative_l2
    print(f"{name}: {errors[name]:.2%} with {surrogate.record.parameters} weights")
    surrogate.save(f"{folder}/{name}")

# %% A stored surrogate never runs code that you have not vouched for
loaded = fredholm.Surrogate.load(f"{folder}/filter", own=[LearnedFilter])
print(loaded.evaluate(test).relative_l2 == errors["filter"])
print(f"error of the filter relative to that of the FNO: {errors['filter'] / errors['fno']:.3f}")
