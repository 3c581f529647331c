"""The loop of all optimisers of least-squares systems."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from fredholm.errors import Interrupted
from fredholm.training.budget import Budget
from fredholm.training.checkpoints import Checkpoints
from fredholm.training.interruption import polite_interruption
from fredholm.training.least_squares import Descent, Optimiser, Stateful, System, flat, losses, put
from fredholm.training.record import Moment, Record, device_of

LOOKS = 40
"""How often in a run the loss is looked at."""


def minimise(
    system: System,
    optimiser: Optimiser,
    budget: Budget,
    *,
    refresh: Callable[[], None] | None = None,
    every: int = 10,
    measure: Callable[[], float] | None = None,
    choose: bool = True,
    watch: Callable[[Moment, float], None] | None = None,
    generator: torch.Generator | None = None,
    checkpoints: Checkpoints | None = None,
) -> Record:
    """Minimises the sum of squares of a system, in place.

    The system is left with its last parameters, or, with a `measure` that chooses, with those that
    did best.

    Args:
        system: The residuals and their parameters.
        optimiser: Which method, and its settings.
        budget: Seconds or steps.
        refresh: Changes the points behind the residuals. It is called every so many steps, and
            when the optimiser can go no further on the present points.
        every: Steps between two calls of `refresh`.
        measure: An error to judge the parameters by at each look, smaller is better.
        choose: Keep the parameters at which it was smallest; otherwise it is only recorded.
        watch: Called at each look with the moment and the spent fraction of the budget.
        generator: The source that `refresh` draws from, so that snapshots can keep its state.
        checkpoints: Where snapshots go; none without it. A system that is `Stateful` is kept too.

    Returns:
        The story of the run; `stopped` says why it ended early, if it did.

    Raises:
        DivergedError: The loss is not finite.
        Interrupted: Ctrl-C or a termination signal; a snapshot has been written if asked for.
        FormatError: The snapshot to continue from belongs to another run.
        ValueError: The budget is in epochs, or the optimiser does not suit the system.
    """
    if budget.epochs is not None:
        raise ValueError(f"a system has no epochs, got {budget}: give seconds or steps")
    run = _Run(system, optimiser.start(system), generator, choose=choose)
    settings = _settings(run, optimiser, budget, every if refresh else None)
    run.restore(checkpoints.load(settings) if checkpoints else None)
    saved, last = time.monotonic(), budget.now()

    def spent() -> float:
        return budget.progress(seconds=run.seconds, steps=run.step, steps_per_epoch=1)

    with polite_interruption() as interrupted:
        while spent() < 1 and not run.stopped:
            if refresh and run.step and (run.step % every == 0 or run.descent.stalled):
                refresh()
                run.descent.changed()
            run.descent.step(spent())
            run.step += 1
            if run.descent.stalled and not refresh:
                run.stopped = run.descent.stalled
            now = budget.now()
            run.seconds, last = run.seconds + now - last, now
            if int(LOOKS * spent()) > run.looked or run.stopped:
                run.looked = int(LOOKS * spent())
                moment = run.look(measure)
                if watch:
                    watch(moment, spent())
            if checkpoints and time.monotonic() - saved > checkpoints.every:
                checkpoints.save({"settings": settings, **run.snapshot()})
                saved = time.monotonic()
            if interrupted():
                raise _farewell(run, settings, checkpoints)
    if checkpoints:
        checkpoints.save({"settings": settings, **run.snapshot()})
    return run.finish(settings)


def _settings(
    run: "_Run", optimiser: Optimiser, budget: Budget, every: int | None
) -> dict[str, Any]:
    """What determines a run: two runs with equal settings are the same run."""
    first = run.descent.parameters[0]
    return {
        "optimiser": str(optimiser),
        "budget": str(budget),
        "refresh": every,
        "parameters": sum(p.numel() for p in run.descent.parameters),
        "dtype": str(first.dtype).removeprefix("torch."),
    }


@dataclass
class _Run:
    """Everything that changes while minimising."""

    system: System
    descent: Descent
    generator: torch.Generator | None
    choose: bool = True
    step: int = 0
    seconds: float = 0.0
    looked: int = 0
    stopped: str = ""
    history: list[Moment] = field(default_factory=list)
    best: Moment | None = None
    weights: Tensor | None = None

    def look(self, measure: Callable[[], float] | None) -> Moment:
        """Measures where the run stands; keeps the parameters if they are the best so far."""
        with torch.no_grad():
            parts = losses(self.system.residuals())
        terms = {name: part.item() for name, part in parts.items()}
        error = None if measure is None else measure()
        moment = Moment(
            self.step,
            0,
            round(self.seconds, 3),
            self.descent.rate,
            sum(terms.values()),
            error,
            terms,
        )
        self.history.append(moment)
        known = self.best.validation if self.best and self.choose else None
        if error is None or known is None or error < known:
            self.best = moment
            self.weights = flat(self.descent.parameters)
        return moment

    def snapshot(self) -> dict[str, Any]:
        """Plain data from which the run continues exactly."""
        return {
            "step": self.step,
            "seconds": self.seconds,
            "looked": self.looked,
            "stopped": self.stopped,
            "history": [vars(moment) for moment in self.history],
            "best": None if self.best is None else vars(self.best),
            "weights": self.weights,
            "parameters": flat(self.descent.parameters),
            "descent": self.descent.state_dict(),
            "system": self.system.state_dict() if isinstance(self.system, Stateful) else {},
            "generator": None if self.generator is None else self.generator.get_state(),
        }

    def restore(self, snapshot: dict[str, Any] | None) -> None:
        """Back to where the snapshot was taken."""
        if snapshot is None:
            return
        self.step, self.seconds = snapshot["step"], snapshot["seconds"]
        self.looked, self.stopped = snapshot["looked"], snapshot["stopped"]
        self.history = [Moment(**row) for row in snapshot["history"]]
        self.best = Moment(**snapshot["best"]) if snapshot["best"] else None
        self.weights = snapshot["weights"]
        put(self.descent.parameters, snapshot["parameters"].to(self.descent.parameters[0].device))
        self.descent.load_state_dict(snapshot["descent"])
        if isinstance(self.system, Stateful):
            self.system.load_state_dict(snapshot["system"])
        if self.generator is not None and snapshot["generator"] is not None:
            self.generator.set_state(snapshot["generator"])

    def finish(self, settings: dict[str, Any]) -> Record:
        """Leaves the system with the chosen parameters and tells the story."""
        if self.weights is not None and self.best and self.best.validation is not None:
            put(self.descent.parameters, self.weights)
        return Record(
            settings={**settings, "method": self.descent.note},
            history=tuple(self.history),
            steps=self.step,
            seconds=round(self.seconds, 3),
            best=self.best,
            parameters=settings["parameters"],
            device=device_of(self.descent.parameters[0]),
            stopped=self.stopped,
        )


def _farewell(run: _Run, settings: dict[str, Any], checkpoints: Checkpoints | None) -> Interrupted:
    if checkpoints is None:
        return Interrupted(f"stopped at step {run.step}; nothing was saved")
    checkpoints.save({"settings": settings, **run.snapshot()})
    return Interrupted(
        f"stopped at step {run.step} after {run.seconds:.0f} s; "
        f"the same command with --resume continues from {checkpoints.path}"
    )
