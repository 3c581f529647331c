"""Meshes of different shapes, to a surrogate for shapes never seen, and back to ParaView."""

# %% One statement on random shapes, solved by finite elements on a mesh for each
import os
import tempfile
from pathlib import Path

import torch

import fredholm
from fredholm.data import write_vtu
from fredholm.domains import Grid, mesh_region
from fredholm.equations import eq, field, lap
from fredholm.problems.shapes import StarShapes

small = bool(os.environ.get("FREDHOLM_SMALL"))
folder, size, u = Path(tempfile.mkdtemp()), 0.1 if small else 0.05, field("u")
membrane = fredholm.Problem(
    key="membrane",
    title="A membrane under even pressure, held at its edge",
    equations={"u": eq(-lap(u), 1)},
    domain=Grid((33, 33)),
    shapes=StarShapes(),
    mesh_size=size,
    boundary={"boundary": u},
    tolerance=5e-3,
)
solved = membrane.samples(40 if small else 200, seed=0)

# %% The same as a folder of VTU files, as any finite-element program might leave it
write_vtu(solved.targets, solved.target_variables, folder / "cases")
samples = fredholm.read(folder / "cases", target="u")
print(samples.inputs.domain, "and nothing else is given")

# %% Train on most shapes: morphed meshes and Gaussian processes need no network
train, test = samples[:-10], samples[-10:]
surrogate = fredholm.learn(train, "mmgp")

# %% A shape of your own, from a mesher or a file; the surrogate says how sure it is
mesh = mesh_region(StarShapes().sample(generator=torch.Generator().manual_seed(1)), size)
nothing = fredholm.Field(torch.zeros(1, len(mesh), 0), mesh)
answer, truth = surrogate.predict(nothing), membrane.solve(nothing).field
print(write_vtu(answer.mean, answer.variables, folder / "answer")[0].name, *answer.warnings)
middle = truth.values[0, :, 0].argmax()
print(f"largest deflection {float(answer.mean.values[0, middle]):.4f}", end="")
if answer.spread is not None:
    print(f" ± {float(answer.spread.values[0, middle]):.4f}", end="")
print(f", by the solver {float(truth.values[0, middle]):.4f}")

# %% The error on shapes that it has not seen, beside what costs nothing
evaluation = surrogate.evaluate(test)
for name, errors in evaluation.baselines.items():
    print(f"{name:20} {float(errors.mean()):.1%}")
print(f"relative L2 error on ten shapes: {evaluation.relative_l2:.2%}")
