"""The training loop."""

import time
from collections.abc import Callable
from typing import Any

import torch

from fredholm.data import DrawnSamples, Samples, SimulatedSamples, StreamedSamples
from fredholm.errors import Interrupted
from fredholm.objectives import Objective, RelativeL2
from fredholm.operators import ClosedForm, Operator
from fredholm.training.budget import Budget
from fredholm.training.checkpoints import Checkpoints
from fredholm.training.interruption import polite_interruption
from fredholm.training.optimiser import AdamW
from fredholm.training.record import Moment, Record, device_of
from fredholm.training.state import State
from fredholm.training.validation import Measure, errors

LOOKS = 40
"""How often in a run the validation error is measured, at most."""
_AT_ONCE = 20_000
"""Most samples that a closed-form fit looks at."""


def fit(
    operator: Operator,
    samples: Samples | StreamedSamples | SimulatedSamples | DrawnSamples,
    *,
    objective: Objective | None = None,
    budget: Budget | None = None,
    validation: Samples | StreamedSamples | None = None,
    measure: Measure = errors,
    optimiser: AdamW | None = None,
    batch: int = 16,
    seed: int = 0,
    checkpoints: Checkpoints | None = None,
    watch: Callable[[Moment, float], None] | None = None,
) -> Record:
    """Trains an operator in place and leaves it with the weights that did best on validation.

    The order of the samples and every other random choice are functions of (seed, epoch, batch), so
    that a run can be repeated, and continued after a kill exactly as if nothing had happened. With
    a budget in seconds the schedule follows the clock and two runs agree only approximately.

    Args:
        operator: What is trained, on the device that its parameters are on. A `ClosedForm`
            operator takes its parameters from the samples at once.
        samples: Training samples, in memory, streamed from a file, solved while they are needed, or
            inputs alone; they are converted to the dtype of the parameters.
        objective: What is minimised, by default the relative L2 error.
        budget: When to stop, by default 100 epochs.
        validation: Held-out samples that choose the weights; without them the last are kept.
        measure: The errors of an operator on some of them, one per sample; by default relative L2.
        optimiser: Optimiser and schedule.
        batch: Samples per step.
        seed: Seed of all random choices.
        checkpoints: Where snapshots go; none without it.
        watch: Called at each look with the moment and the spent fraction of the budget.

    Raises:
        DivergedError: The objective is not finite.
        Interrupted: Ctrl-C or a termination signal; a snapshot has been written if asked for.
        FormatError: The snapshot to continue from belongs to another run.
    """
    if isinstance(operator, ClosedForm):
        return _fit_at_once(operator, samples.head(_AT_ONCE), seed)
    objective, budget = objective or RelativeL2(), budget or Budget(epochs=100)
    optimiser = optimiser or AdamW()
    settings = _settings(operator, samples, objective, budget, optimiser, batch, seed)
    place = next(operator.parameters())
    samples = samples.to(place.device, place.dtype)
    validation = None if validation is None else validation.to(place.device, place.dtype)
    state = State(operator, optimiser.build(operator.parameters()), measure)
    state.restore(checkpoints.load(settings) if checkpoints else None)
    per_epoch = -(-len(samples) // batch)
    saved, last = time.monotonic(), budget.now()

    def spent() -> float:
        return budget.progress(seconds=state.seconds, steps=state.step, steps_per_epoch=per_epoch)

    operator.train()
    with polite_interruption() as interrupted:
        while spent() < 1:
            epoch, position = divmod(state.step, per_epoch)
            for number, chosen in enumerate(
                samples.batches(batch, generator=_generator(seed, epoch))
            ):
                if number < position:
                    continue
                rate = optimiser.rate(spent())
                source = _generator(seed, epoch, number)
                terms = objective(operator, chosen, generator=source, progress=spent())
                state.advance(terms, rate, optimiser.clip, where=f"batch {number} of {per_epoch}")
                state.average(optimiser.average)
                now = budget.now()
                state.seconds, last = state.seconds + now - last, now
                if _due(state, budget, spent()):
                    moment = state.look(epoch + (number + 1 == per_epoch), rate, validation)
                    if watch:
                        watch(moment, spent())
                if checkpoints and time.monotonic() - saved > checkpoints.every:
                    checkpoints.save({"settings": settings, **state.snapshot()})
                    saved = time.monotonic()
                if interrupted():
                    raise _farewell(state, settings, checkpoints)
                if spent() >= 1:
                    break
    if checkpoints:
        checkpoints.save({"settings": settings, **state.snapshot()})
    return state.finish(settings, per_epoch)


def _due(state: State, budget: Budget, spent: float) -> bool:
    """Whether it is time for a look.

    Looks come at fixed fractions of the budget. Where that is a time, they are also held to a tenth
    of it: there they cost steps, and such a run is not exactly repeatable anyway.
    """
    if int(LOOKS * spent) <= state.looked:
        return False
    state.looked = int(LOOKS * spent)
    cheap = budget.seconds is None or state.looking <= 0.1 * state.seconds
    return cheap or spent >= 1


def _fit_at_once(operator: ClosedForm, samples: Samples, seed: int) -> Record:
    began = time.monotonic()
    place = next(operator.buffers(), torch.empty(0))
    samples = samples.to(place.device, place.dtype)
    operator.fit_given(samples.inputs, samples.targets, samples.given)
    settings = {"samples": len(samples), "seed": seed, "fit": "closed form"}
    return Record(settings, seconds=time.monotonic() - began, device=device_of(place))


def _settings(
    operator: Operator,
    samples: Samples | StreamedSamples | SimulatedSamples | DrawnSamples,
    objective: Objective,
    budget: Budget,
    optimiser: AdamW,
    batch: int,
    seed: int,
) -> dict[str, Any]:
    """What determines a run: two runs with equal settings are the same run."""
    shape = samples.signature
    return {
        "operator": type(operator).__name__,
        "parameters": sum(p.numel() for p in operator.parameters()),
        "samples": len(samples),
        "inputs": str(shape.input_domain),
        "targets": str(shape.target_domain),
        "objective": str(objective),
        "budget": str(budget),
        "optimiser": str(optimiser),
        "batch": batch,
        "seed": seed,
    }


def _generator(seed: int, *place: int) -> torch.Generator:
    """A source of randomness that depends only on the seed and the place in the run."""
    mixed = seed
    for number in place:
        mixed = (mixed * 1_000_003 + number + 1) % (2**63 - 25)
    return torch.Generator().manual_seed(mixed)


def _farewell(
    state: State, settings: dict[str, Any], checkpoints: Checkpoints | None
) -> Interrupted:
    if checkpoints is None:
        return Interrupted(f"stopped at step {state.step}; nothing was saved")
    checkpoints.save({"settings": settings, **state.snapshot()})
    return Interrupted(
        f"stopped at step {state.step} after {state.seconds:.0f} s of training; "
        f"the same command with --resume continues from {checkpoints.path}"
    )
