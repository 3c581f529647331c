"""Graph neural operator."""

from dataclasses import replace

import torch

from fredholm import problems
from fredholm.data import Samples, solved
from fredholm.models import GNO, ConvNet
from fredholm.models.graph_kernel import Aggregation
from fredholm.operators import Operator
from fredholm.systems.card import Card, Outcome, Recipe, Task
from fredholm.systems.experiments import Tell, costs, errors_on, trained
from fredholm.systems.learn import Choices
from fredholm.systems.on_points import ball_radius, point_features
from fredholm.training import AdamW, Budget

_SECONDS = {"gno": 90.0, "convolutions": 30.0}
_TRAINED, _TESTED = 100, 40
_COARSE, _FINE = 16, 31
_BAR, _WORSE = 1.3, 3.0


def build(
    task: Task,
    *,
    neighbours: int = 40,
    hidden_channels: int = 32,
    layers: int = 4,
    kernel_channels: int = 32,
    aggregation: Aggregation = "quadrature",
) -> Operator:
    """A GNO whose balls hold a given number of points where the samples have most of them.

    Args:
        task: What it is built for.
        neighbours: Points in a ball, about; their radius is the same on all domains.
        hidden_channels: Channels between the layers.
        layers: Repetitions of the integral operator.
        kernel_channels: Width of the kernel's hidden layers.
        aggregation: `"quadrature"` for means by volume, `"mean"` for means by number.
    """
    space = task.signature.input_domain
    return GNO(
        *task.channels,
        point_features(task, coordinates=not task.translations),
        ball_radius(space, neighbours),
        hidden_channels=hidden_channels,
        layers=layers,
        kernel_channels=kernel_channels,
        aggregation=aggregation,
    )


def experiment(seed: int, tell: Tell) -> Outcome:
    """Darcy flow: trained on 16 x 16 points, asked on 31 x 31, beside plain convolutions.

    Both see the same 100 samples; the same 40 others are asked for on the grid of the training and
    on the one with half its spacing. The ratio is that of the errors of the GNO on the two grids.
    That of the convolutions, whose stencils are counted in points, must be three or more.
    """
    tell(f"solving Darcy flow for {_TRAINED + _TESTED} permeabilities")
    fine = darcy_samples(_TRAINED + _TESTED, _FINE, seed)
    coarse = thinned(fine, _COARSE)
    contestants = {
        "gno": (CARD, {"neighbours": 48, "hidden_channels": 24, "kernel_channels": 32}),
        "convolutions": (_PLAIN, {}),
    }
    surrogates = {
        name: trained(
            card,
            coarse[:_TRAINED],
            Choices(hyper=hyper, symmetry="none"),
            Budget(seconds=_SECONDS[name], clock="processor"),
            seed=seed,
            tell=tell,
        )
        for name, (card, hyper) in contestants.items()
    }
    tests = {str(_COARSE): coarse[_TRAINED:], str(_FINE): fine[_TRAINED:]}
    errors = errors_on(tests, surrogates, tell)
    ratios = {name: found[str(_FINE)] / found[str(_COARSE)] for name, found in errors.items()}
    return Outcome(
        ratio=ratios["gno"],
        bar=_BAR,
        baseline="itself at the resolution of the training",
        figures={
            "relative_l2": errors,
            "convolutions_ratio": ratios["convolutions"],
            "convolutions_least": _WORSE,
            "cost": costs(surrogates),
        },
        passed=ratios["gno"] <= _BAR and ratios["convolutions"] >= _WORSE,
    )


def darcy_samples(count: int, points: int, seed: int) -> Samples:
    """Darcy flow on so many points per side, solved on twice as many intervals."""
    samples = solved(problems.build("darcy"), count, seed=seed, resolution=points, tol=1e-4)
    return samples.to(torch.float32)


def thinned(samples: Samples, points: int) -> Samples:
    """The same functions on some of the points of their grid."""
    grid = samples.inputs.grid.resized(points)
    inputs, targets = (u.at(grid, method="nearest") for u in (samples.inputs, samples.targets))
    return replace(samples, inputs=inputs, targets=targets)


def _plain(task: Task, *, hidden_channels: int = 32, layers: int = 8, width: int = 5) -> Operator:
    """Convolutions on whatever grid they are asked, not on that of the training.

    Args:
        task: What they are built for.
        hidden_channels: Channels between the convolutions.
        layers: Number of convolutions.
        width: Points of their stencils per axis.
    """
    dim = len(task.signature.input_domain.names)
    return ConvNet(*task.channels, dim, hidden_channels=hidden_channels, layers=layers, width=width)


_PLAIN = Card(
    key="plain convolutions",
    title="Convolutions that are not told the spacing",
    reference="Zhu & Zabaras, J. Comput. Phys. 2018, arXiv:1801.06879",
    build=_plain,
    recipe=Recipe(optimiser=AdamW(lr=3e-3), batch=4),
)

CARD = Card(
    key="gno",
    title="Graph neural operator",
    reference="Li et al., 2020, arXiv:2003.03485; Kovachki et al., JMLR 2023, arXiv:2108.08481",
    build=build,
    recipe=Recipe(optimiser=AdamW(lr=5e-3), batch=4),
    published=(
        "Darcy flow, relative L2 on 85, 141, 211 and 421 points per side: GNO 0.0346, 0.0332, "
        "0.0342, 0.0369; a fully convolutional network 0.0253, 0.0493, 0.0727, 0.1097"
    ),
    experiment=experiment,
    for_use="on clouds and meshes of any density, of a few thousand points, where near ones matter",
    scattered=True,
)
