"""Parts that the experiments of the cards share."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from fredholm.data import Samples
from fredholm.domains import stacked
from fredholm.surrogates import Evaluation, Surrogate
from fredholm.systems.learn import Choices, learn
from fredholm.training import Budget

Tell = Callable[[str], None]


def contest(
    samples: Samples,
    contestants: Mapping[str, Mapping[str, Any]],
    *,
    seconds: float,
    seed: int,
    tell: Tell,
    clock: Literal["wall", "processor"] = "wall",
) -> dict[str, Surrogate]:
    """Trains several systems on the same samples with the same seconds, one after the other.

    Args:
        samples: Training samples.
        contestants: Hyper-parameters by system.
        seconds: Budget of each.
        seed: Seed of each.
        tell: Told of the progress.
        clock: What seconds are, see `Budget`.
    """
    surrogates = {}
    for system, hyper in contestants.items():
        tell(f"training {system} for {seconds:g} s on {len(samples)} samples")
        surrogates[system] = learn(
            samples,
            system,
            budget=Budget(seconds=seconds, clock=clock),
            choices=Choices(hyper=hyper),
            seed=seed,
        )
        record = surrogates[system].record
        tell(f"  {record.parameters} parameters, {record.steps} steps")
    return surrogates


def costs(surrogates: Mapping[str, Surrogate]) -> dict[str, dict[str, float]]:
    """Parameters, steps and seconds of each, to stand beside the errors."""
    return {
        name: {
            "parameters": surrogate.record.parameters,
            "steps": surrogate.record.steps,
            "seconds": surrogate.record.seconds,
        }
        for name, surrogate in surrogates.items()
    }


def nodes(samples: Samples) -> dict[str, float]:
    """Fewest, mean and most points of the clouds or meshes that samples live on."""
    sizes = [len(member) for member in stacked(samples.inputs.domain, len(samples))]
    return {"least": min(sizes), "mean": sum(sizes) / len(sizes), "most": max(sizes)}


def trivial(evaluation: Evaluation) -> dict[str, float]:
    """Mean relative L2 error of each trivial baseline, to stand beside that of a system."""
    return {name: float(errors.mean()) for name, errors in evaluation.baselines.items()}
