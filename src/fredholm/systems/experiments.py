"""Parts that the experiments of the cards share."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from fredholm.data import Samples
from fredholm.domains import stacked
from fredholm.surrogates import Evaluation, Surrogate
from fredholm.systems.card import Card
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
    symmetry: str = "auto",
) -> dict[str, Surrogate]:
    """Trains several systems on the same samples with the same seconds, one after the other.

    Args:
        samples: Training samples.
        contestants: Hyper-parameters by system.
        seconds: Budget of each.
        seed: Seed of each.
        tell: Told of the progress.
        clock: What seconds are, see `Budget`.
        symmetry: What is used of the samples' symmetries, see `Choices`.
    """
    return {
        system: trained(
            system,
            samples,
            Choices(hyper=hyper, symmetry=symmetry),
            Budget(seconds=seconds, clock=clock),
            seed=seed,
            tell=tell,
        )
        for system, hyper in contestants.items()
    }


def trained(
    system: str | Card,
    samples: Samples,
    choices: Choices,
    budget: Budget,
    *,
    seed: int,
    tell: Tell,
    name: str = "",
) -> Surrogate:
    """One contestant, trained.

    Args:
        system: Its system.
        samples: Training samples.
        choices: Its hyper-parameters, and how its training departs from the defaults.
        budget: What its training may cost.
        seed: Seed.
        tell: Told of the progress.
        name: What to call it; by default by the name of its system.
    """
    name = name or (system if isinstance(system, str) else system.key)
    tell(f"training {name} for {budget.seconds:g} s on {len(samples)} samples")
    surrogate = learn(samples, system, budget=budget, choices=choices, seed=seed)
    tell(f"  {surrogate.record.parameters} parameters, {surrogate.record.steps} steps")
    return surrogate


def errors_on(
    tests: Mapping[str, Samples], surrogates: Mapping[str, Surrogate], tell: Tell
) -> dict[str, dict[str, float]]:
    """Relative L2 errors by surrogate and test, of several surrogates on several sets of samples.

    Args:
        tests: The sets by name, such as the number of points of their grids.
        surrogates: The surrogates by name.
        tell: Told of the errors.
    """
    errors = {}
    for name, surrogate in surrogates.items():
        found = {test: surrogate.evaluate(samples).relative_l2 for test, samples in tests.items()}
        tell(f"relative L2 of {name}: " + ", ".join(f"{e:.4f} on {n}" for n, e in found.items()))
        errors[name] = found
    return errors


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
