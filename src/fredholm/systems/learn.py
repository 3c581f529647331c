"""From samples to a surrogate in one call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from fredholm.data import Samples, StreamedSamples, first_step
from fredholm.errors import FredholmError
from fredholm.fields import Group
from fredholm.fields.map_symmetries import is_trivial
from fredholm.objectives import Augmented, Chain, Objective
from fredholm.operators import GroupAveraged, Operator
from fredholm.surrogates import Limits, Surrogate, evaluate, fit_baselines
from fredholm.systems import Card, Recipe, card
from fredholm.systems.plan import Plan, Trajectory, plan, seen
from fredholm.systems.symmetries import chosen_symmetries
from fredholm.systems.wrapping import build
from fredholm.training import Budget, Checkpoints, Moment, threads, threads_for

_HEAD = 4000
"""Samples that scales, limits and symmetries are taken from, at most."""
_ASKED = 256
"""Held-out samples that the expected error is measured on, at most."""


@dataclass(frozen=True)
class Choices:
    """What may be chosen about a training besides the system and its budget.

    Args:
        hyper: Hyper-parameters of the system.
        validation: Fraction, or number, of the samples held out to choose the weights.
        symmetry: A group, by its name or its members (`fredholm.fields.members`), or `"auto"` for
            what the equations of the samples have, or else what the samples support.
        trajectory: Where the targets are trajectories: `"unrolled"` trains a step through all its
            repetitions, `"direct"` answers all times at once, `"step"` learns the map from a frame
            to the next, `"pairs"` that from a frame to any later one, told the time between them;
            `"auto"` answers up to 32 frames at once and learns steps of longer trajectories.
        chain: How steps are trained for their rollouts, by default on single steps. It takes the
            place of the distances to known targets in the recipe's objective; the rest stays.
        noise: Size of the noise on the inputs of steps, relative to their root mean square.
        recipe: Optimiser, objective and batch; by default those of the system's card.
        device: `"cpu"`, `"cuda"`, or `"auto"` for the faster one that is there.
    """

    hyper: Mapping[str, Any] = field(default_factory=dict)
    validation: float | int = 0.1
    symmetry: Group = "auto"
    trajectory: Trajectory = "auto"
    chain: Chain | None = None
    noise: float = 0.0
    recipe: Recipe | None = None
    device: str = "auto"


def learn(
    samples: Samples | StreamedSamples,
    system: str | Card = "fno",
    *,
    budget: Budget | None = None,
    choices: Choices | None = None,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    watch: Callable[[Moment, float], None] | None = None,
    tell: Callable[[str], None] = lambda sentence: None,
) -> Surrogate:
    """Trains a system on samples and returns it with its scales, limits and baselines.

    Args:
        samples: Pairs of functions, in memory or streamed; a part of them is held out to choose
            the weights.
        system: Name of a card, see `fredholm.systems.keys()`, or a card of your own.
        budget: When to stop, by default after 60 seconds.
        choices: Everything else that may be chosen.
        seed: Seed of the split, the initial weights and the training.
        checkpoints: Where snapshots go.
        watch: Called about forty times with the state of the training.
        tell: Called with sentences about what was decided.

    Raises:
        FredholmError: The system, a choice or the samples cannot be used, or training diverged.
    """
    _check(samples, budget)
    choices = choices or Choices()
    chosen = card(system) if isinstance(system, str) else system
    train, held_out = samples.split(
        choices.validation, generator=torch.Generator().manual_seed(seed)
    )
    recipe = choices.recipe or chosen.recipe
    way = plan_for(train.head(1), chosen, choices)
    train, held_out = seen(train, way.view), seen(held_out, way.held_out)
    head = first_step(train.head(_HEAD))  # a step leads to the first frame of a window
    symmetry, translations = chosen_symmetries(head, choices.symmetry, seed, tell)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        operator = build(chosen, head, choices.hyper, translations, way.kind)
    operator.to(choose_device(choices.device))
    points = head.targets.values[0].numel()
    with threads(threads_for(points, recipe.batch)):
        record = recipe.fit(
            operator,
            train,
            objective=_augmented(way.objective, symmetry),
            budget=budget or Budget(seconds=60),
            validation=held_out,
            measure=way.measure,
            optimiser=recipe.optimiser,
            batch=recipe.batch,
            seed=seed,
            checkpoints=checkpoints,
            watch=watch,
        )
    if not is_trivial(symmetry) and not chosen.closed_form:
        # Averaged only now: it multiplies the cost of an answer by the order of the group.
        operator = GroupAveraged(operator, symmetry, head.signature.spatial_dim).eval()
    growth = way.growth(operator, held_out.head(_ASKED))
    return Surrogate(
        operator=operator,
        signature=head.signature,
        record=record,
        limits=_limits(head),
        baselines=fit_baselines(head.to(torch.float32)),
        expected_error=growth[0] if growth else _held_out_error(operator, held_out.head(_ASKED)),
        expected_growth=growth,
        origin=samples.origin,
    )


def _check(samples: object, budget: object) -> None:
    """Refuses what is neither samples nor a budget."""
    if not isinstance(samples, Samples | StreamedSamples):
        raise FredholmError(
            "learn holds out some of samples in memory or streamed from a file, got "
            f"{type(samples).__name__}: read a file with fredholm.read, and train an operator on "
            "anything else with fredholm.training.fit"
        )
    if not isinstance(budget, Budget | None):
        raise FredholmError(f"budget= is a Budget, such as Budget(seconds=60), got {budget!r}")


def plan_for(head: Samples, chosen: Card, choices: Choices) -> Plan:
    """What is trained on and judged by, for samples like these.

    Raises:
        FredholmError: The choices contradict each other or the samples.
    """
    view = chosen.view
    return plan(
        head,
        choices.trajectory,
        (choices.recipe or chosen.recipe).objective,
        chain=choices.chain,
        noise=choices.noise,
        view=view and (lambda samples: view(samples, choices.hyper)),
    )


def _augmented(objective: Objective, symmetry: Group) -> Objective:
    return objective if is_trivial(symmetry) else Augmented(objective, symmetry)


def _limits(head: Samples) -> Limits:
    """The range of the training inputs and of the parameters."""
    names = tuple(variable.name for variable in head.input_variables)
    columns = () if head.params is None else head.params.unbind(-1)
    params = {variable.name: c for variable, c in zip(head.param_variables, columns)}
    return Limits.of(head.inputs, names, params)


def _held_out_error(operator: Operator, held_out: Samples) -> float:
    """Median relative L2 error on the held-out samples."""
    return float(evaluate(operator, held_out).errors.median())


def choose_device(name: str) -> torch.device:
    """The device of that name; `"auto"` is the first CUDA device, or the CPU without one.

    Raises:
        FredholmError: There is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(0, device=name)
        return torch.device(name)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise FredholmError(f"device {name!r} cannot be used here: {reason}") from error
