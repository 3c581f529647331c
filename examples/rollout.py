"""From an evolution equation to a step that can be repeated: solver, surrogate, rollout."""

# %% State the equation (Kuramoto-Sivashinsky, chaotic), the domain and what varies
import os

import torch

import fredholm
from fredholm.domains import Axis, Grid
from fredholm.equations import div, dt, eq, field, lap
from fredholm.metrics import error_curve, valid_time
from fredholm.objectives import Chain
from fredholm.operators import rollout
from fredholm.problems import Problem
from fredholm.problems.priors import FourierSeries
from fredholm.systems.learn import Choices

u = field("u")
problem = Problem(
    key="ks",
    title="Kuramoto-Sivashinsky",
    equations={"u": eq(dt(u) + div(u**2 / 2), -lap(u) - lap(lap(u)))},
    domain=Grid((64,), 22.0, periodic=True),
    time=Axis(41, 0.0, 20.0, name="t"),
    varies={"u": FourierSeries(modes=3)},
    warmup=40.0,
    warmup_steps=400,
)

# %% Solve it for random initial states, with an error estimate on each trajectory
small = "FREDHOLM_SMALL" in os.environ
fredholm.generate(problem, 20 if small else 300, path="ks.nc", tol=1e-4)
samples = fredholm.read("ks.nc")
print(samples.targets.grid, "reference error", float(samples.error.max()))

# %% The solver is a step like any other: frames half a time unit apart, as many as you like
step = problem.stepper(tol=1e-6)
start = problem.sample(2, generator=torch.Generator().manual_seed(1))
truth = rollout(step, start, 100, interval=step.interval)

# %% Learn the step from the trajectories, through two repetitions of itself
surrogate = fredholm.learn(
    samples,
    "fno",
    budget=fredholm.Budget(steps=100) if small else fredholm.Budget(seconds=300),
    choices=Choices(trajectory="step", chain=Chain(2), hyper={"modes": 16}),
)
print("median error after 1, 10, 40 steps:", [surrogate.expected_growth[k] for k in (0, 9, -1)])

# %% Roll it out beyond the training's horizon, and ask how long to believe it
answer = surrogate.rollout(start, 100)
for warning in answer.warnings:
    print("note:", warning)
time = valid_time(answer.mean, truth)
print("correlation with the truth stays above 0.8 until t =", time.tolist())
curve = error_curve(answer.mean, truth)
print(f"relative error after one step: {float(curve[:, 0].mean()):.4f}")
