"""From samples to a surrogate in one call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor

from fredholm.data import LEAD_TIME, Samples, StreamedSamples, first_step
from fredholm.data.discover import discover
from fredholm.domains import Grid, Stack, Unstructured, space_of, stacked
from fredholm.errors import FredholmError, did_you_mean
from fredholm.fields import Signature, Standardise, mean_square
from fredholm.fields.symmetries import GROUPS
from fredholm.objectives import Augmented, Chain, Objective
from fredholm.operators import (
    ClosedForm,
    GroupAveraged,
    Increment,
    Normalised,
    Operator,
    ParamsAsChannels,
    Rasterised,
    RasterisedFit,
    Rate,
    ScaledParams,
    TimeChannels,
    Unrolled,
    background,
    on_background,
)
from fredholm.surrogates import Limits, Surrogate, evaluate, fit_baselines
from fredholm.systems import Card, Recipe, Task, card
from fredholm.systems.plan import Plan, Trajectory, plan, seen
from fredholm.training import Budget, Checkpoints, Moment, threads, threads_for

_HEAD = 4000
"""Samples that scales, limits and symmetries are taken from, at most."""
_ASKED = 256
"""Held-out samples that the expected error is measured on, at most."""
_ENOUGH = 40
"""Fewest samples on which symmetries are tested."""
_SHARP = 0.6
"""Largest relative error of the test's predictor at which its verdict is used."""


@dataclass(frozen=True)
class Choices:
    """What may be chosen about a training besides the system and its budget.

    Args:
        hyper: Hyper-parameters of the system.
        validation: Fraction, or number, of the samples held out to choose the weights.
        symmetry: Name of a group (`fredholm.fields.symmetries.GROUPS`), or `"auto"` to test which
            one the samples support.
        trajectory: Where the targets are trajectories: `"unrolled"` trains a step through all its
            repetitions, `"direct"` answers all times at once, `"step"` learns the map from a frame
            to the next, `"pairs"` that from a frame to any later one, told the time between them;
            `"auto"` answers up to 32 frames at once and learns steps of longer trajectories.
        chain: How steps are trained for their rollouts, by default on single steps.
        noise: Size of the noise on the inputs of steps, relative to their root mean square.
        recipe: Optimiser, objective and batch; by default those of the system's card.
        device: `"cpu"`, `"cuda"`, or `"auto"` for the faster one that is there.
    """

    hyper: Mapping[str, Any] = field(default_factory=dict)
    validation: float | int = 0.1
    symmetry: str = "auto"
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
    choices = choices or Choices()
    chosen = card(system) if isinstance(system, str) else system
    train, held_out = samples.split(
        choices.validation, generator=torch.Generator().manual_seed(seed)
    )
    recipe = choices.recipe or chosen.recipe
    if isinstance(samples, StreamedSamples) and choices.trajectory == "auto":
        choices = replace(choices, trajectory="direct")  # a stream cannot be cut into steps
    way = plan_for(train.head(1), recipe, choices)
    train, held_out = seen(train, way.view), seen(held_out, way.held_out)
    head = first_step(train.head(_HEAD))  # a step leads to the first frame of a window
    symmetry, translations = _symmetries(head, choices.symmetry, seed, tell)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        operator = build(chosen, head, choices, translations, way.kind)
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
    if symmetry != "none" and not chosen.closed_form:
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


def plan_for(head: Samples, recipe: Recipe, choices: Choices) -> Plan:
    """What is trained on and judged by, for samples like these.

    Raises:
        FredholmError: The choices contradict each other or the samples.
    """
    return plan(
        head, choices.trajectory, recipe.objective, chain=choices.chain, noise=choices.noise
    )


def build(
    chosen: Card, head: Samples, choices: Choices, translations: bool, kind: Trajectory = "direct"
) -> Operator:
    """The operator of a card, wrapped so that it takes and gives functions in physical units.

    Args:
        chosen: The system.
        head: Some training samples: grids, labels and scales are taken from them.
        choices: Hyper-parameters.
        translations: Whether the map commutes with shifts.
        kind: How trajectories are made.

    Raises:
        FredholmError: The system cannot be built for these samples.
    """
    shape = head.signature
    if chosen.closed_form:
        return _made(chosen, Task(shape), choices)
    inner = _inner(shape, kind == "unrolled", chosen.conditioned)
    operator = _made(chosen, Task(inner, translations, _vanishes(head)), choices)
    if shape.params:
        wrapper = ScaledParams if chosen.conditioned else ParamsAsChannels
        operator = wrapper(operator, _scale_of(head.params))
    # States keep one scale, so that an increment of zero is exactly no change.
    measured = head.inputs if shape.state_to_state else head.targets
    encode = _scale_of_inputs(head)
    decode = Standardise(len(shape.targets)).fit(measured)
    if kind == "pairs":
        column = [variable.name for variable in shape.params].index(LEAD_TIME)
        operator = Rate(operator, column, _change(head, decode, column))
    if kind == "step" or kind == "unrolled":
        operator = Increment(operator, _change(head, decode))
    if shape.time is not None:
        operator = (Unrolled if kind == "unrolled" else TimeChannels)(operator, shape.time)
    return chosen.finished(Normalised(operator, encode, decode), head, choices.hyper)


