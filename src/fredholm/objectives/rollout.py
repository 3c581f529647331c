"""Training steps so that they can be repeated: chains, their curricula, and noise.

The operator is a step. A batch holds windows of trajectories (`fredholm.data.windows`): a frame as
the input, the frames that follow it as the target, on a grid whose first axis is `t`.
"""

import math
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import torch
from torch import Tensor

from fredholm.data import Samples
from fredholm.domains import space_of
from fredholm.fields import Field
from fredholm.objectives.objective import Objective
from fredholm.objectives.supervised import RelativeL2, Supervised
from fredholm.operators import Operator, Step, advance

Shape = Literal["linear", "tanh", "stairs"]


@dataclass(frozen=True)
class Curriculum:
    """A whole number that grows, or falls, with the progress of a training.

    Args:
        start, stop: Values at the beginning and at the end.
        shape: `"linear"`; `"tanh"`, nearly constant at both ends (CAPE: (1 + tanh((p - ½)/0.2))/2);
            or `"stairs"`, doubling or halving at equal distances.

    Raises:
        ValueError: An unknown shape, or a negative value.
    """

    start: int
    stop: int
    shape: Shape = "linear"

    def __post_init__(self) -> None:
        if self.shape not in get_args(Shape):
            raise ValueError(f"shape is one of {get_args(Shape)}, got {self.shape!r}")
        if min(self.start, self.stop) < (1 if self.shape == "stairs" else 0):
            raise ValueError(f"a curriculum counts steps, got {self.start} to {self.stop}")

    def at(self, progress: float) -> int:
        """The value when that fraction of the training is done."""
        if self.shape == "stairs":
            octaves = math.log2(self.stop / self.start)
            last = math.ceil(abs(octaves))
            stair = int(progress * (last + 1))
            if stair >= last:
                return self.stop
            return round(self.start * 2 ** math.copysign(stair, octaves))
        share = progress
        if self.shape == "tanh":
            share = (1 + math.tanh((progress - 0.5) / 0.2)) / 2
        return round(self.start + share * (self.stop - self.start))


@dataclass(frozen=True)
class Chain(Objective):
    """The distance between repeated steps and the truth, averaged over the steps.

    One step is `Chain(1)`. The variants differ in what a step starts from, in what it is compared
    with, and in how far back gradients go:

    - unrolled, `Chain(T)`: own states, the stored frames, all the way;
    - push-forward, `push_forward(T)`: own states without gradient, the last step alone counts;
    - diverted, `Chain(T, reference=solver)`: each step is compared with what the numerical solver
      makes of the same state, so that the operator learns to continue from its own mistakes
      without having to undo them;
    - free-running fraction, `Chain(T, own=Curriculum(1, T, "tanh"))`: the first steps of a window
      use own states and the others start from the truth.

    Args:
        steps: Number of steps T, or a curriculum of it; the windows hold as many frames.
        distance: How a state is compared with its target.
        own: How many of the steps continue from the operator's own states; by default all.
        through: How many steps back gradients go; by default all.
        last: Only the last step counts.
        reference: A numerical step; by default the targets are the stored frames.

    Raises:
        ValueError: Fewer than one step, or windows that hold fewer frames than that.

    Reference:
        Brandstetter et al., ICLR 2022, arXiv:2202.03376, section 3.1 (push-forward); List et al.,
        arXiv:2402.12971 (unrolling); Koehler et al., NeurIPS 2024, arXiv:2411.00180, section 3
        (diverted chain); Takamoto et al., ICML 2023, arXiv:2304.14118 (free-running fraction).
    """

    steps: int | Curriculum = 1
    distance: Supervised = field(default_factory=RelativeL2)
    own: int | Curriculum | None = None
    through: int | None = None
    last: bool = False
    reference: Step | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "through"):
            value = getattr(self, name)
            if isinstance(value, int) and value < 1:
                raise ValueError(f"{name} of a chain is at least 1, got {value}")

    @property
    def window(self) -> int:
        """Frames that a window must hold after its first."""
        return max(1, _most(self.steps))

    def along(self, chain: Objective) -> Objective:
        return chain

    def __call__(
        self,
        operator: Operator,
        batch: Samples,
        *,
        generator: torch.Generator,
        progress: float = 0.0,
    ) -> dict[str, Tensor]:
        frames = self._frames(batch)
        if len(frames) < self.window:
            raise ValueError(
                f"a chain of {self.window} steps needs as many frames after the first, got "
                f"{len(frames)}: windows(samples, {self.window}) cuts trajectories so, and "
                f"SimulatedSamples makes such windows with length={self.window}"
            )
        count = max(1, _now(self.steps, progress))
        own = count if self.own is None else _now(self.own, progress)
        first_with_gradient = count - (self.through or count)
        state, distances = batch.inputs, []
        for number in range(count):
            if number > own:  # step 0 starts from the input, which is the truth, in any case
                state = frames[number - 1]
            with torch.set_grad_enabled(torch.is_grad_enabled() and number >= first_with_gradient):
                following = operator(state, batch.given)
            if number == count - 1 or not self.last:
                target = frames[number]
                if self.reference is not None:
                    target = advance(self.reference, state)
                distances.append(self.distance.distance(following, target).mean())
            state = following
        return {self.distance.name: torch.stack(distances).mean()}

    def _frames(self, batch: Samples) -> list[Field]:
        """The states that follow, one by one."""
        domain = batch.targets.domain
        if "t" not in domain.names:
            return [batch.targets]
        space = space_of(domain)
        return [Field(values, space) for values in batch.targets.values.unbind(1)]


def push_forward(steps: int | Curriculum, distance: Supervised | None = None) -> Chain:
    """The chain whose last step alone counts, from a state that the operator made by itself."""
    return Chain(steps, distance or RelativeL2(), through=1, last=True)


@dataclass(frozen=True)
class Noisy(Objective):
    """Another objective on inputs with Gaussian noise, as errors of earlier steps would leave them.

    Args:
        objective: What is minimised.
        size: Standard deviation of the noise, relative to the root mean square of each input.

    Raises:
        ValueError: A negative size.

    Reference:
        Sanchez-Gonzalez et al., ICML 2020, arXiv:2002.09405, section 4.1.
    """

    objective: Objective
    size: float

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError(f"the size of noise is not negative, got {self.size}")

    def along(self, chain: Objective) -> Objective:
        return replace(self, objective=self.objective.along(chain))

    def __call__(
        self,
        operator: Operator,
        batch: Samples,
        *,
        generator: torch.Generator,
        progress: float = 0.0,
    ) -> dict[str, Tensor]:
        clean = batch.inputs.values
        noise = torch.randn(clean.shape, generator=generator).to(clean)
        scale = clean.square().flatten(1).mean(1).sqrt().reshape(-1, *[1] * (clean.ndim - 1))
        noisy = batch.inputs.with_values(clean + self.size * scale * noise)
        moved = replace(batch, inputs=noisy)
        return self.objective(operator, moved, generator=generator, progress=progress)


def _now(value: int | Curriculum, progress: float) -> int:
    return value if isinstance(value, int) else value.at(progress)


def _most(value: int | Curriculum) -> int:
    return value if isinstance(value, int) else max(value.start, value.stop)
