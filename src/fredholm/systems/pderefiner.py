"""PDE-Refiner.

The published ratio does not hold at the size of two cores (`records/reproduce`). After 2500 updates
the error of one step is 1.2 %, with the same network on the squared error 0.28 %, and rollouts are
correlated for 27 time units, not 40: four questions are learned in as many updates. The publication
took 400 epochs; size `paper` comes closer to it. What does hold: the spread of the members is the
error of their mean (ratio 1.04), and they part where the truth is lost (correlation 0.70 over the
tests).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data import forecast, one_step
from fredholm.fields import Field, Given
from fredholm.metrics import correlation_curve, error_by_band, relative_l2, valid_time
from fredholm.models import ConditionalUNet, Refiner
from fredholm.objectives import MeanSquare, Own
from fredholm.operators import OnGrid, Operator, at_least_one, rollout
from fredholm.systems.card import Card, Outcome, Recipe, Task
from fredholm.systems.chaos import learned_step, trajectories
from fredholm.systems.experiments import Tell
from fredholm.systems.learn import choose_device
from fredholm.training import AdamW

_BAR, _HIGH_BAR = 1 / 1.15, 0.7


@dataclass(frozen=True)
class _Size:
    """Size of the experiment: samples, networks, updates of their weights, and the tests."""

    trajectories: int
    frames: int
    points: int
    width: int
    levels: int
    updates: int
    batch: int
    rate: float
    tests: int
    horizon: int
    members: int


_SIZES = {
    "small": _Size(256, 100, 128, 16, 2, 2500, 16, 2e-3, 32, 150, 4),
    # As published, but for the number of updates, there 400 epochs.
    "paper": _Size(2048, 140, 256, 64, 3, 100_000, 128, 1e-4, 128, 200, 8),
}


def build(
    task: Task,
    *,
    hidden_channels: int = 24,
    levels: int | None = None,
    refinements: int = 3,
    smallest: float = 4e-7,
) -> Operator:
    """A refiner with a U-Net, at home on the grid of the inputs.

    Args:
        task: What it is built for.
        hidden_channels: Channels of the U-Net on the finest level.
        levels: Number of its coarser levels; by default down to about sixteen points.
        refinements: Refinements after the prediction; each costs another call of the network.
        smallest: Variance of the smallest noise, relative to the answer.
    """
    at_least_one(refinements=refinements)
    grid = task.input_grid
    inputs, outputs = task.channels
    if levels is None:
        levels = max(min(min(grid.shape).bit_length() - 5, 3), 1)
    network = ConditionalUNet(
        inputs + outputs,
        outputs,
        grid.dim,
        conditions=1 + len(task.signature.params),
        hidden_channels=hidden_channels,
        levels=levels,
    )
    return OnGrid(Refiner(network, outputs, steps=refinements, smallest=smallest), grid)


def experiment(seed: int, tell: Tell, size: Literal["small", "paper"] = "small") -> Outcome:
    """Kuramoto-Sivashinsky: the refiner against the same U-Net trained on the squared error.

    All networks see the same steps for the same number of updates, with averaged weights; one on
    the squared error has about four times the parameters, because the refiner takes four calls for
    an answer. They are rolled out from new states of the attractor. The ratio is that of the mean
    times until the correlation with the truth falls below 0.8; the error of one step in the waves
    of wavenumber 12 and more must fall too. The refiner's members tell when they part: how that
    goes with the time at which they lose the truth is among the figures.
    """
    chosen = _SIZES[size]
    device = choose_device("auto" if size == "paper" else "cpu")
    tell(f"solving for {chosen.trajectories} + {chosen.tests} trajectories")
    shape = {"points": chosen.points}
    steps = one_step(trajectories(chosen.trajectories, chosen.frames, seed, **shape))
    test = trajectories(chosen.tests, chosen.horizon, seed + 1_000_000, **shape).to(device)
    truth, figures, operators = forecast(test), {}, {}
    for name, network, objective in _contestants(chosen):
        tell(f"training {name} for {chosen.updates} updates on {len(steps)} steps")
        optimiser = AdamW(lr=chosen.rate, weight_decay=0.0, average=0.995)
        recipe = Recipe(optimiser, objective, chosen.batch)
        operators[name], record = learned_step(
            network, steps, recipe, updates=chosen.updates, seed=seed, device=device
        )
        rolled = _rolled(operators[name], truth.inputs, truth.targets)
        figures[name] = {
            "correlation_time": float(valid_time(rolled, truth.targets).mean()),
            **_of_one_step(operators[name], truth.inputs, truth.targets),
            "parameters": record.parameters,
            "seconds": record.seconds,
        }
        tell(f"  correlated for {figures[name]['correlation_time']:.1f} time units")
    mse, refiner = figures["mse"], figures["refiner"]
    ratio = mse["correlation_time"] / refiner["correlation_time"]
    high = refiner["error_by_band"]["high"] / mse["error_by_band"]["high"]
    return Outcome(
        ratio=ratio,
        bar=_BAR,
        baseline="the same U-Net trained on the squared error (inverse correlation times)",
        figures={
            **figures,
            "high_band_ratio": high,
            "high_band_bar": _HIGH_BAR,
            "ensemble": _ensemble(operators["refiner"], truth.inputs, truth.targets, chosen),
            "size": size,
        },
        passed=ratio <= _BAR and high <= _HIGH_BAR,
    )


def _contestants(size: _Size) -> list[tuple[str, Callable[[], Operator], Any]]:
    """Name, network and objective of each."""

    def unet(inputs: int, conditions: int, factor: int = 1) -> Operator:
        return ConditionalUNet(
            inputs,
            1,
            1,
            conditions=conditions,
            hidden_channels=factor * size.width,
            levels=size.levels,
        )

    return [
        ("mse", lambda: unet(1, 0), MeanSquare()),
        ("mse, twice as wide", lambda: unet(1, 0, 2), MeanSquare()),
        ("refiner", lambda: Refiner(unet(2, 1), 1), Own()),
    ]


def _rolled(step: Operator, initial: Field, truth: Field, member: int = 0) -> Field:
    """The rollout on the frames of the truth."""
    steps = truth.grid.axis("t").size
    with torch.no_grad():
        found = rollout(step, initial, steps, Given(member=member), keep_diverged=True)
    return Field(found.values, truth.domain)


def _of_one_step(step: Operator, initial: Field, truth: Field) -> dict[str, Any]:
    """Errors of single steps from every tenth frame of the truth."""
    before = Field(truth.values[:, :-1:10].flatten(0, 1), initial.domain)
    after = Field(truth.values[:, 1::10].flatten(0, 1), initial.domain)
    with torch.no_grad():
        found = step(before)
    return {
        "one_step_relative_l2": float(relative_l2(found, after).mean()),
        "error_by_band": error_by_band(found, after),
    }


def _ensemble(step: Operator, initial: Field, truth: Field, size: _Size) -> dict[str, float]:
    """How the spread of the members goes with their error.

    The members' own correlation time is that of each with the mean of the others. `agreement` is
    the correlation over the tests of its mean with that of the true correlation time; `spread_over
    _error` compares the spread with the error of the ensemble's mean before they part.
    """
    members = torch.stack(
        [_rolled(step, initial, truth, number).values for number in range(size.members)]
    )
    mean = members.mean(0)
    own, true = torch.zeros(len(initial)), torch.zeros(len(initial))
    for member in members:
        others = (mean * size.members - member) / (size.members - 1)
        found = Field(member, truth.domain)
        own += valid_time(found, Field(others, truth.domain)).float().cpu() / size.members
        true += valid_time(found, truth).float().cpu() / size.members
    together = correlation_curve(Field(mean, truth.domain), truth) > 0.8
    spread = members.var(0).mean((-2, -1))[together].mean().sqrt()
    error = (mean - truth.values).square().mean((-2, -1))[together].mean().sqrt()
    return {
        "agreement": _correlation(own, true),
        "spread_over_error": float(spread / error),
        "correlation_time_of_mean": float(valid_time(Field(mean, truth.domain), truth).mean()),
    }


def _correlation(x: Float[Tensor, "n"], y: Float[Tensor, "n"]) -> float:
    return float(torch.corrcoef(torch.stack([x, y]))[0, 1])


CARD = Card(
    key="pderefiner",
    title="PDE-Refiner: a prediction refined by denoising",
    reference="Lippe et al., NeurIPS 2023, arXiv:2308.05732",
    build=build,
    recipe=Recipe(
        optimiser=AdamW(lr=1e-3, weight_decay=0.0, average=0.995), objective=Own(), batch=16
    ),
    published=(
        "Kuramoto-Sivashinsky: rollouts correlated with the truth (above 0.8) for 98.5 time units, "
        "75.4 with the same U-Net trained on the squared error; Kolmogorov flow at Re = 1000: 10.7 "
        "against 9.7; the spread of draws tells when the truth is lost"
    ),
    experiment=experiment,
    sizes={"paper": partial(experiment, size="paper")},
    conditioned=True,
    for_use="for long rollouts, or where the uncertainty is wanted, at four times the cost",
)
