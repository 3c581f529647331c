"""Spectral-Refiner: an FNO in space and time, and the correction of its answers.

The published code takes the time derivative in the residual from a tiny step of a solver at the
same state, which leaves almost no residual of any trajectory; here it is that of the trajectory
itself, whose initial frame is exact, so that only the solution has none. And the iteration is
preconditioned with the linear part of the equations, which is what a norm of negative order does
for a gradient without. So the published advantage of the norm of order -1 over L2, expected to be a
factor of 1.3 in the error, is reported, but not demanded.
"""

import time
from collections.abc import Mapping
from typing import Any

import torch

from fredholm.data import Samples, continuations
from fredholm.domains import Axis, Grid, time_of
from fredholm.errors import DataError, FredholmError
from fredholm.fields import Field
from fredholm.metrics import relative_l2
from fredholm.models import Refined, Refinement, SpaceTimeFNO
from fredholm.operators import Function, Operator, rollout
from fredholm.problems import Problem
from fredholm.systems.card import Card, Outcome, Recipe, Task
from fredholm.systems.experiments import Tell, costs
from fredholm.systems.forced_flow import forced_flow
from fredholm.systems.learn import Choices, learn
from fredholm.training import AdamW, Budget

_POINTS, _TRAIN, _TEST, _EPOCHS = 48, 200, 5, 3
_KNOWN, _ASKED, _INTERVAL = 10, 10, 0.5
"""Frames that are given, frames that are asked for, and the time between two of them."""
_SPIN_UP = 10
"""Frames before them, in which the forcing makes the flow its own."""
_CORRECTIONS = (("sfno", "H-1", -1.0), ("sfno", "L2", 0.0), ("persistence", "H-1", -1.0))
_SIZE = {"modes": 10, "time_modes": 5, "hidden_channels": 12}


