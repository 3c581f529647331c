"""Geometric multigrid for balance equations with jumping coefficients, batched and matrix-free."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.solvers.stencil import Stencil

# Two Jacobi steps whose weights are the Chebyshev ones for [1/2, 2]: the eigenvalues of D⁻¹A are
# below 2 because A is diagonally dominant, and what lies below 1/2 is smooth. They leave at most
# 0.22 of the rough part.
_WEIGHTS = (1 / (1.25 + 0.75 / 2**0.5), 1 / (1.25 - 0.75 / 2**0.5))
_COARSEST = 64
"""Unknowns that are solved for directly; one batched product with a small inverse."""


class Transfer(NamedTuple):
    """Interpolation along one axis from every second unknown to the ones between.

    An unknown between two coarse ones takes their mean, weighted by the conductances to them: the
    value at which its own balance along this axis is met. Jumps of the coefficient and distances
    to the boundary are thereby in the weights.

    Args:
        axis: Along which.
        fine: Unknowns on the fine side; the coarse ones are those of odd number.
        left, right: Weights of the two coarse neighbours of each even unknown.
        periodic: Whether the left neighbour of the first is the last.
    """

    axis: int
    fine: int
    left: Float[Tensor, "*evens batch"]
    right: Float[Tensor, "*evens batch"]
    periodic: bool

    def prolong(self, coarse: Tensor) -> Tensor:
        """P: values on the fine unknowns."""
        shape = list(coarse.shape)
        shape[self.axis] = self.fine
        values = coarse.new_zeros(shape)
        _every_second(values, self.axis, 1).copy_(coarse)
        even = _every_second(values, self.axis, 0)
        for ours, theirs, weight in self._overlaps(even, coarse, self.left, self.right):
            ours.addcmul_(theirs, weight)
        return values

    def restrict(self, fine: Tensor) -> Tensor:
        """Pᵀ: what acts on the fine unknowns, collected on the coarse ones."""
        return self._collect(fine, self.left, self.right)

    def collect_faces(self, faces: Tensor, across: int) -> Tensor:
        """Conductances of another axis: parallel ones add up, shared as the unknowns are."""
        left, right = (_at_faces(weight, across) for weight in (self.left, self.right))
        return self._collect(faces, left, right)

    def _collect(self, fine: Tensor, left: Tensor, right: Tensor) -> Tensor:
        coarse = _every_second(fine, self.axis, 1).clone()
        even = _every_second(fine, self.axis, 0)
        for theirs, ours, weight in self._overlaps(even, coarse, left, right):
            ours.addcmul_(theirs, weight)
        return coarse

    def _overlaps(self, even: Tensor, coarse: Tensor, left: Tensor, right: Tensor):
        """Triples of even unknowns, their coarse neighbours and the weights between them."""
        axis, count, evens = self.axis, self.fine // 2, even.shape[self.axis]

        def part(start: int, length: int, weight: Tensor, of: int):
            cut = (even.narrow(axis, start, length), coarse.narrow(axis, of, length))
            return (*cut, weight.narrow(axis, start, length))

        yield part(0, count, right, 0)
        yield part(1, evens - 1, left, 0)
        if self.periodic:
            yield part(0, 1, left, count - 1)


def _every_second(values: Tensor, axis: int, start: int) -> Tensor:
    return values[(slice(None),) * axis + (slice(start, None, 2),)]


def _at_faces(weights: Tensor, axis: int) -> Tensor:
    """Means of neighbours, and the outermost values themselves: one more than there were."""
    n = weights.shape[axis]
    inner = (weights.narrow(axis, 0, n - 1) + weights.narrow(axis, 1, n - 1)) / 2
    return torch.cat([weights.narrow(axis, 0, 1), inner, weights.narrow(axis, n - 1, 1)], axis)


def coarsen(stencil: Stencil, axis: int) -> tuple[Stencil, Transfer]:
    """Every second unknown of one axis: conductances in series join, parallel ones add up.

    In one dimension and without mass this is the exact elimination of the unknowns between.
    """
    faces, n = stencil.faces[axis], stencil.shape[axis]
    before = _every_second(faces.narrow(axis, 0, n), axis, 0)
    after = _every_second(faces.narrow(axis, 1, n), axis, 0)
    # An unknown with no neighbour along this axis (inside an obstacle) gets weights of zero.
    total = (before + after).clamp(min=torch.finfo(faces.dtype).tiny)
    left, right = before / total, after / total
    transfer = Transfer(axis, n, left, right, stencil.periodic[axis])
    series = left * after
    if n % 2 == 0:
        last = series.narrow(axis, 0, 1) if transfer.periodic else faces.narrow(axis, n, 1)
        series = torch.cat([series, last], axis)
    coarse = tuple(
        series if other == axis else transfer.collect_faces(stencil.faces[other], other)
        for other in range(len(stencil.faces))
    )
    return Stencil(coarse, transfer.restrict(stencil.mass), stencil.periodic), transfer


def _axes_to_coarsen(stencil: Stencil) -> list[int]:
    """The axes along which the coupling is strong and that can be halved.

    Pointwise smoothing does nothing along weakly coupled axes (anisotropic spacing), so these
    wait until the coarser strong ones are as weak.
    """
    able = [
        axis
        for axis, n in enumerate(stencil.shape)
        if n > 2 and (n % 2 == 0 or not stencil.periodic[axis])
    ]
    strength = {axis: float(stencil.faces[axis].mean()) for axis in able}
    return [axis for axis in able if strength[axis] >= 0.5 * max(strength.values())]


class Multigrid:
    """One symmetric V-cycle as an approximate inverse of a stencil: a preconditioner.

    The levels have 2d + 1 conductances per unknown like the finest; residuals are restricted by
    the transpose of the interpolation and pre- and post-smoothing mirror each other, so the cycle
    is a symmetric positive definite map and fit for conjugate gradients.

    Args:
        stencil: The finest level.

    Raises:
        ValueError: The grid cannot be halved often enough (an odd periodic axis).

    Reference:
        Trottenberg, Oosterlee and Schüller, Multigrid, 2001, sections 2.4 and 7.7. Departs from
        it: the coarse operators keep the sparsity of the finest instead of the Galerkin product.
    """

    def __init__(self, stencil: Stencil) -> None:
        self.levels: list[tuple[Stencil, Tensor, list[Transfer]]] = []
        while stencil.size > _COARSEST:
            coarse, transfers = stencil, []
            for axis in _axes_to_coarsen(stencil):
                coarse, transfer = coarsen(coarse, axis)
                transfers.append(transfer)
            if not transfers:
                break
            self.levels.append((stencil, 1 / stencil.diagonal, transfers))
            stencil = coarse
        if stencil.size > 16 * _COARSEST:
            raise ValueError(
                f"multigrid halves the grid; a periodic axis of odd size stops it at "
                f'{stencil.shape}: take an even size, or method="direct"'
            )
        self.inverse = _inverse(stencil)

    def __call__(self, b: Float[Tensor, "*points batch"]) -> Float[Tensor, "*points batch"]:
        """An approximation of A⁻¹ b."""
        return self._cycle(b, 0)

    def _cycle(self, b: Tensor, level: int) -> Tensor:
        if level == len(self.levels):
            columns = b.reshape(-1, b.shape[-1]).T[..., None]
            return (self.inverse @ columns)[..., 0].T.reshape(b.shape)
        stencil, scale, transfers = self.levels[level]
        u = (_WEIGHTS[0] * scale) * b
        for weight in _WEIGHTS[1:]:
            u.addcmul_(scale, stencil.residual(b, u), value=weight)
        r = stencil.residual(b, u)
        for transfer in transfers:
            r = transfer.restrict(r)
        correction = self._cycle(r, level + 1)
        for transfer in reversed(transfers):
            correction = transfer.prolong(correction)
        u += correction
        for weight in reversed(_WEIGHTS):
            u.addcmul_(scale, stencil.residual(b, u), value=weight)
        return u


def _inverse(stencil: Stencil) -> Float[Tensor, "batch n n"]:
    matrix = stencil.dense()
    if stencil.singular:
        # Constants get the eigenvalue of the mean diagonal: right on what sums to zero, and finite.
        matrix = matrix + stencil.diagonal.mean() / stencil.size
    return torch.linalg.inv(matrix)
