"""A published system: its parts put together, its claim, and the experiment that shows it."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fredholm.data import Samples
from fredholm.domains import Grid, Scattered, scattered_of
from fredholm.errors import FredholmError, did_you_mean
from fredholm.fields import Signature
from fredholm.objectives import Objective, RelativeL2
from fredholm.operators import Operator
from fredholm.training import AdamW, Record, fit

if TYPE_CHECKING:
    from fredholm.collocation import Setup


@dataclass(frozen=True)
class Task:
    """What an operator is built for.

    Args:
        signature: Grids and labels of both sides.
        translations: Whether the map commutes with shifts of the periodic domain.
        boundary: Whether the targets vanish on the boundary of the box.
    """

    signature: Signature
    translations: bool = False
    boundary: bool = False

    @property
    def input_grid(self) -> Grid:
        """Grid of the inputs.

        Raises:
            ValueError: They are scattered.
        """
        return _grid(self.signature.input_domain)

    @property
    def target_grid(self) -> Grid:
        """Grid of the targets, likewise."""
        return _grid(self.signature.target_domain)

    @property
    def points(self) -> Scattered:
        """What is known of the points of the inputs.

        Raises:
            ValueError: They make a grid.
        """
        if isinstance(self.signature.input_domain, Grid):
            raise ValueError(
                "this system takes functions on clouds and meshes, these live on "
                f"{self.signature.input_domain}: choose one for grids, such as fno"
            )
        return self.signature.input_domain

    @property
    def bounded(self) -> bool:
        """Whether some points of the inputs lie on a boundary."""
        where = self.signature.input_domain
        return bool(scattered_of(where).parts if isinstance(where, Grid) else where.parts)

    @property
    def boundary_channels(self) -> tuple[int, ...]:
        """Input channels that mean something on the boundary alone."""
        inputs = enumerate(self.signature.inputs)
        return tuple(n for n, variable in inputs if variable.support == "boundary")

    @property
    def channels(self) -> tuple[int, int]:
        """Channels of inputs and targets."""
        return len(self.signature.inputs), len(self.signature.targets)


def _grid(domain: Grid | Scattered) -> Grid:
    if isinstance(domain, Grid):
        return domain
    raise ValueError(f"this system takes functions on a grid, these live on {domain}")


@dataclass(frozen=True)
class Recipe:
    """How a system is trained unless the user says otherwise.

    Args:
        optimiser: Optimiser and schedule.
        objective: What is minimised.
        batch: Samples per step.
        fit: The training loop, called as `fredholm.training.fit` is; another one trains in stages.
    """

    optimiser: AdamW = field(default_factory=AdamW)
    objective: Objective = field(default_factory=RelativeL2)
    batch: int = 16
    fit: Callable[..., Record] = fit


@dataclass(frozen=True)
class Outcome:
    """What an experiment measured.

    Args:
        ratio: Error of the system relative to the baseline; smaller is better.
        bar: Largest ratio that passes.
        baseline: What it is compared with.
        figures: Everything measured, by name.
        passed: Whether all that the experiment demands holds.
    """

    ratio: float
    bar: float
    baseline: str
    figures: Mapping[str, Any]
    passed: bool


Experiment = Callable[[int, Callable[[str], None]], Outcome]
"""Takes the seed and a function that is told of the progress."""


@dataclass(frozen=True)
class Card:
    """A system that users can name.

    Args:
        key: Its name on the command line.
        title: One line.
        reference: Authors, venue, arXiv number.
        build: Makes the operator: `build(task, *, ...)`; its keyword parameters, with their
            defaults, are the system's hyper-parameters and become flags of the command line. None
            where the system is not trained on samples.
        setup: Says how a statement is solved by a network: `setup(problem, *, ...)`, likewise. None
            where the system does not solve statements.
        recipe: How it is trained by default.
        published: The claim in words, with its published numbers.
        experiment: What shows the claim on two CPU cores within ten minutes.
        sizes: Further experiments by the name of their size; `paper` is that of the publication
            and wants a graphics card.
        for_use: When to choose it, in one sentence.
        conditioned: It takes the parameters of the equation itself, scaled; others are shown them
            as further input channels.
        closed_form: It is fitted by one call, and looks at the samples as they are.
        finish: What is put around the operator once it takes and gives physical units, which
            conditions that a change of scale would break need: `finish(operator, samples, hyper)`
            with some training samples and the hyper-parameters that were chosen.
        view: How it sees stored trajectories, where none of the usual ways is its own:
            `view(samples, hyper)` gives the samples to train on, equally many of each.
        scattered: It takes functions on clouds and meshes; a system that does not is given theirs
            on a background grid (`fredholm.operators.Rasterised`).
    """

    key: str
    title: str
    reference: str
    build: Callable[..., Operator] | None = None
    setup: "Callable[..., Setup] | None" = None
    recipe: Recipe = field(default_factory=Recipe)
    published: str = ""
    experiment: Experiment | None = None
    sizes: Mapping[str, Experiment] = field(default_factory=dict)
    for_use: str = ""
    conditioned: bool = False
    closed_form: bool = False
    finish: Callable[[Operator, Samples, Mapping[str, Any]], Operator] | None = None
    view: Callable[[Samples, Mapping[str, Any]], Samples] | None = None
    scattered: bool = False

    @property
    def parameters(self) -> dict[str, inspect.Parameter]:
        """The hyper-parameters by name."""
        make = self.build or self.setup
        if make is None:
            return {}
        return {
            name: parameter
            for name, parameter in inspect.signature(make).parameters.items()
            if parameter.kind is inspect.Parameter.KEYWORD_ONLY
        }

    @property
    def builder(self) -> Callable[..., Operator]:
        """What makes the operator.

        Raises:
            FredholmError: The system does not learn from samples.
        """
        if self.build is not None:
            return self.build
        instead = f"solve PROBLEM --with {self.key}" if self.setup else f"reproduce {self.key}"
        raise FredholmError(f"{self.key} does not learn from samples: `fredholm {instead}` runs it")

    def make(self, task: Task, hyper: Mapping[str, Any]) -> Operator:
        """The operator with these hyper-parameters.

        Raises:
            FredholmError: A hyper-parameter is unknown, its value is impossible, or the system does
                not learn from samples.
        """
        builder = self.builder
        for name in hyper:
            if name not in self.parameters:
                near = did_you_mean(name, list(self.parameters))
                raise FredholmError(f"{self.key} has no hyper-parameter {name!r}: {near}")
        try:
            return builder(task, **hyper)
        except (ValueError, RuntimeError) as error:
            raise FredholmError(f"{self.key} cannot be built so: {error}") from error

    def finished(self, operator: Operator, samples: Samples, hyper: Mapping[str, Any]) -> Operator:
        """The operator in physical units, with what this system puts around it.

        Raises:
            FredholmError: The samples contradict a hyper-parameter.
        """
        if self.finish is None:
            return operator
        try:
            return self.finish(operator, samples, hyper)
        except ValueError as error:
            raise FredholmError(f"{self.key} cannot be built so: {error}") from error
