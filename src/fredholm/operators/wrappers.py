"""Operators made of operators: each adds one behaviour and returns the same kind of thing."""

import torch
from torch import Tensor

from fredholm.domains import Axis, Domain, Grid, over_time, space_of
from fredholm.fields import NOTHING, Field, Given, Group, Standardise, cleared, members
from fredholm.operators.operator import Operator
from fredholm.operators.rollout import states


class Normalised(Operator):
    """Decode ∘ operator ∘ encode: normalised units inside, physical units outside.

    Args:
        operator: Maps normalised inputs to normalised outputs.
        encode: Scale of the inputs.
        decode: Scale of the outputs.
    """

    def __init__(self, operator: Operator, encode: Standardise, decode: Standardise) -> None:
        super().__init__()
        self.operator = operator
        self.encode = encode
        self.decode = decode

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        return self.decode.decode(self.operator(self.encode.encode(u), given, at=at))

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        inner = self.encode.encode(u), self.decode.encode(target)
        return self.operator.terms(*inner, given, generator=generator)


class OnGrid(Operator):
    """Serves any grid with an operator that is at home on one.

    The input is evaluated on the home grid, the output is interpolated to where it is asked for:
    what an operator whose parts are counted in points (convolutions, nearest samples) needs.

    Args:
        operator: Answers on `grid`.
        grid: The home grid.
    """

    def __init__(self, operator: Operator, grid: Grid) -> None:
        super().__init__()
        self.operator = operator
        self.grid = grid

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        image = self.operator(u.at(self.grid), given)
        asked = at or (u.domain if image.domain == self.grid else image.domain)
        return image.at(asked)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        home = u.at(self.grid), target.at(self.grid)
        return self.operator.terms(*home, given, generator=generator)


class GroupAveraged(Operator):
    """The mean over a group of g⁻¹ ∘ operator ∘ g: exactly equivariant, whatever the operator.

    It multiplies the cost by the order of the group. In training let the group act on the samples
    instead (`fredholm.objectives.Augmented`), which costs nothing, and average afterwards.

    Args:
        operator: Any operator on grids whose axes the group may exchange.
        symmetry: The group, by name or by its members, see `fredholm.fields.members`.
        dim: Number of spatial axes.
    """

    def __init__(self, operator: Operator, symmetry: Group, dim: int) -> None:
        super().__init__()
        self.operator = operator
        self.symmetry = symmetry
        self.members = members(symmetry, dim)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        images = [
            member.targets.inverse(self.operator(member.inputs(u), given, at=at))
            for member in self.members
        ]
        return images[0].with_values(torch.stack([image.values for image in images]).mean(0))


class Increment(Operator):
    """u + scale · operator(u): the operator predicts the change of a state.

    Args:
        operator: Maps states to changes, channel for channel.
        scale: Typical size of a change, so that the operator answers with numbers of order one.
    """

    def __init__(self, operator: Operator, scale: float = 1.0) -> None:
        super().__init__()
        self.operator = operator
        self.scale = scale

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        change = self.operator(u, given)
        result = change.with_values(u.values + self.scale * change.values)
        return result if at is None else result.at(at)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        change = u.with_values((target.values - u.values) / self.scale)
        return self.operator.terms(u, change, given, generator=generator)


class Rate(Operator):
    """u + τ · scale · operator(u): the operator predicts the mean rate of change over a time τ.

    τ is a parameter: with a lead time of zero the state is returned as it is.

    Args:
        operator: Maps states, and parameters, to rates of change.
        column: Which of the parameters is the lead time τ.
        scale: Typical rate of change.
    """

    def __init__(self, operator: Operator, column: int, scale: float = 1.0) -> None:
        super().__init__()
        self.operator = operator
        self.column = column
        self.scale = scale

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        unit = self._unit(u, given)
        rate = self.operator(u, given)
        result = rate.with_values(u.values + unit * rate.values)
        return result if at is None else result.at(at)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        rate = u.with_values((target.values - u.values) / self._unit(u, given))
        return self.operator.terms(u, rate, given, generator=generator)

    def _unit(self, u: Field, given: Given) -> Tensor:
        """τ · scale of each function: the change that a rate of one makes."""
        if given.params is None:
            raise ValueError(f"this operator needs the lead time, parameter number {self.column}")
        time = given.params[:, self.column].to(u.values)
        return self.scale * time.reshape(-1, *[1] * (u.values.ndim - 1))


