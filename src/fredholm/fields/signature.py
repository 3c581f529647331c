"""What an operator takes and gives: grids and labels of its two sides."""

from dataclasses import dataclass

from fredholm.domains import Axis, Grid, Scattered, time_of
from fredholm.fields.variables import Variable


@dataclass(frozen=True)
class Signature:
    """Domains and channels of the two sides of a map between functions.

    Args:
        input_domain, target_domain: Grids of the training samples, or what is known of their points
            where they are scattered. Where the targets are trajectories, the first axis of theirs
            is `t` and the others are those of the inputs.
        inputs, targets: Names and units of the channels.
        params: Names and units of the parameters that vary between the samples.
        step: Where the map leads from a state to the state one interval later: the time axis with
            that interval, from one state to the next.
    """

    input_domain: Grid | Scattered
    target_domain: Grid | Scattered
    inputs: tuple[Variable, ...]
    targets: tuple[Variable, ...]
    params: tuple[Variable, ...] = ()
    step: Axis | None = None

    @property
    def time(self) -> Axis | None:
        """The times of the answer, where the inputs have none."""
        return None if "t" in self.input_domain.names else time_of(self.target_domain)

    @property
    def state_to_state(self) -> bool:
        """Whether inputs and targets are the same quantities: what repeated steps need."""
        return self.inputs == self.targets

    @property
    def spatial_dim(self) -> int:
        """Number of axes that are not time."""
        return sum(name != "t" for name in self.input_domain.names)
