"""Answers read in spaces of finite elements: what holds there holds for any weights.

These operators stand around one that takes and gives physical units; a change of scale would break
what they keep.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.domains import Domain, Stack, Unstructured, stacked
from fredholm.domains.meshes.p1 import basis_gradients, batched_cells, in_cells, meshes_of, volumes
from fredholm.fields import NOTHING, Field, Given
from fredholm.operators.operator import Operator


class Prescribed(Operator):
    """The answer of an operator, with given values at the nodes of parts of the boundary.

    Finite elements are known by their nodal values, so that these can be set: what is left to the
    operator are the others.

    Args:
        operator: Answers on the points of its input.
        parts: For each channel of the answer, the parts of the boundary where it is known. A domain
            without such a part has nothing to prescribe there.
        data: For each channel of the answer, the channel of the input that holds its values there,
            or None for zero.
    """

    def __init__(
        self, operator: Operator, parts: Sequence[Sequence[str]], data: Sequence[int | None]
    ) -> None:
        super().__init__()
        self.operator = operator
        self.parts = tuple(tuple(names) for names in parts)
        self.data = tuple(data)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        answer = self.operator(u, given)
        domains = stacked(u.domain, len(u))
        channels = []
        for channel, (names, source) in enumerate(zip(self.parts, self.data, strict=True)):
            free = answer.values[..., channel]
            known = domains.gathered(on_parts, names).to(free.device)
            nothing = u.values.new_zeros(u.values.shape[:-1])  # there may be no inputs at all
            value = nothing if source is None else u.values[..., source]
            if free.ndim > value.ndim:  # a trajectory: the data hold at all times
                known, value = known[:, None], value[:, None]
            channels.append(torch.where(known, value, free))
        result = answer.with_values(torch.stack(channels, dim=-1))
        return result if at is None else result.at(at)


class MeanZero(Operator):
    """The answer of an operator, with integral zero: a pressure that is known up to a constant.

    On meshes the integral is that of the function, exactly: it is linear in each cell.

    Args:
        operator: Any operator.
        channels: Channels of the answer whose integral is taken away.
    """

    def __init__(self, operator: Operator, channels: Sequence[int]) -> None:
        super().__init__()
        self.operator = operator
        self.channels = tuple(channels)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        answer = self.operator(u, given)
        domains = stacked(answer.domain, len(answer))
        weights = domains.weights().to(answer.values)[..., None]
        mean = (weights * answer.values).sum(1, keepdim=True) / weights.sum(1, keepdim=True)
        shifted = torch.zeros(answer.channels, dtype=torch.bool, device=weights.device)
        shifted[list(self.channels)] = True
        mask = domains.mask.to(weights.device)[..., None] & shifted
        result = answer.with_values(answer.values - torch.where(mask, mean, 0))
        return result if at is None else result.at(at)


class Solenoidal(Operator):
    """A velocity without divergence, made of the answer (a₁, a₂) of an operator in the plane.

    The stream function ψ = (y - y₀) a₁ - (x - x₀) a₂ is taken at the nodes and linear in each cell;
    the velocity is v = (∂ψ/∂y, -∂ψ/∂x), constant in each cell, with ∫ v·n over an edge the
    difference of ψ at its ends: continuous from cell to cell, and zero in sum around each of them.
    This v lies in the space of lowest order of Raviart and Thomas. If (a₁, a₂) is constant, v is
    that constant. The answer at a node is the mean of v over the cells around it, weighted with
    their areas; `cellwise` and `fluxes` give v itself.

    Args:
        operator: Answers with two channels on triangles in the plane.
        origin: (x₀, y₀), best in the middle of the domains.
        walls: Parts of the boundary where ψ = 0, so that nothing flows through. Together they must
            be connected, or nothing flows between them either.
    """

    def __init__(
        self, operator: Operator, origin: tuple[float, float], *, walls: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self.operator = operator
        self.origin = tuple(origin)
        self.walls = tuple(walls)

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        meshes = _triangles(u)
        psi = self.stream(u, given)
        cells, areas = batched_cells(meshes), in_cells(meshes, volumes).to(psi)
        velocity = self._curl(meshes, psi)
        share = psi.new_zeros(len(psi)).index_add(0, cells.flatten(), areas.repeat_interleave(3))
        pushed = (areas[:, None] * velocity).repeat_interleave(3, dim=0)
        nodal = psi.new_zeros(len(psi), 2).index_add(0, cells.flatten(), pushed) / share[:, None]
        result = Field(meshes.padded(nodal), u.domain)
        return result if at is None else result.at(at)

    def stream(self, u: Field, given: Given = NOTHING) -> Float[Tensor, "total"]:
        """ψ at the nodes of all meshes, one mesh after the other."""
        meshes = _triangles(u)
        answer = meshes.flat(self.operator(u, given).values)
        if answer.shape[-1] != 2:
            raise ValueError(
                f"Solenoidal answers with the two components of a velocity, got "
                f"{answer.shape[-1]} channels"
            )
        arm = meshes.flat(meshes.points()).to(answer) - answer.new_tensor(self.origin)
        psi = arm[:, 1] * answer[:, 0] - arm[:, 0] * answer[:, 1]
        if not self.walls:
            return psi
        walls = meshes.flat(meshes.gathered(on_parts, self.walls)).to(psi.device)
        return torch.where(walls, 0, psi)

    def cellwise(self, u: Field, given: Given = NOTHING) -> list[Float[Tensor, "m 2"]]:
        """v in the cells of each mesh."""
        meshes = _triangles(u)
        velocity = self._curl(meshes, self.stream(u, given))
        return list(velocity.split([len(mesh.cells) for mesh in meshes_of(meshes)]))

    def fluxes(self, u: Field, given: Given = NOTHING) -> list[Float[Tensor, "m 3"]]:
        """∫ v·n over the edges of the cells of each mesh, outwards; edge i is opposite to node i.

        They are the degrees of freedom of v in the space of Raviart and Thomas.
        """
        meshes = _triangles(u)
        corners = self.stream(u, given)[batched_cells(meshes)]
        # Cells are turned counterclockwise: the edge opposite to node i leads from i + 1 to i + 2.
        outward = corners.roll(-2, dims=1) - corners.roll(-1, dims=1)
        return list(outward.split([len(mesh.cells) for mesh in meshes_of(meshes)]))

    def _curl(self, meshes: Stack, psi: Tensor) -> Float[Tensor, "cells 2"]:
        slopes = in_cells(meshes, basis_gradients).to(psi)
        gradient = (psi[batched_cells(meshes)][..., None] * slopes).sum(1)
        return torch.stack([gradient[:, 1], -gradient[:, 0]], dim=-1)


def _triangles(u: Field) -> Stack:
    """The meshes of a batch of functions.

    Raises:
        ValueError: They are no triangles in the plane.
    """
    meshes = stacked(u.domain, len(u))
    for mesh in meshes_of(meshes):
        if mesh.kind != "triangle" or mesh.dim != 2:
            raise ValueError(
                f"Solenoidal needs triangles in the plane, got {mesh} in {mesh.dim} dimensions"
            )
    return meshes


def on_parts(domain: Unstructured, names: tuple[str, ...]) -> Tensor:
    """Which points of a domain lie on those of the parts that it has."""
    mask = torch.zeros(len(domain), dtype=torch.bool)
    for name in names:
        if name in domain.parts:
            mask[domain.on(name)] = True
    return mask
