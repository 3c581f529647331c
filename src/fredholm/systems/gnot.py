"""General neural operator transformer."""

from collections.abc import Mapping
from typing import Any, Literal

import torch

from fredholm import problems
from fredholm.data import Samples
from fredholm.layers import box_axes
from fredholm.models import GNOT
from fredholm.operators import Operator
from fredholm.systems.card import Card, Outcome, Recipe, Task
from fredholm.systems.experiments import Tell, contest, costs, nodes, trivial
from fredholm.training import AdamW

_SECONDS, _BAR = 150.0, 0.5
_TRAINED, _TESTED = 400, 100
_EDGE = 0.055
_CELLS, _PAPER_SECONDS = 1000, 3600.0


def build(
    task: Task,
    *,
    hidden_channels: int = 64,
    layers: int = 3,
    heads: int = 4,
    experts: int = 2,
    weighted: bool = True,
) -> Operator:
    """A GNOT that reads the input on all points, and on the boundary where there is one.

    Args:
        task: What it is built for.
        hidden_channels: Channels of the tokens.
        layers: Number of blocks.
        heads: Heads of the attentions.
        experts: Networks in each mixture; their gates depend on the position.
        weighted: Whether functions are read by quadrature, independent of where points are dense.
    """
    return GNOT(
        *task.channels,
        box_axes(task.signature.input_domain),
        boundary_channels=task.boundary_channels if task.bounded else None,
        params=len(task.signature.params),
        hidden_channels=hidden_channels,
        layers=layers,
        heads=heads,
        experts=experts,
        weighted=weighted,
    )


def experiment(seed: int, tell: Tell) -> Outcome:
    """Poisson on star-shaped meshes of about 400 nodes: GNOT against a DeepONet.

    The input is the source on all nodes and the value on the boundary. The DeepONet sees both, and
    the shape, on a background grid. Both get the same 400 samples and the same seconds; the same
    100 shapes, that neither has seen, are asked for.

    The bar of a half was missed with seed 0, at 0.67: in its seconds GNOT sees each sample a dozen
    times, where the publication has 500 epochs.
    """
    tell(f"solving Poisson on {_TRAINED + _TESTED} shapes")
    samples = problems.build("poisson_shapes", mesh_size=_EDGE).samples(
        _TRAINED + _TESTED, seed=seed
    )
    contestants = {
        "gnot": {"hidden_channels": 48, "layers": 2},
        "deeponet": {"hidden_channels": 64, "layers": 2},
    }
    return _contest(
        samples,
        _TRAINED,
        contestants,
        seconds=_SECONDS,
        seed=seed,
        tell=tell,
        clock="processor",
    )


def paper(seed: int, tell: Tell) -> Outcome:
    """Elastic cells with a hole, 1000 to train on: GNOT against an FNO on a background grid.

    The shape of the hole is the only input. Sizes and epochs are near to those of the publication,
    whose cells are of a rubber, and where GNOT's relative error is 8.65e-3.
    """
    tell(f"solving {_CELLS + _CELLS // 5} elastic cells")
    samples = problems.build("elastic_cell").samples(_CELLS + _CELLS // 5, seed=seed)
    contestants = {"gnot": {"hidden_channels": 128, "layers": 4, "heads": 8}, "fno": {}}
    return _contest(samples, _CELLS, contestants, seconds=_PAPER_SECONDS, seed=seed, tell=tell)


def _contest(
    samples: Samples,
    trained: int,
    contestants: Mapping[str, Mapping[str, Any]],
    *,
    seconds: float,
    seed: int,
    tell: Tell,
    clock: Literal["wall", "processor"] = "wall",
) -> Outcome:
    """Trains on the first samples, and compares the two systems on the others."""
    samples = samples.to(torch.float32)
    train, test = samples[:trained], samples[trained:]
    surrogates = contest(train, contestants, seconds=seconds, seed=seed, tell=tell, clock=clock)
    found = {name: surrogate.evaluate(test) for name, surrogate in surrogates.items()}
    errors = {name: evaluation.relative_l2 for name, evaluation in found.items()}
    (_, baseline) = contestants
    ratio = errors["gnot"] / errors[baseline]
    return Outcome(
        ratio=ratio,
        bar=_BAR,
        baseline=baseline,
        figures={
            "relative_l2": errors,
            "baselines": trivial(found["gnot"]),
            "nodes": nodes(samples),
            "cost": costs(surrogates),
        },
        passed=ratio <= _BAR,
    )


CARD = Card(
    key="gnot",
    title="General neural operator transformer",
    reference="Hao et al., ICML 2023, arXiv:2302.14376",
    build=build,
    recipe=Recipe(optimiser=AdamW(lr=2e-3, weight_decay=5e-5, warmup=0.1), batch=4),
    published=(
        "relative L2 on elastic cells: GNOT 8.65e-3, OFormer 1.83e-2, Geo-FNO 2.20e-2; heat with "
        "several input functions: GNOT 2.56e-2, MIONet 0.145"
    ),
    experiment=experiment,
    sizes={"paper": paper},
    for_use="on meshes and clouds of any density, with boundary data, asked for anywhere",
    conditioned=True,
    scattered=True,
)