def _made(chosen: Card, task: Task, choices: Choices) -> Operator:
    """The operator of a card; behind a background grid where it does not take scattered points."""
    points = task.signature.input_grid
    if isinstance(points, Grid) or chosen.scattered:
        return chosen.make(task, choices.hyper)
    behind = replace(task, signature=on_background(task.signature), boundary=False)
    operator = chosen.make(behind, choices.hyper)
    wrapper = RasterisedFit if isinstance(operator, ClosedForm) else Rasterised
    return wrapper(operator, background(points))  # type: ignore[arg-type]


def _scale_of_inputs(head: Samples) -> Standardise:
    """Means and deviations of the inputs.

    What is known on the boundary alone keeps its zeros elsewhere, and is measured where it is.
    """
    scale = Standardise(len(head.input_variables)).fit(head.inputs)
    for channel, variable in enumerate(head.input_variables):
        if variable.support == "boundary":
            known = head.inputs.values[..., channel]
            size = known[known != 0].double().square().mean().sqrt()
            scale.mean[channel] = 0.0
            scale.scale[channel] = size if size > 0 else 1.0
    return scale


def _change(head: Samples, scale: Standardise, lead: int | None = None) -> float:
    """Root mean square of what a step changes, or of its rate, in normalised units."""
    following = head.targets.values
    if "t" in head.targets.domain.names:
        following = following[:, 0]
    change = (following - head.inputs.values) / scale.scale.to(following)
    if lead is not None:
        assert head.params is not None
        change = change / head.params[:, lead].reshape(-1, *[1] * (change.ndim - 1))
    size = float(mean_square(head.inputs.with_values(change.double())).mean().sqrt())
    return float(f"{size:.3g}") if size > 0 else 1.0


def _augmented(objective: Objective, symmetry: str) -> Objective:
    return objective if symmetry == "none" else Augmented(objective, symmetry)


def _symmetries(
    head: Samples, wanted: str, seed: int, tell: Callable[[str], None]
) -> tuple[str, bool]:
    """The group to use, and whether the map commutes with shifts.

    Shifts are tested whatever is wanted: they decide whether the network is shown coordinates.
    """
    if wanted not in ("auto", *GROUPS):
        raise FredholmError(
            f"unknown symmetry {wanted!r}: {did_you_mean(wanted, ['auto', *GROUPS])}"
        )
    if not isinstance(head.targets.domain, Grid):
        if wanted not in ("auto", "none"):
            raise FredholmError(
                f"symmetry {wanted!r} exchanges samples of a grid; these are scattered points: "
                "use symmetry 'none'"
            )
        return "none", False
    found = _stated(head, tell) or _tested(head, seed, tell)
    usable = [name for name in ("square", "reflections", "odd-reflection") if name in found]
    best = usable[0] if usable else "none"
    return (best if wanted == "auto" else wanted), "translations" in found


def _stated(head: Samples, tell: Callable[[str], None]) -> tuple[str, ...]:
    """The symmetries that the samples' problem states, if it states any."""
    names = tuple(str(name) for name in head.origin.get("symmetries", ()))
    if names:
        tell(f"symmetries, as the problem states them: {', '.join(names)}")
    return names


def _tested(head: Samples, seed: int, tell: Callable[[str], None]) -> tuple[str, ...]:
    """The symmetries that a test of the samples supports beyond doubt."""
    if len(head) < _ENOUGH:
        tell(f"symmetries are not tested on fewer than {_ENOUGH} samples")
        return ()
    findings = discover(head, generator=torch.Generator().manual_seed(seed))
    tell(str(findings))
    # A predictor that hardly beats the mean would not notice a broken symmetry.
    found = findings.supported if findings.error < _SHARP else ()
    if "odd-reflection" in found and {"square", "reflections"} & set(found):
        # Together they would make the map odd. The test's predictor is nearly linear, and so nearly
        # odd itself: it cannot tell which of the two holds.
        tell("  a reflection holds with or without a change of sign: state which with --symmetry")
        return tuple(name for name in found if name == "translations")
    return found


def _inner(shape: Signature, repeats: bool, conditioned: bool) -> Signature:
    """The signature of the network itself: between spatial grids, parameters mostly as channels."""
    times = 1 if shape.time is None or repeats else shape.time.size
    space = shape.target_grid if shape.time is None else shape.target_grid.without("t")
    return replace(
        shape,
        target_grid=space,
        inputs=shape.inputs + (() if conditioned else shape.params),
        targets=shape.targets * times,
        params=shape.params if conditioned else (),
    )


def _vanishes(head: Samples) -> bool:
    """Whether all targets are zero on every stored point of a boundary that is not periodic."""
    size = head.targets.values.abs().max()
    space = space_of(head.targets.domain)
    if isinstance(space, Unstructured | Stack):
        members = stacked(space, len(head)).members
        values = [head.targets.values[i][..., m.boundary, :] for i, m in enumerate(members)]
        found = [each.abs().max() for each in values if each.numel()]
        return len(found) == len(members) and bool(torch.stack(found).max() <= 1e-6 * size)
    edges = []
    for number, axis in enumerate(head.targets.grid.axes, start=1):
        sides = {"left": (0,), "right": (-1,), "cell": ()}.get(axis.location, (0, -1))
        if not axis.periodic and axis.name != "t":
            edges += [head.targets.values.select(number, side).abs().max() for side in sides]
    return bool(edges) and bool(torch.stack(edges).max() <= 1e-6 * size)


def _scale_of(params: Tensor | None) -> Standardise:
    """Mean and deviation of the parameters' columns."""
    assert params is not None
    scale = Standardise(params.shape[-1])
    scale.mean.copy_(params.mean(0))
    deviation = params.std(0, correction=0)
    scale.scale.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))
    return scale


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
