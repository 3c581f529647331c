"""Systems of nonlinear equations that are solved in the sense of least squares."""

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from torch import Tensor, nn

from fredholm.errors import DivergedError


class System(Protocol):
    """Residuals that should vanish, and the parameters that they depend on.

    The loss is the sum of the squares of all residuals: means, weights and quadrature are already
    in them (a mean over n points is a factor 1/√n on each). The points behind the residuals may
    change between two steps; who changes them says so, by `Descent.changed` or by `minimise`'s
    `refresh`.
    """

    @property
    def parameters(self) -> Sequence[nn.Parameter]:
        """What is trained, all of one dtype and device."""
        ...

    def residuals(self) -> dict[str, Float[Tensor, "n"]]:
        """The residuals of each named term, with the graph that leads to the parameters.

        It works under `torch.no_grad` too, where only their values are asked for.
        """
        ...


@runtime_checkable
class Stateful(Protocol):
    """A system with a memory of its own (points, weights of terms) that snapshots have to keep."""

    def state_dict(self) -> dict[str, Any]: ...

    def load_state_dict(self, state: dict[str, Any]) -> None: ...


class Descent(ABC):
    """An optimiser at work on a system: what its settings build.

    Args:
        system: What is minimised, in place.

    Attributes:
        rate: Learning rate, step length or damping of the last step.
        stalled: Why the last step could not improve the loss, empty while it could.
        note: How the method works on this system, in words, for the record.
    """

    rate: float = 0.0
    stalled: str = ""
    note: str = ""

    def __init__(self, system: System) -> None:
        self.system = system
        self.parameters = list(system.parameters)

    @abstractmethod
    def step(self, progress: float) -> None:
        """Moves the parameters once.

        Args:
            progress: The spent fraction of the budget, which schedules follow.

        Raises:
            DivergedError: The loss is not finite where the step begins.
        """

    def changed(self) -> None:
        """Hears that the residuals have become others: losses and gradients of before are void."""
        self.stalled = ""

    def state_dict(self) -> dict[str, Any]:
        """Plain data from which the descent continues exactly, the parameters not included."""
        return {"rate": self.rate, "stalled": self.stalled}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Back to where `state_dict` was taken."""
        self.rate, self.stalled = state["rate"], state["stalled"]


class Optimiser(Protocol):
    """Settings of an optimiser: a value that can be stored, compared and repeated."""

    def start(self, system: System) -> Descent:
        """The optimiser at work on this system."""
        ...


def losses(residuals: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The sum of squares of each term."""
    return {name: values.square().sum() for name, values in residuals.items()}


def total(residuals: Mapping[str, Tensor]) -> Float[Tensor, ""]:
    """The loss: the sum of the squares of all residuals.

    Raises:
        DivergedError: It is not finite.
    """
    parts = losses(residuals)
    loss = torch.stack(list(parts.values())).sum()
    if not torch.isfinite(loss):
        listed = ", ".join(f"{name} = {part.item():g}" for name, part in parts.items())
        raise DivergedError(
            f"the sum of squares is not finite ({listed}): check the equation at these points, "
            "lower the learning rate, or begin with a method that has a line search"
        )
    return loss


def trial_loss(system: System) -> float:
    """The loss at the present parameters; infinite where it is not a number."""
    with torch.no_grad():
        loss = sum(part.item() for part in losses(system.residuals()).values())
    return loss if loss == loss else float("inf")


def warn_of_single_precision(parameters: Sequence[nn.Parameter], method: str) -> None:
    """Says that a method of second order wants double precision, where it has not."""
    if parameters[0].dtype != torch.float64:
        warnings.warn(
            f"{method} wants double precision, the parameters are {parameters[0].dtype}: it will "
            "stop early, at a loss where rounding hides the descent; convert the network by "
            "`.double()`",
            stacklevel=3,
        )


def flat(tensors: Iterable[Tensor]) -> Float[Tensor, "p"]:
    """All values behind one another, a copy without a graph."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def put(parameters: Sequence[nn.Parameter], values: Float[Tensor, "p"]) -> None:
    """Writes the values that `flat` gathered back into the parameters."""
    pieces = values.split([parameter.numel() for parameter in parameters])
    with torch.no_grad():
        for parameter, piece in zip(parameters, pieces, strict=True):
            parameter.copy_(piece.view_as(parameter))


def gradient(loss: Tensor, parameters: Sequence[nn.Parameter]) -> Float[Tensor, "p"]:
    """The flat gradient of a loss; zero for a parameter that it does not depend on."""
    parts = torch.autograd.grad(loss, parameters, allow_unused=True)
    pairs = zip(parts, parameters, strict=True)
    return flat(torch.zeros_like(p) if part is None else part for part, p in pairs)
