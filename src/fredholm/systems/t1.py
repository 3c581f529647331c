"""T1: transform once.

The claim holds by half. A training step takes a fifth of FNO's time, but at equal epochs the error
is higher: 9.8 % against 4.4 % on the flows of the FNO data (linear regression 11 %), 0.87 % against
0.64 % on flows of a sixth of their size, whose map is nearly linear. On 32 x 32 points eight layers
in place of four led to 9.0 % in place of 9.5 %, and the error on the training flows was half of
that: T1 has no notion of a shift, by which FNO knows that a flow behaves alike everywhere. The
published comparison has 1000 flows, 500 epochs and an FNO drawn with nearly vanishing layers.

The published experiment uses cosines; this one uses Fourier functions, because the flow is
periodic: cosines of 24 half waves leave out 1.1 % of the answers' norm.
"""

import statistics
import time
from typing import Literal

import torch

from fredholm.data import Samples
from fredholm.models import T1, CoefficientLayer
from fredholm.objectives import Own
from fredholm.operators import Operator
from fredholm.surrogates import Surrogate
from fredholm.systems import card
from fredholm.systems.card import Card, Outcome, Recipe, Task
from fredholm.systems.experiments import Tell, costs
from fredholm.systems.forced_flow import forced_flow
from fredholm.systems.learn import Choices, learn
from fredholm.training import AdamW, Budget

_POINTS, _TRAIN, _TEST, _EPOCHS = 64, 320, 80, 25
_SIZE = {"modes": 12, "hidden_channels": 24, "layers": 4}
_LAYERS, _REPEATS = 8, 9
"""Layers that are stacked to see what their first weights do; training steps that are timed."""


def build(
    task: Task,
    *,
    modes: int = 12,
    hidden_channels: int = 32,
    layers: int = 6,
    transform: Literal["auto", "cosine", "fourier"] = "auto",
) -> Operator:
    """A T1 with the same number of modes on each axis, as far as the grid resolves them.

    Args:
        task: What it is built for.
        modes: Wavenumbers kept per axis; half waves for the cosines.
        hidden_channels: Channels of the coefficients.
        layers: Number of layers.
        transform: Of the functions; `auto` takes Fourier on periodic grids and cosines elsewhere.
    """
    grid = task.input_grid
    if transform == "auto":
        transform = "fourier" if grid.periodic else "cosine"
    kept = tuple(min(modes, (axis.size + 1) // 2) for axis in grid.axes)
    return T1(
        *task.channels, kept, hidden_channels=hidden_channels, layers=layers, transform=transform
    )


def experiment(seed: int, tell: Tell) -> Outcome:
    """Navier-Stokes at ν = 1e-3, vorticity at t = 0 to t = 5 in one map: T1 against FNO.

    Both have the same modes, channels and layers, and see the same samples equally often. The ratio
    is that of the seconds of a training step, medians of steps taken in turn. The error of T1 on
    unseen flows must not be above 1.1 times FNO's, and the weights as they are drawn must keep the
    size of what passes eight layers, which those of the published FNO do not.
    """
    tell(f"solving Navier-Stokes for {_TRAIN + _TEST} flows on {_POINTS} x {_POINTS} points")
    flows = _flows(_TRAIN + _TEST, seed)
    train, test = flows[:_TRAIN], flows[_TRAIN:]
    trained: dict[str, Surrogate] = {}
    for key in ("t1", "fno"):
        tell(f"training {key} for {_EPOCHS} epochs on {_TRAIN} flows")
        trained[key] = learn(
            train,
            key,
            budget=Budget(epochs=_EPOCHS),
            choices=Choices(hyper=_SIZE, symmetry="none"),
            seed=seed,
        )
    evaluations = {key: surrogate.evaluate(test) for key, surrogate in trained.items()}
    errors = {key: found.relative_l2 for key, found in evaluations.items()}
    seconds = _seconds_per_step(trained, train[:16])
    sizes = {"t1": _size_after_layers(seed), "fno": _size_after_layers(seed, published_fno=True)}
    ratio, error_ratio = seconds["t1"] / seconds["fno"], errors["t1"] / errors["fno"]
    kept = 0.3 <= sizes["t1"] <= 3 and sizes["fno"] < 1e-2
    return Outcome(
        ratio=ratio,
        bar=0.5,
        baseline="fno (seconds per training step)",
        figures={
            "seconds_per_step": seconds,
            "relative_l2": errors,
            "error_ratio": error_ratio,
            "error_ratio_bar": 1.1,
            "size_after_eight_layers": sizes,
            "baselines": evaluations["t1"].to_json()["baselines"],
            "cost": costs(trained),
        },
        passed=ratio <= 0.5 and error_ratio <= 1.1 and kept,
    )


def _flows(count: int, seed: int) -> Samples:
    """Vorticities at t = 0 and t = 5, with the forcing of the FNO paper."""
    problem = forced_flow(5.0)
    generator = torch.Generator().manual_seed(seed)
    inputs = problem.sample(count, problem.grid(_POINTS), generator=generator)
    step = problem.stepper(5.0, tol=1e-4, resolution=_POINTS)
    targets = [step(inputs[rows]).values for rows in torch.arange(count).split(16)]
    return Samples(
        inputs,
        inputs.with_values(torch.cat(targets)),
        problem.input_variables,
        problem.target_variables,
        origin=problem.origin(tol=1e-4),
    ).to(torch.float32)


def _seconds_per_step(trained: dict[str, Surrogate], batch: Samples) -> dict[str, float]:
    """Medians of training steps that are taken in turn, so that other load meets both alike."""
    optimisers = {key: AdamW().build(s.operator.parameters()) for key, s in trained.items()}
    found: dict[str, list[float]] = {key: [] for key in trained}
    for _ in range(_REPEATS):
        for key, surrogate in trained.items():
            began = time.perf_counter()
            objective = card(key).recipe.objective
            terms = objective(surrogate.operator, batch, generator=torch.Generator())
            optimisers[key].zero_grad()
            torch.stack(list(terms.values())).sum().backward()
            optimisers[key].step()
            found[key].append(time.perf_counter() - began)
    return {key: statistics.median(seconds) for key, seconds in found.items()}


def _size_after_layers(seed: int, *, published_fno: bool = False) -> float:
    """Root mean square of standard normal numbers after eight layers as they are drawn.

    Args:
        seed: Seed of the weights.
        published_fno: Draw the matrices of the channels from [0, 1)/width², as FNO was published.
    """
    width, kept = _SIZE["hidden_channels"], (_SIZE["modes"],) * 2
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        z = torch.randn(*kept, 4, width)
        for _ in range(_LAYERS):
            layer = CoefficientLayer(width, kept)
            if published_fno:
                layer.kernel.uniform_(0, 1 / width**2)
            z = layer(z)
    return float(z.square().mean().sqrt())


CARD = Card(
    key="t1",
    title="T1: a network on the coefficients of one transform",
    reference="Poli et al., NeurIPS 2022, arXiv:2211.14453",
    build=build,
    recipe=Recipe(optimiser=AdamW(lr=3e-3), objective=Own(), batch=16),
    published=(
        "3 to 10 times faster than Fourier layers that transform back and forth, the more so the "
        "finer the grid, with errors that are lower by 20 % on average (Navier-Stokes to T = 50, "
        "airfoil flows, video of smoke)"
    ),
    experiment=experiment,
    for_use="on fine grids of smooth functions, where time counts more than the last digit",
)
