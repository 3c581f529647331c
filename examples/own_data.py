"""From a file of your own simulations to predictions with coordinates, units and warnings."""

# %% A file as any solver might leave it: plain arrays, no coordinates
import os
import tempfile
from pathlib import Path

import numpy as np

import fredholm
from fredholm.data import write_netcdf

small = bool(os.environ.get("FREDHOLM_SMALL"))
folder = Path(tempfile.mkdtemp())
random = np.random.default_rng(0)
x = np.arange(64) / 64
waves = np.arange(1, 4)
phases = 2 * np.pi * (waves[:, None] * x)
weights = random.normal(size=(2, 300, 3)) / waves
before = weights[0] @ np.sin(phases) + weights[1] @ np.cos(phases)
decay = np.exp(-0.02 * (2 * np.pi * waves) ** 2)  # heat conduction for a while
after = (weights[0] * decay) @ np.sin(phases) + (weights[1] * decay) @ np.cos(phases)
np.savez(folder / "rod.npz", before=before, after=after)

# %% Read it, saying what cannot be guessed, and see what was found and assumed
samples = fredholm.read(folder / "rod.npz", input="before", target="after", extent=2.0)
print("\n".join(samples.origin["assumed"]))
print(fredholm.check(samples))

# %% Train on most of it
train, test = samples[:270], samples[270:]
budget = fredholm.Budget(steps=200) if small else fredholm.Budget(seconds=30)
surrogate = fredholm.learn(train, budget=budget)

# %% Keep it, and use it somewhere else: on labelled arrays, at another resolution
loaded = fredholm.Surrogate.load(surrogate.save(folder / "surrogate"))
write_netcdf(test, folder / "test.nc")
fine = test.inputs.at(test.inputs.grid.resized(256))
prediction = loaded.predict(fine)
print(prediction.to_xarray())
print(*loaded.check(fine.with_values(10 * fine.values)), sep="\n")

# %% The number to remember
error = loaded.evaluate(test).relative_l2
print(f"relative L2 error on the last thirty samples: {error:.1%}")
