"""Operators between the codes of functions.

At 30 points a function of Burgers' equation is determined well enough for interpolation: an FNO
behind it is left at 0.063 after 150 s, where CORAL has made 552 steps and is at 0.29, as a DeepONet
is. Its codes are not the reason, they leave less than one per cent of the functions; the map
between them is trained through gradients of gradients, in a fifth of the steps that the FNO makes.
The claim does not hold at this scale.
"""

from dataclasses import replace

import numpy as np
import torch

from fredholm import problems
from fredholm.data import Samples
from fredholm.domains import Grid, PointCloud, Scattered, Stack
from fredholm.fields import Field, Variable
from fredholm.layers import box_axes
from fredholm.metrics import relative_l2
from fredholm.models import CORAL
from fredholm.objectives import Own, RelativeL2, Stages
from fredholm.operators import Normalised, Operator
from fredholm.systems.card import Card, Outcome, Recipe, Task
from fredholm.systems.experiments import Tell, contest, costs
from fredholm.training import AdamW

_SECONDS, _BAR = 150.0, 0.6
_TRAINED, _TESTED = 256, 64
_FEW, _MANY = 30, 60
_GRID = Grid((128,), periodic=True)
_CODES_ALONE = 0.2
"""Fraction of a training in which only the codes are learned, and not the map between them."""


def build(
    task: Task,
    *,
    code: int = 32,
    hidden_channels: int = 64,
    layers: int = 3,
    input_frequency: float = 5.0,
    output_frequency: float = 10.0,
    steps: int = 3,
) -> Operator:
    """A CORAL in the box of the training samples.

    Args:
        task: What it is built for.
        code: Length of the codes.
        hidden_channels: Width of the networks.
        layers: Hidden layers of the networks.
        input_frequency: Angular frequency that the inputs have on the box scaled to [-1, 1].
        output_frequency: The same for the outputs.
        steps: Gradient steps that make a code.
    """
    space = task.signature.input_domain
    return CORAL(
        *task.channels,
        box_axes(space),
        shapes=isinstance(space, Scattered) and bool(space.parts),
        code=code,
        hidden_channels=hidden_channels,
        layers=layers,
        frequencies=(input_frequency, output_frequency),
        steps=steps,
    )


def experiment(seed: int, tell: Tell) -> Outcome:
    """Burgers known at 30 to 60 random points of each sample: CORAL, and operators on grids.

    Every sample knows u(0, ·) and u(1, ·) at points of its own. The DeepONet and the FNO are
    trained on what periodic linear interpolation makes of these on 128 equidistant points. All are
    asked for u(1, ·) there, of functions that they have not seen, from 30 random points of
    u(0, ·). The ratio is that to the better of the two.
    """
    train = scattered(solved(_TRAINED, seed), _FEW, _MANY, seed)
    truth = solved(_TESTED, seed + 1_000_000)
    test = scattered(truth, _FEW, _FEW, seed + 1_000_000)
    trained = contest(train, {"coral": {}}, seconds=_SECONDS, seed=seed, tell=tell)
    on_grid = interpolated(train)
    trained |= contest(on_grid, {"fno": {}, "deeponet": {}}, seconds=_SECONDS, seed=seed, tell=tell)
    inputs = {
        name: test.inputs if name == "coral" else interpolated(test).inputs for name in trained
    }
    errors = {
        name: float(relative_l2(s.predict(inputs[name], at=_GRID).mean, truth.targets).mean())
        for name, s in trained.items()
    }
    baseline = min(("fno", "deeponet"), key=lambda name: errors[name])
    ratio = errors["coral"] / errors[baseline]
    left = _left_of_functions(trained["coral"].operator, test)
    return Outcome(
        ratio=ratio,
        bar=_BAR,
        baseline=baseline,
        figures={
            "relative_l2": errors,
            "left_of_functions_after_code_steps": left,
            "cost": costs(trained),
        },
        passed=ratio <= _BAR and left <= 0.2,
    )


def solved(count: int, seed: int) -> Samples:
    """Initial and final states of Burgers on 128 points."""
    problem = problems.build("burgers", nu=0.02)
    u0 = problem.sample(count, _GRID, generator=torch.Generator().manual_seed(seed))
    final = problem.solve(u0, tol=1e-5).field
    labels = (Variable("u"),)
    return Samples(u0, final, labels, labels).to(torch.float32)


def scattered(samples: Samples, few: int, many: int, seed: int) -> Samples:
    """The same functions known at random points, between `few` and `many` of them."""
    generator = torch.Generator().manual_seed(seed)
    clouds = []
    for _ in range(len(samples)):
        count = int(torch.randint(few, many + 1, (), generator=generator))
        places = torch.rand(count, 1, generator=generator, dtype=torch.float64)
        clouds.append(PointCloud(places.sort(0).values))
    domains = Stack(tuple(clouds))
    return replace(samples, inputs=samples.inputs.at(domains), targets=samples.targets.at(domains))


def interpolated(samples: Samples) -> Samples:
    """Functions at scattered points on the grid, linear between them, periodic."""
    return replace(samples, inputs=_linear(samples.inputs), targets=_linear(samples.targets))


def _linear(u: Field) -> Field:
    x = _GRID.points()[:, 0].numpy()
    assert isinstance(u.domain, Stack)
    rows = [
        np.interp(x, cloud.coords[:, 0].numpy(), u.values[i, : len(cloud), 0].numpy(), period=1.0)
        for i, cloud in enumerate(u.domain)
    ]
    values = torch.from_numpy(np.stack(rows))[..., None]
    return Field(values.to(u.values), _GRID)


def _left_of_functions(operator: Operator, samples: Samples) -> float:
    """Mean squared distance of functions from their codes' relative to that from the code zero."""
    coral = next(part for part in operator.modules() if isinstance(part, CORAL))
    scale = next(part for part in operator.modules() if isinstance(part, Normalised)).encode
    with torch.no_grad():
        after, before = coral.left(scale.encode(samples.inputs))
    return float(after.mean() / before.mean())


CARD = Card(
    key="coral",
    title="Coordinate-based operator learning",
    reference="Serrano et al., NeurIPS 2023, arXiv:2306.07266",
    build=build,
    recipe=Recipe(
        optimiser=AdamW(lr=2e-3, clip=1.0),
        objective=Stages(Own(), Own() + RelativeL2(), _CODES_ALONE),
    ),
    published=(
        "relative error on airfoils 5.9e-3, elasticity 1.67e-2, pipes 1.20e-2; Geo-FNO 1.58e-2, "
        "3.41e-2, 6.6e-3 (as remembered, not read again)"
    ),
    experiment=experiment,
    for_use="when samples are known at few points, and answers are wanted anywhere",
    scattered=True,
)
