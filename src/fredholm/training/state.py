"""What changes while an operator is trained: weights, averages, history, and the best so far."""

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from fredholm.data import Samples, StreamedSamples
from fredholm.errors import DivergedError
from fredholm.operators import Operator
from fredholm.training.record import Moment, Record, device_of
from fredholm.training.validation import Measure, mean_error


@dataclass
class State:
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
