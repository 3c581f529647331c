"""A whole trajectory at once: from the initial state of Burgers to all later times."""

# %% The task: u(0, x) -> u(t, x) at eight times
import os
import tempfile
from pathlib import Path

import fredholm

small = bool(os.environ.get("FREDHOLM_SMALL"))
problem = fredholm.build_problem("burgers", nu=0.05, frames=9, horizon=0.5)
path = Path(tempfile.mkdtemp()) / "burgers.nc"
n = 80 if small else 600
fredholm.generate(problem, n, path=path, resolution=64, seed=0, tol=1e-4)
samples = fredholm.read(path)
train, test = samples[:-20], samples[-20:]

# %% Shifts of the ring and (x, u) -> (-x, -u) are found in the samples and used
budget = fredholm.Budget(steps=120) if small else fredholm.Budget(seconds=60)
surrogate = fredholm.learn(train, "fno", budget=budget, tell=print)

# %% The initial frame is given, so it is not scored; persistence is what nothing costs
evaluation = surrogate.evaluate(test)
for name, errors in evaluation.baselines.items():
    print(f"{name:20} {float(errors.mean()):.1%}")
print(surrogate.predict(test.inputs).to_xarray())
error = evaluation.relative_l2
print(f"relative L2 error over all times: {error:.1%}")
