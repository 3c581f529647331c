"""Distances to known targets, in function norms."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import derivative
from fredholm.data import Samples, first_step
from fredholm.fields import Field, Group, Symmetry, difference, mean_square, members, norm
from fredholm.objectives.objective import Objective
from fredholm.operators import Operator


class Supervised(Objective):
    """The mean over the batch of a distance between answers and targets."""

    name: ClassVar[str]
    """Name of the term."""

    @abstractmethod
    def distance(self, predicted: Field, truth: Field) -> Float[Tensor, "batch"]:
        """The distance of each pair of functions."""

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
        predicted = operator(batch.inputs, batch.given, at=batch.targets.domain)
        return {self.name: self.distance(predicted, batch.targets).mean()}


@dataclass(frozen=True)
class RelativeL2(Supervised):
    """‖p - y‖/‖y‖ with the quadrature of the domain."""

    name: ClassVar[str] = "relative_l2"

    def distance(self, predicted: Field, truth: Field) -> Float[Tensor, "batch"]:
        return norm(difference(predicted, truth)) / _size(norm(truth))


@dataclass(frozen=True)
class MeanSquare(Supervised):
    """The mean of |p - y|² over points and channels, in squared units of the targets.

    Large functions count more than small ones, which is what trajectories of one decaying state
    need: a relative error gives every late, faint frame the weight of an early one.
    """

    name: ClassVar[str] = "mean_square"

    def distance(self, predicted: Field, truth: Field) -> Float[Tensor, "batch"]:
        return mean_square(difference(predicted, truth))


@dataclass(frozen=True)
class RelativeH1(Supervised):
    """‖p - y‖₁/‖y‖₁ with ‖v‖₁² = ‖v‖² + ℓ²‖∇v‖².

    Derivatives are spectral on periodic axes and second-order differences elsewhere; time is not
    differentiated.

    Args:
        length: The length ℓ that makes the gradient comparable to the function, in units of the
            coordinates; 1/2π weights the first Fourier mode of the unit box equally.
    """

    name: ClassVar[str] = "relative_h1"
    length: float = 0.15915494309189535

    def distance(self, predicted: Field, truth: Field) -> Float[Tensor, "batch"]:
        return self._norm(difference(predicted, truth)) / _size(self._norm(truth))

    def _norm(self, u: Field) -> Tensor:
        square = norm(u).square()
        for axis in u.grid.axes:
            if axis.name != "t":
                slope = derivative(u, axis.name, method="spectral" if axis.periodic else "fd2")
                square = square + self.length**2 * norm(slope).square()
        return torch.sqrt(square + 1e-30)


@dataclass(frozen=True)
class Own(Objective):
    """The loss that the operator states itself (`Operator.terms`): denoisers and their kind.

    On windows of trajectories it is that of the first step.
    """

    def __call__(
        self,
        operator: Operator,
        batch: Samples,
        *,
        generator: torch.Generator,
        progress: float = 0.0,
    ) -> dict[str, Tensor]:
        batch = first_step(batch)
        return operator.terms(batch.inputs, batch.targets, batch.given, generator=generator)


@dataclass(frozen=True)
class Augmented(Objective):
    """Another objective on samples moved by random members of a symmetry group.

    Each sample of a batch is moved by a member of its own; input and target alike.

    Args:
        objective: What is minimised.
        symmetry: The group, by name or by its members, see `fredholm.fields.members`.
    """

    objective: Objective
    symmetry: Group

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
        group = members(self.symmetry, batch.signature.spatial_dim)
        chosen = torch.randint(len(group), (len(batch),), generator=generator)
        moved = replace(
            batch,
            inputs=_moved(batch.inputs, [member.inputs for member in group], chosen),
            targets=_moved(batch.targets, [member.targets for member in group], chosen),
        )
        return self.objective(operator, moved, generator=generator, progress=progress)


def _moved(u: Field, changes: Sequence[Symmetry], chosen: Tensor) -> Field:
    values = torch.empty_like(u.values)
    for number in chosen.unique().tolist():
        rows = (chosen == number).nonzero()[:, 0].to(values.device)
        values[rows] = changes[number](u[rows]).values
    return u.with_values(values)


def _size(norms: Tensor) -> Tensor:
    """Norms to divide by: a target that vanishes is compared with the mean size of the batch."""
    return norms.clamp(min=1e-6 * float(norms.mean()) + 1e-30)
