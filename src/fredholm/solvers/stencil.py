"""Balance equations on a box of unknowns, as the conductances between neighbours."""

from dataclasses import dataclass
from functools import cached_property

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Stencil:
    """The matrix A of (A u)ᵢ = Σⱼ Tᵢⱼ (uᵢ - uⱼ) + mᵢ uᵢ over the 2d neighbours j of i.

    What leaves one unknown enters its neighbour, so A is symmetric, and an M-matrix where T ≥ 0
    and m ≥ 0: its solutions obey the maximum principle. Beyond the first and last unknown of an
    axis that is not periodic lies the value zero, connected by the outermost conductance.

    The batch is the last axis, so that the slices of a sweep are long contiguous runs of memory.

    Args:
        faces: Conductances T ≥ 0 across the faces of each axis; entry k of axis i lies between
            the unknowns k - 1 and k. Both outermost faces of a periodic axis are the same one.
        mass: m ≥ 0.
        periodic: Whether the last unknown of an axis is next to the first.

    Shapes:
        faces[i] (n₁, ..., nᵢ + 1, ..., n_d, batch), mass (n₁, ..., n_d, batch). A batch of one
        stands for the same matrix for every right-hand side.
    """

    faces: tuple[Float[Tensor, "... batch"], ...]
    mass: Float[Tensor, "*points batch"]
    periodic: tuple[bool, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """Unknowns per axis."""
        return tuple(self.mass.shape[:-1])

    @property
    def size(self) -> int:
        """Number of unknowns of one system."""
        return self.mass[..., 0].numel()

    @cached_property
    def diagonal(self) -> Float[Tensor, "*points batch"]:
        """mᵢ + Σⱼ Tᵢⱼ."""
        diagonal = self.mass.clone()
        for axis, faces in enumerate(self.faces):
            n = self.shape[axis]
            diagonal += faces.narrow(axis, 0, n) + faces.narrow(axis, 1, n)
        return diagonal

    @cached_property
    def singular(self) -> bool:
        """Whether constants are in the kernel: nothing ties the unknowns to a value."""
        tied = self.mass.abs().sum()
        for axis, faces in enumerate(self.faces):
            if not self.periodic[axis]:
                tied = tied + faces.select(axis, 0).sum() + faces.select(axis, -1).sum()
        return bool(tied == 0)

    def residual(
        self, b: Float[Tensor, "*points batch"], u: Float[Tensor, "*points batch"]
    ) -> Float[Tensor, "*points batch"]:
        """b - A u."""
        return self._coupled(torch.addcmul(b, self.diagonal, u, value=-1), u, 1.0)

    def apply(self, u: Float[Tensor, "*points batch"]) -> Float[Tensor, "*points batch"]:
        """A u."""
        return self._coupled(self.diagonal * u, u, -1.0)

    def _coupled(self, result: Tensor, u: Tensor, sign: float) -> Tensor:
        """Adds sign · Σⱼ Tᵢⱼ uⱼ to the result, in place."""
        for axis, faces in enumerate(self.faces):
            n = self.shape[axis]
            inner = faces.narrow(axis, 1, n - 1)
            before, after = (0, n - 1), (1, n - 1)
            pairs = [(before, after, inner), (after, before, inner)]
            if self.periodic[axis]:
                outer = faces.narrow(axis, 0, 1)
                first, last = (0, 1), (n - 1, 1)
                pairs += [(first, last, outer), (last, first, outer)]
            for here, there, conductance in pairs:
                part = result.narrow(axis, *here)
                part.addcmul_(conductance, u.narrow(axis, *there), value=sign)
        return result

    def chosen(self, part: slice) -> "Stencil":
        """The systems of a part of the batch; a shared matrix stays shared."""
        if self.mass.shape[-1] == 1:
            return self
        return Stencil(tuple(f[..., part] for f in self.faces), self.mass[..., part], self.periodic)

    def entries(self) -> tuple[Tensor, Tensor, Float[Tensor, "entries batch"]]:
        """Rows, columns and values of A; values of equal position add up."""
        batch = self.mass.shape[-1]
        number = torch.arange(self.size).view(self.shape)
        rows, columns = [number.flatten()], [number.flatten()]
        values = [self.diagonal.reshape(-1, batch)]
        for axis, faces in enumerate(self.faces):
            n = self.shape[axis]
            pairs = [(number.narrow(axis, 0, n - 1), number.narrow(axis, 1, n - 1), (1, n - 1))]
            if self.periodic[axis]:
                pairs.append((number.narrow(axis, n - 1, 1), number.narrow(axis, 0, 1), (0, 1)))
            for left, right, (start, length) in pairs:
                between = -faces.narrow(axis, start, length).reshape(-1, batch)
                rows += [left.flatten(), right.flatten()]
                columns += [right.flatten(), left.flatten()]
                values += [between, between]
        return torch.cat(rows), torch.cat(columns), torch.cat(values)

    def dense(self) -> Float[Tensor, "batch n n"]:
        """A as full matrices, for the coarsest level and for tests."""
        rows, columns, values = self.entries()
        matrix = values.new_zeros(values.shape[1], self.size, self.size)
        position = (rows.to(values.device), columns.to(values.device))
        return (
            matrix.permute(1, 2, 0).index_put_(position, values, accumulate=True).permute(2, 0, 1)
        )
