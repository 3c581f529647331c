"""From a file of your own simulations to predictions with coordinates, units and warnings."""

# %% A file as any solver might leave it: plain arrays, no coordinates
import os
import tempfile
from pathlib import Path

import numpy as np

import fredholm

small = bool(os.environ.get("FREDHOLM_SMALL"))
folder = Path(tempfile.mkdtemp())
random = np.random.default_rng(0)
x, waves = np.arange(64) / 64, np.arange(1, 5)
angles = 2 * np.pi * waves[:, None] * x
weights = random.normal(size=(2, 300, 4)) / waves
before = weights[0] @ np.sin(angles) + weights[1] @ np.cos(angles)
# A growing surface, h_t = D (h_xx + h_x²): its exponential obeys the heat equation.
decay = np.exp(-0.002 * (2 * np.pi * np.arange(33)) ** 2)
after = np.log(np.fft.irfft(decay * np.fft.rfft(np.exp(before))))
np.savez(folder / "surface.npz", before=before, after=after)

# %% Read it, saying what cannot be guessed, and see what was found and assumed
path = folder / "surface.npz"
samples = fredholm.read(path, input="before", target="after", extent=2.0)
print("\n".join(samples.origin["assumed"]))
for finding in fredholm.check(samples).findings:
    print(finding)

# %% Train on most of it; the last thirty are for the error
train, test = samples[:270], samples[270:]
budget = fredholm.Budget(steps=200) if small else fredholm.Budget(seconds=30)
surrogate = fredholm.learn(train, budget=budget)

# %% Keep it, and use it somewhere else, at another resolution
loaded = fredholm.Surrogate.load(surrogate.save(folder / "surrogate"))
fine = test.inputs.at(test.inputs.grid.resized(256))
print(loaded.predict(fine).to_xarray())

# %% An input unlike those of the training is answered with a warning
print(*loaded.predict(fine.with_values(5 * fine.values)).warnings)

# %% The error on surfaces that it has not seen, beside what costs nothing
evaluation = loaded.evaluate(test)
for name, errors in evaluation.baselines.items():
    print(f"{name:20} {float(errors.mean()):.1%}")
error = evaluation.relative_l2
print(f"relative L2 error on the last thirty samples: {error:.2%}")
