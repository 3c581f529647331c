"""Distances of functions on meshes in their true norms."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import space_of, stacked
from fredholm.domains.meshes.p1 import basis_gradients, batched_cells, in_cells, meshes_of, volumes
from fredholm.fields import Field, difference
from fredholm.objectives.supervised import Supervised


@dataclass(frozen=True)
class RelativeP1(Supervised):
    """‖p - y‖/‖y‖ for functions linear in each cell, with ‖v‖² = ∫ v² + ℓ²|∇v|² dx, exactly.

    It is vᵀ(M + ℓ²A)v with the matrices of mass and stiffness. `RelativeL2` lumps the mass at the
    nodes, which does not see what oscillates from node to node as it is.

    Args:
        length: The length ℓ that makes the gradient comparable to the function, in units of the
            coordinates; zero for the norm of L².
    """

    name: ClassVar[str] = "relative_p1"
    length: float = 0.0

    def distance(self, predicted: Field, truth: Field) -> Float[Tensor, "batch"]:
        size = self.norm(truth)
        size = size.clamp(min=1e-6 * float(size.mean()) + 1e-30)
        return self.norm(difference(predicted, truth)) / size

    def norm(self, u: Field) -> Float[Tensor, "batch"]:
        """The norm of each function.

        Raises:
            ValueError: The functions do not live on meshes.
        """
        meshes = stacked(space_of(u.domain), len(u))
        # Times, where there are any, count as components.
        values = u.values.movedim(-2, 1).flatten(2)
        corners = meshes.flat(values)[batched_cells(meshes)]
        measure = in_cells(meshes, volumes).to(corners)
        count = corners.shape[1]
        square = corners.square().sum(1) + corners.sum(1).square()
        square = square.sum(-1) / (count * (count + 1))
        if self.length:
            slopes = in_cells(meshes, basis_gradients).to(corners)
            gradient = torch.einsum("mkc,mkd->mcd", corners, slopes)
            square = square + self.length**2 * gradient.square().sum((1, 2))
        sizes = torch.tensor([len(mesh.cells) for mesh in meshes_of(meshes)])
        owner = torch.arange(len(u)).repeat_interleave(sizes).to(measure.device)
        total = measure.new_zeros(len(u)).index_add(0, owner, measure * square)
        return torch.sqrt(total + 1e-30)
