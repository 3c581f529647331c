"""The training loop."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.data import DrawnSamples, Samples, SimulatedSamples, StreamedSamples
from fredholm.errors import DivergedError, Interrupted
from fredholm.metrics import relative_l2
from fredholm.objectives import Objective, RelativeL2
from fredholm.operators import ClosedForm, Operator
from fredholm.training.budget import Budget
from fredholm.training.checkpoints import Checkpoints
from fredholm.training.interruption import polite_interruption
from fredholm.training.optimiser import AdamW
from fredholm.training.record import Moment, Record, device_of

LOOKS = 40
"""How often in a run the validation error is measured, at most."""
_AT_ONCE = 20_000
"""Most samples that a closed-form fit looks at."""

Measure = Callable[[Operator, Samples], Tensor]
"""Errors of an operator on some samples, one per sample."""


def errors(operator: Operator, samples: Samples) -> Float[Tensor, "batch"]:
    """The relative L2 errors of the answers on the targets' domain."""
    answer = operator(samples.inputs, samples.given, at=samples.targets.domain)
    return relative_l2(answer, samples.targets)


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
    state = _State(operator, optimiser.build(operator.parameters()), measure)
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


def _due(state: "_State", budget: Budget, spent: float) -> bool:
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
        "inputs": str(shape.input_grid),
        "targets": str(shape.target_grid),
        "objective": str(objective),
        "budget": str(budget),
        "optimiser": str(optimiser),
        "batch": batch,
        "seed": seed,
    }


@dataclass
class _State:
    """Everything that changes while training."""

    operator: Operator
    optimiser: torch.optim.Optimizer
    measure: Measure
    step: int = 0
    seconds: float = 0.0
    looked: int = 0
    looking: float = 0.0
    losses: list[float] = field(default_factory=list)
    history: list[Moment] = field(default_factory=list)
    best: Moment | None = None
    weights: dict[str, Tensor] = field(default_factory=dict)
    averaged: dict[str, Tensor] = field(default_factory=dict)

    def advance(self, terms: dict[str, Tensor], rate: float, clip: float, where: str) -> None:
        """One optimiser step."""
        loss = torch.stack(list(terms.values())).sum()
        value = loss.item()
        if not torch.isfinite(loss):
            parts = ", ".join(f"{name} = {term.item():g}" for name, term in terms.items())
            raise DivergedError(
                f"the objective is not finite at step {self.step}, {where} ({parts}): check the "
                "data with `fredholm check`, or lower the learning rate or clip the gradient"
            )
        self.optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.operator.parameters(), clip)
        for parameters in self.optimiser.param_groups:
            parameters["lr"] = rate
        self.optimiser.step()
        self.losses.append(value)
        self.step += 1

    def average(self, decay: float) -> None:
        """Moves the averaged weights towards the present ones, faster in the first steps."""
        if not decay:
            return
        decay = min(decay, self.step / (self.step + 9))
        for name, value in self.operator.state_dict().items():
            known = self.averaged.setdefault(name, value.detach().clone())
            if known.is_floating_point():
                known.lerp_(value.detach(), 1 - decay)

    def look(self, epoch: int, rate: float, validation: Samples | StreamedSamples | None) -> Moment:
        """Measures where the run stands; keeps the weights if they are the best so far."""
        began = time.monotonic()
        present = {k: v.detach().clone() for k, v in self.operator.state_dict().items()}
        kept = {k: v.clone() for k, v in self.averaged.items()} or present
        if kept is not present:
            self.operator.load_state_dict(kept)
        error = None if validation is None else mean_error(self.operator, validation, self.measure)
        if kept is not present:
            self.operator.load_state_dict(present)
        self.looking += time.monotonic() - began
        loss = sum(self.losses) / len(self.losses)
        moment = Moment(self.step, epoch, round(self.seconds, 3), rate, loss, error)
        self.losses = []
        self.history.append(moment)
        known = self.best.validation if self.best else None
        if error is None or known is None or error < known:
            self.best = moment
            self.weights = kept
        return moment

    def snapshot(self) -> dict[str, Any]:
        """Plain data from which the run continues exactly."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "looked": self.looked,
            "looking": self.looking,
            "losses": self.losses,
            "history": [vars(moment) for moment in self.history],
            "best": None if self.best is None else vars(self.best),
            "weights": self.weights,
            "averaged": self.averaged,
            "operator": self.operator.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "random": torch.get_rng_state(),
        }

    def restore(self, snapshot: dict[str, Any] | None) -> None:
        """Back to where the snapshot was taken."""
        if snapshot is None:
            return
        self.step, self.seconds = snapshot["step"], snapshot["seconds"]
        self.looked, self.looking = snapshot["looked"], snapshot["looking"]
        self.losses = snapshot["losses"]
        self.history = [Moment(**row) for row in snapshot["history"]]
        self.best = Moment(**snapshot["best"]) if snapshot["best"] else None
        self.weights, self.averaged = snapshot["weights"], snapshot["averaged"]
        self.operator.load_state_dict(snapshot["operator"])
        self.optimiser.load_state_dict(snapshot["optimiser"])
        torch.set_rng_state(snapshot["random"])

    def finish(self, settings: dict[str, Any], per_epoch: int) -> Record:
        """Leaves the operator with the chosen weights and tells the story."""
        if self.weights:
            self.operator.load_state_dict(self.weights)
        self.operator.eval()
        place = next(self.operator.parameters())
        return Record(
            settings=settings,
            history=tuple(self.history),
            steps=self.step,
            epochs=self.step // per_epoch,
            seconds=round(self.seconds, 3),
            best=self.best,
            parameters=settings["parameters"],
            device=device_of(place),
        )


def mean_error(
    operator: Operator,
    samples: Samples | StreamedSamples,
    measure: Measure = errors,
    *,
    batch: int = 64,
) -> float:
    """Mean error in evaluation mode; the operator's mode is put back."""
    mode = operator.training
    operator.eval()
    with torch.no_grad():
        found = [measure(operator, part) for part in samples.batches(batch)]
    operator.train(mode)
    return float(torch.cat(found).double().mean())


def _generator(seed: int, *place: int) -> torch.Generator:
    """A source of randomness that depends only on the seed and the place in the run."""
    mixed = seed
    for number in place:
        mixed = (mixed * 1_000_003 + number + 1) % (2**63 - 25)
    return torch.Generator().manual_seed(mixed)


def _farewell(
    state: _State, settings: dict[str, Any], checkpoints: Checkpoints | None
) -> Interrupted:
    if checkpoints is None:
        return Interrupted(f"stopped at step {state.step}; nothing was saved")
    checkpoints.save({"settings": settings, **state.snapshot()})
    return Interrupted(
        f"stopped at step {state.step} after {state.seconds:.0f} s of training; "
        f"the same command with --resume continues from {checkpoints.path}"
    )