def build(
    task: Task,
    *,
    known: int | None = None,
    asked: int | None = None,
    modes: int = 12,
    time_modes: int = 5,
    hidden_channels: int = 20,
    layers: int = 4,
) -> Operator:
    """A SpaceTimeFNO from the frames of the inputs to those of the targets.

    Args:
        task: What it is built for.
        known: Frames of a trajectory that are given; by default ten, or half of them where they are
            fewer than twenty.
        asked: Frames that are answered; by default all that follow.
        modes: Wavenumbers kept per axis of space.
        time_modes: Wavenumbers kept in time.
        hidden_channels: Channels between the layers.
        layers: Spectral layers before the last one.
    """
    shape = task.signature
    if "t" not in task.input_grid.names or not shape.state_to_state:
        raise FredholmError(
            "sfno leads from some frames of a trajectory to those that follow: give it inputs and "
            f"targets of the same quantities on (t, *space), these are {task.input_grid}"
        )
    for name, wanted, grid in (
        ("known", known, task.input_grid),
        ("asked", asked, task.target_grid),
    ):
        if wanted not in (None, grid.axis("t").size):
            raise ValueError(f"{name} is {wanted}, the samples have {grid.axis('t').size} frames")
    space = task.input_grid.without("t").axes
    return SpaceTimeFNO(
        len(shape.inputs),
        (time_modes, *(min(modes, (axis.size + 1) // 2) for axis in space)),
        task.target_grid.axis("t"),
        hidden_channels=hidden_channels,
        layers=layers,
        coordinates=not task.translations,
    )


def frames_after_frames(samples: Samples, hyper: Mapping[str, Any]) -> Samples:
    """Stored trajectories as some frames and those that follow; other samples as they are.

    Raises:
        DataError: Steady states, or trajectories that do not begin with their inputs or are too
            short; or the parameters of the equation vary, which the operator is not told.
    """
    if "t" in samples.inputs.domain.names:
        return samples
    if samples.params is not None:
        names = ", ".join(variable.name for variable in samples.param_variables)
        raise DataError(f"sfno is not told parameters, these samples differ in {names}")
    known = hyper.get("known")
    if known is None:
        frames = time_of(samples.targets.domain)
        known = _KNOWN if frames is None else min(_KNOWN, frames.size // 2)
    return continuations(samples, known, hyper.get("asked"))


def experiment(seed: int, tell: Tell) -> Outcome:
    """Forced Navier-Stokes at ν = 1e-3: ten frames after ten frames, trained for three epochs.

    The answers for five unseen flows are then corrected on the residual. The ratio is that of the
    error after and before; the residual in the norm of order -1 must fall to 0.02 of what it was.
    Beside it stand the correction with the residual in L2, that of persistence, which has learned
    nothing, and the seconds of a correction and of the solver itself.
    """
    problem = forced_flow(1.0)
    tell(f"solving Navier-Stokes for {_TRAIN} + {_TEST} flows on {_POINTS} x {_POINTS} points")
    train = _flows(problem, _TRAIN, 1e-4, seed)
    test = _flows(problem, _TEST, 1e-8, seed + 1_000_000)
    tell(f"training sfno for {_EPOCHS} epochs on {_TRAIN} flows")
    surrogate = learn(
        train.to(torch.float32),
        "sfno",
        budget=Budget(epochs=_EPOCHS),
        choices=Choices(hyper=_SIZE, symmetry="none"),
        seed=seed,
    )
    starts = {"sfno": surrogate.operator.double(), "persistence": Function(lambda u: _last(test))}
    with torch.no_grad():
        errors = {name: relative_l2(o(test.inputs), test.targets) for name, o in starts.items()}
    found: dict[str, Refinement] = {}
    began = time.perf_counter()
    for start, name, order in _CORRECTIONS:
        tell(f"correcting {_TEST} answers of {start} with the residual in {name}")
        grid = test.inputs.grid.without("t")
        refined = Refined(
            starts[start], problem.equations, grid, values=problem.parameters, order=order
        )
        found[f"{start}, corrected in {name}"] = refined.refine(test.inputs)
    seconds = (time.perf_counter() - began) / (len(found) * _TEST)
    errors |= {name: relative_l2(part.field, test.targets) for name, part in found.items()}
    first = found["sfno, corrected in H-1"]
    after = errors["sfno, corrected in H-1"]
    ratio = float((after / errors["sfno"]).mean())
    residual = float((first.after / first.before).mean())
    return Outcome(
        ratio=ratio,
        bar=0.6,
        baseline="the same operator before the correction",
        figures={
            "residual_ratio": residual,
            "residual_bar": 0.02,
            "relative_l2": {name: error.tolist() for name, error in errors.items()},
            "estimated": {name: part.error.tolist() for name, part in found.items()},
            "l2_over_h-1": float((errors["sfno, corrected in L2"] / after).mean()),
            "seconds_per_correction": seconds,
            "seconds_of_the_solver": _solver_seconds(problem, test),
            "cost": costs({"sfno": surrogate})["sfno"],
        },
        passed=ratio <= 0.6 and residual <= 0.02,
    )


def _solver_seconds(problem: Problem, test: Samples) -> float:
    """Seconds that the solver takes for one trajectory, with an error of 1e-4 per frame."""
    space = test.inputs.grid.without("t")
    step = problem.stepper(_INTERVAL, tol=1e-4, resolution=_POINTS)
    last = Field(test.inputs.values[:, -1], space)
    step(last)  # the equations are prepared at the first call
    began = time.perf_counter()
    rollout(step, last, _ASKED)
    return (time.perf_counter() - began) / len(last)


def _flows(problem: Problem, count: int, tol: float, seed: int) -> Samples:
    """Ten frames of forced flows and the ten that follow; the forcing has acted for a while."""
    generator = torch.Generator().manual_seed(seed)
    grid = problem.grid(_POINTS)
    start = problem.sample(count, grid, generator=generator)
    step = problem.stepper(_INTERVAL, tol=tol, resolution=_POINTS)
    frames = [
        rollout(step, start[rows], _SPIN_UP + _KNOWN + _ASKED).values[:, _SPIN_UP:]
        for rows in torch.arange(count).split(16)
    ]
    values = torch.cat(frames)
    known = Axis(_KNOWN, 0.0, (_KNOWN - 1) * _INTERVAL, name="t")
    asked = Axis(_ASKED, known.stop, known.stop + _ASKED * _INTERVAL, location="right", name="t")
    return Samples(
        Field(values[:, :_KNOWN], Grid.of(known, *grid.axes)),
        Field(values[:, _KNOWN:], Grid.of(asked, *grid.axes)),
        problem.target_variables,
        problem.target_variables,
        origin=problem.origin(tol=tol),
    )


def _last(samples: Samples) -> Field:
    """The last known frame as the answer for all times."""
    last = samples.inputs.values[:, -1:]
    return samples.targets.with_values(last.expand_as(samples.targets.values))


CARD = Card(
    key="sfno",
    title="Spectral-Refiner: FNO in space and time with corrected answers",
    reference="Cao et al., ICLR 2025, arXiv:2405.17211",
    build=build,
    view=frames_after_frames,
    recipe=Recipe(optimiser=AdamW(lr=5e-3, weight_decay=0.0), batch=4),
    published=(
        "forced Navier-Stokes at ν = 1e-3, ten frames to forty: relative L2 error 0.8 % after 10 "
        "epochs; the correction of one answer lowers it to 0.4 % in 3 s on a GPU, on decaying "
        "turbulence from 10 % to 1.6 %"
    ),
    experiment=experiment,
    for_use="for some frames after some frames, with a known equation to correct the answer by",
)
