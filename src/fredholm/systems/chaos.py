"""Kuramoto-Sivashinsky on its attractor: steps to learn, and long trajectories to be judged by."""

from collections.abc import Callable

import torch

from fredholm import problems
from fredholm.data import Samples
from fredholm.fields import Field, Standardise
from fredholm.operators import Increment, Normalised, Operator, rollout
from fredholm.systems.card import Recipe
from fredholm.training import Budget, Record, fit

INTERVAL = 0.8
"""Time of a step, in which a state changes by a fifth of its size: that of the refiner's paper."""
_SUBSTEPS = 4
"""Steps of order 4 that make one interval, with a relative error below 1e-4."""


def trajectories(count: int, steps: int, seed: int, *, points: int = 128) -> Samples:
    """Trajectories of that many steps, the first frame of each its input, in single precision."""
    horizon = steps * INTERVAL
    problem = problems.build("kuramoto_sivashinsky", horizon=horizon, frames=steps + 1)
    generator = torch.Generator().manual_seed(seed)
    inputs = problem.sample(count, problem.grid(points), generator=generator)
    step = problem.stepper(substeps=_SUBSTEPS, resolution=points)
    later = rollout(step, inputs, steps, interval=INTERVAL)
    frames = torch.cat([inputs.values[:, None], later.values], dim=1)
    return Samples(
        inputs,
        Field(frames, problem.target_grid(inputs.grid)),
        problem.input_variables,
        problem.target_variables,
        origin=problem.origin(tol=1e-4),
    ).to(torch.float32)


def learned_step(
    network: Callable[[], Operator],
    steps: Samples,
    recipe: Recipe,
    *,
    updates: int,
    seed: int,
    changes: bool = True,
    device: torch.device | str = "cpu",
) -> tuple[Operator, Record]:
    """A step that is trained on single steps for a number of updates of its weights.

    Args:
        network: Makes the network, from states of size one.
        steps: States and the states that follow them.
        recipe: Optimiser, objective and batch.
        updates: Steps of the optimiser.
        seed: Seed of the weights and of the training.
        changes: The network answers with the change of the state, in units of its typical size.
        device: Where it is trained, and stays.
    """
    scale = Standardise(steps.inputs.channels).fit(steps.inputs)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        operator = network()
    if changes:
        difference = (steps.targets.values - steps.inputs.values) / scale.scale
        operator = Increment(operator, float(difference.square().mean().sqrt()))
    operator = Normalised(operator, scale, scale).to(device)
    record = fit(
        operator,
        steps,
        objective=recipe.objective,
        budget=Budget(steps=updates),
        optimiser=recipe.optimiser,
        batch=recipe.batch,
        seed=seed,
    )
    return operator, record
