"""Training in two stages: an operator, then a second one on what the first leaves."""

import math
from collections.abc import Callable
from dataclasses import replace

import torch

from fredholm.data import Samples, StreamedSamples
from fredholm.objectives import Augmented, Noisy, Objective, Own
from fredholm.operators import Boosted, Operator
from fredholm.training.budget import Budget
from fredholm.training.checkpoints import Checkpoints
from fredholm.training.fit import fit
from fredholm.training.optimiser import AdamW
from fredholm.training.record import Moment, Record
from fredholm.training.validation import Measure, errors

Watch = Callable[[Moment, float], None]


def fit_boosted(
    operator: Operator,
    samples: Samples | StreamedSamples,
    *,
    objective: Objective | None = None,
    budget: Budget | None = None,
    validation: Samples | StreamedSamples | None = None,
    measure: Measure = errors,
    optimiser: AdamW | None = None,
    batch: int = 16,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    watch: Watch | None = None,
) -> Record:
    """Trains an operator that holds a `Boosted`, as `fredholm.training.fit` trains others.

    The first half of the budget trains the first of the two on the objective. Then its errors on
    the training samples are measured, and the second half trains the second on them alone.

    Args:
        operator: Holds one `Boosted`; whatever wraps it hands its own terms inwards.
        samples, validation, measure, optimiser, batch, seed, watch: As in `fit`.
        objective: What the first stage minimises; noise and symmetries hold for both.
        budget: Of both stages together, by default 100 epochs.
        checkpoints: Where snapshots go; those of the second stage into a folder of their own.

    Raises:
        ValueError: The operator holds no `Boosted`, or more than one; or the budget is a single
            step.
        DivergedError, Interrupted, FormatError: As in `fit`.
    """
    boosted = _only(operator)
    whole = budget or Budget(epochs=100)
    halves = _halves(whole, -(-len(samples) // batch))
    boosted.scale.zero_()
    first = fit(
        operator,
        samples,
        objective=objective,
        budget=halves[0],
        validation=validation,
        measure=measure,
        optimiser=optimiser,
        batch=batch,
        seed=seed,
        checkpoints=checkpoints,
        watch=watch and (lambda moment, spent: watch(moment, spent / 2)),
    )
    boosted.scale.fill_(_size_of_errors(operator, samples, batch))

    def later(moment: Moment, spent: float) -> None:
        if watch:
            watch(_after(first, moment), 0.5 + spent / 2)

    second = fit(
        operator,
        samples,
        objective=_own(objective),
        budget=halves[1],
        validation=validation,
        measure=measure,
        optimiser=optimiser,
        batch=batch,
        seed=seed + 1,
        checkpoints=checkpoints and replace(checkpoints, folder=checkpoints.folder / "second"),
        watch=later,
    )
    return _joined(first, second, whole, boosted)


def _only(operator: Operator) -> Boosted:
    """The one `Boosted` inside an operator."""
    found = [part for part in operator.modules() if isinstance(part, Boosted)]
    if len(found) != 1:
        raise ValueError(f"fit_boosted trains an operator with one Boosted, got {len(found)}")
    return found[0]


def _own(objective: Objective | None) -> Objective:
    """The operator's own loss, on inputs as noisy or moved as those of the first stage."""
    if isinstance(objective, Augmented | Noisy):
        return replace(objective, objective=_own(objective.objective))
    return Own()


def _halves(budget: Budget, steps_per_epoch: int) -> tuple[Budget, Budget]:
    """The budgets of the two stages."""
    if budget.seconds is not None:
        return Budget(seconds=budget.seconds / 2), Budget(seconds=budget.seconds / 2)
    steps = budget.steps or (budget.epochs or 0) * steps_per_epoch
    if steps < 2:
        raise ValueError("two stages need a budget of at least two steps")
    return Budget(steps=steps // 2), Budget(steps=steps - steps // 2)


def _size_of_errors(operator: Operator, samples: Samples | StreamedSamples, batch: int) -> float:
    """Root mean square of what the first stage leaves on the samples, in the units of `Boosted`.

    Wrappers hand the question inwards in their units, so that it is asked from outside.
    """
    place = next(operator.parameters())
    total, source = 0.0, torch.Generator()
    with torch.no_grad():
        for part in samples.to(place.device, place.dtype).batches(batch):
            terms = Own()(operator, part, generator=source)
            total += len(part) * float(terms["error"])
    return max(math.sqrt(total / len(samples)), torch.finfo(torch.float32).tiny)


def _after(first: Record, moment: Moment) -> Moment:
    """A moment of the second stage, counted from the beginning of the first."""
    return replace(
        moment,
        step=moment.step + first.steps,
        epoch=moment.epoch + first.epochs,
        seconds=round(moment.seconds + first.seconds, 3),
    )


def _joined(first: Record, second: Record, budget: Budget, boosted: Boosted) -> Record:
    """Both stages as one story."""
    settings = first.settings | {
        "budget": str(budget),
        "stages": [first.settings["objective"], second.settings["objective"]],
        "scale": float(boosted.scale),
    }
    return replace(
        second,
        settings=settings,
        history=(*first.history, *(_after(first, moment) for moment in second.history)),
        steps=first.steps + second.steps,
        epochs=first.epochs + second.epochs,
        seconds=round(first.seconds + second.seconds, 3),
        best=second.best and _after(first, second.best),
    )
