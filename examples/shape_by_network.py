"""A plate with a hole: one statement, solved by a network that keeps the conditions exactly."""

# %% The statement
import os

import torch

from fredholm.collocation import Sampling, Setup, solve_by_network
from fredholm.domains import Box, Disk, Grid
from fredholm.equations import coords, eq, field, lap, pi, sin
from fredholm.problems import Problem
from fredholm.training import Budget

small = "FREDHOLM_SMALL" in os.environ
(x, y), u = coords("x y"), field("u")
plate = Problem(
    key="plate",
    title="A heated plate with a cooled hole",
    equations={"u": eq(-lap(u), 10 * sin(pi * x))},
    domain=Grid((33, 33)),
    region=Box(((0, 1), (0, 1))) - Disk((0.5, 0.4), 0.2, name="hole"),
    boundary={"left|right|bottom|top": u, "hole": eq(u, -0.2)},
)

# %% A network of its coordinates, trained on nothing but the equation
setup = Setup(hyper={"width": 20, "layers": 2}, sampling=Sampling(interior=600))
solution = solve_by_network(plate, setup, budget=Budget(steps=25 if small else 100))
print("trial functions:", solution.trial.ansatz)
print("at (0.5, 0.8):", solution(torch.tensor([[0.5, 0.8]])).item())

# %% What can be believed of it
print(solution.verdict.sentence)
print(f"relative L2 error: {solution.verdict.error:.1e}")