class Unrolled(Operator):
    """The trajectory that repeated steps give: initial state on x to function on (t, x).

    Args:
        step: Maps a state to the state one sampling interval later.
        time: Times of the result, `location="right"`: the initial state stands at its start.

    Shapes:
        Field (batch, *points, c) -> Field (batch, steps, *points, c).
    """

    def __init__(self, step: Operator, time: Axis) -> None:
        super().__init__()
        self.step = step
        self.time = time

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        frames = list(states(self.step, u, self.time.size, given))
        domain = over_time(self.time, frames[-1].domain)
        result = Field(torch.stack([frame.values for frame in frames], dim=1), domain)
        return result if at is None else result.at(at)


class Recurrent(Operator):
    """The trajectory that follows a history: each step sees the last frames and answers the next.

    Args:
        step: Maps h c channels, the last h frames from old to new, to the c of the next frame.
        time: Times of the result.

    Shapes:
        Field (batch, *points, h c) -> Field (batch, times, *points, c).
    """

    def __init__(self, step: Operator, time: Axis) -> None:
        super().__init__()
        self.step = step
        self.time = time

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        history, frames = u.values, []
        for _ in range(self.time.size):
            following = self.step(u.with_values(history), given)
            frames.append(following.values)
            history = torch.cat([history[..., following.channels :], following.values], dim=-1)
        result = Field(torch.stack(frames, dim=1), over_time(self.time, u.domain))
        return result if at is None else result.at(at)


class TimeChannels(Operator):
    """The trajectory from one evaluation: each time is a group of output channels.

    Args:
        operator: Maps c input channels to c_out · time.size channels.
        time: Times of the result.

    Shapes:
        Field (batch, *points, c) -> Field (batch, times, *points, c_out).
    """

    def __init__(self, operator: Operator, time: Axis) -> None:
        super().__init__()
        self.operator = operator
        self.time = time

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        image = self.operator(u, given)
        values = image.values.unflatten(-1, (self.time.size, -1)).movedim(-2, 1)
        result = Field(values, over_time(self.time, image.domain))
        return result if at is None else result.at(at)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        groups = Field(target.values.movedim(1, -2).flatten(-2), space_of(target.domain))
        return self.operator.terms(u, groups, given, generator=generator)


class ParamsAsChannels(Operator):
    """Shows an operator the parameters of the equation as further, constant input channels.

    Args:
        operator: Takes c + p channels.
        scale: Scale of the p parameters.
    """

    def __init__(self, operator: Operator, scale: Standardise) -> None:
        super().__init__()
        self.operator = operator
        self.scale = scale

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        return self.operator(self._shown(u, given), Given(member=given.member), at=at)

    def terms(
        self, u: Field, target: Field, given: Given = NOTHING, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        return self.operator.terms(self._shown(u, given), target, generator=generator)

    def _shown(self, u: Field, given: Given) -> Field:
        """The function with its parameters as channels."""
        given.only("params")
        if given.params is None or given.params.shape[-1] != len(self.scale.mean):
            raise ValueError(
                f"this operator needs {len(self.scale.mean)} parameters per function, got "
                f"{None if given.params is None else tuple(given.params.shape)}"
            )
        params = (given.params.to(u.values) - self.scale.mean) / self.scale.scale
        constant = params.reshape(len(u), *[1] * len(u.domain.shape), -1)
        constant = constant.expand(*u.values.shape[:-1], -1)
        return cleared(u.with_values(torch.cat([u.values, constant], dim=-1)))
