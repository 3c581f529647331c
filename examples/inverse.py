"""Find the viscosity of a flow, with its error, from 100 noisy measurements."""

# %% Burgers with a shock between walls; nobody tells that its viscosity is 0.01/π
import math
import os

import torch

from fredholm.collocation import Observations
from fredholm.domains import Axis, Grid
from fredholm.equations import field
from fredholm.fields import Field
from fredholm.inverse import invert
from fredholm.problems import build

SMALL = os.environ.get("FREDHOLM_SMALL") == "1"
nu = (0.1 if SMALL else 0.01) / math.pi
problem = build("burgers_shock", nu=nu)

# %% Measurements: the exact solution at random times and places, with 1 % noise
generator = torch.Generator().manual_seed(1)
points = torch.rand(100, 2, generator=generator).double() * torch.tensor([2.0, 1.0])
points -= torch.tensor([1.0, 0.0])
nothing = Field(torch.zeros(1, 257, 0, dtype=torch.float64), problem.domain)
values = []
for x, t in points.tolist():
    here = Grid.of(Axis(2, t, t + 1, name="t"), Axis(2, x, x + 1, name="x"))
    values.append(problem.exact(problem, nothing, here).values[0, 0, 0, 0])
clean = torch.stack(values)
noise = 0.01 * clean.std() * torch.randn(100, generator=generator)
observations = Observations(points, {"u": field("u")}, {"u": clean + noise})

# %% The search begins with three times the viscosity; each step solves the statement
start = build("burgers_shock", nu=3 * nu)
found = invert(start, observations, ["nu"])
print(found.sentence)

# %% The same by a network that learns the solution and the viscosity together:
#    invert(start, observations, ["nu"], through="network", budget=Budget(seconds=300))
error = abs(found.values["nu"] / nu - 1)
print(f"relative error of the viscosity: {error:.2%}")
