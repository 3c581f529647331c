"""Distances to known targets, in function norms."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from fredholm.calculus import derivative
from fredholm.data import Samples
from fredholm.fields import Field, Symmetry, difference, group, norm
from fredholm.objectives.objective import Objective
from fredholm.operators import Operator


@dataclass(frozen=True)
class RelativeL2(Objective):
    """Mean over the batch of ‖G(a) - u‖/‖u‖, with the quadrature of the targets' domain."""

    def __call__(
        self, operator: Operator, batch: Samples, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        predicted = operator(batch.inputs, batch.given, at=batch.targets.domain)
        gap = norm(difference(predicted, batch.targets))
        return {"relative_l2": (gap / _size(norm(batch.targets))).mean()}


@dataclass(frozen=True)
class RelativeH1(Objective):
    """Mean over the batch of ‖G(a) - u‖₁/‖u‖₁ with ‖v‖₁² = ‖v‖² + ℓ²‖∇v‖².

    Derivatives are spectral on periodic axes and second-order differences elsewhere; time is not
    differentiated.

    Args:
        length: The length ℓ that makes the gradient comparable to the function, in units of the
            coordinates; 1/2π weights the first Fourier mode of the unit box equally.
    """

    length: float = 0.15915494309189535

    def __call__(
        self, operator: Operator, batch: Samples, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        predicted = operator(batch.inputs, batch.given, at=batch.targets.domain)
        gap = self._norm(difference(predicted, batch.targets))
        return {"relative_h1": (gap / _size(self._norm(batch.targets))).mean()}

    def _norm(self, u: Field) -> Tensor:
        square = norm(u).square()
        for axis in u.grid.axes:
            if axis.name != "t":
                slope = derivative(u, axis.name, method="spectral" if axis.periodic else "fd2")
                square = square + self.length**2 * norm(slope).square()
        return torch.sqrt(square + 1e-30)


@dataclass(frozen=True)
class Augmented(Objective):
    """Another objective on samples moved by random members of a symmetry group.

    Each sample of a batch is moved by a member of its own; input and target alike.

    Args:
        objective: What is minimised.
        symmetry: Name of the group, see `fredholm.fields.symmetries.GROUPS`.
    """

    objective: Objective
    symmetry: str

    def __call__(
        self, operator: Operator, batch: Samples, *, generator: torch.Generator
    ) -> dict[str, Tensor]:
        members = group(self.symmetry, batch.signature.spatial_dim)
        chosen = torch.randint(len(members), (len(batch),), generator=generator)
        moved = replace(
            batch,
            inputs=_moved(batch.inputs, members, chosen),
            targets=_moved(batch.targets, members, chosen),
        )
        return self.objective(operator, moved, generator=generator)


def _moved(u: Field, members: tuple[Symmetry, ...], chosen: Tensor) -> Field:
    values = torch.empty_like(u.values)
    for number in chosen.unique().tolist():
        rows = (chosen == number).nonzero()[:, 0].to(values.device)
        values[rows] = members[number](u[rows]).values
    return u.with_values(values)


def _size(norms: Tensor) -> Tensor:
    """Norms to divide by: a target that vanishes is compared with the mean size of the batch."""
    return norms.clamp(min=1e-6 * float(norms.mean()) + 1e-30)
