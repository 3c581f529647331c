"""A surrogate of Darcy flow, from the statement to an error that can be believed."""

# %% A problem that is known by name: -∇·(a ∇u) = 1 on the square, a random, u = 0 on the boundary
import os
import tempfile
from pathlib import Path

import fredholm

small = bool(os.environ.get("FREDHOLM_SMALL"))
problem = fredholm.build_problem("darcy", low=3.0, high=12.0)
print("\n".join(str(equation) for equation in problem.equations.values()))

# %% Solve it many times; every sample carries an estimate of its own error
folder = Path(tempfile.mkdtemp())
resolution = 17 if small else 33
for name, n, seed in (("train", 100 if small else 800, 0), ("test", 20 if small else 100, 1)):
    fredholm.generate(problem, n, path=folder / f"{name}.nc", resolution=resolution, seed=seed)
train, test = (fredholm.read(folder / f"{name}.nc") for name in ("train", "test"))

# %% Learn the map from a to u; the symmetries of the square are found in the samples
budget = fredholm.Budget(steps=120) if small else fredholm.Budget(seconds=60)
surrogate = fredholm.learn(train, "fno", budget=budget, tell=print)

# %% The error on fields that it has not seen, beside what costs nothing
evaluation = surrogate.evaluate(test)
for name, errors in evaluation.baselines.items():
    print(f"{name:20} {float(errors.mean()):.1%}")
error = evaluation.relative_l2
print(f"relative L2 error of the surrogate: {error:.1%}")
