"""The linear part of a system in Fourier space: one small matrix per wavenumber."""

from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Complex
from torch import Tensor

from fredholm.equations.constants import Values, constant
from fredholm.equations.differential import displacement
from fredholm.equations.expand import Term
from fredholm.equations.semilinear import Semilinear


class Factor(Protocol):
    """What derivatives and shifts along a coordinate do to the modes of a grid."""

    def __call__(self, coord: str, order: int, by: float = 0.0) -> Complex[Tensor, "1 *modes"]:
        """(ik)^order exp(ik·by) for every mode, with a leading axis for the batch."""
        ...


@dataclass(frozen=True, eq=False)
class Symbol:
    """∂ₜ s = linear s + drive r and a = slave s + gauge r for states s, auxiliaries a, rests r.

    Shapes:
        linear (batch, *modes, m, m), drive (..., m, m + q), slave (..., q, m), gauge (..., q, q);
        batch is 1 unless parameters vary.
    """

    linear: Tensor
    drive: Tensor
    slave: Tensor
    gauge: Tensor


def symbol(system: Semilinear, factor: Factor, values: Values) -> Symbol:
    """The matrices of a system.

    Where an auxiliary is not determined by its equation (the mean of a pressure) its mode is set
    to zero.

    Args:
        system: The system.
        factor: Powers of ik on the modes of a grid.
        values: Values of parameters.
    """
    m = len(system.states)
    names = (*system.states, *system.auxiliaries)
    mass = _matrix([row.mass for row in system.rows[:m]], system.states, factor, values)
    full = _matrix([row.linear for row in system.rows], names, factor, values)
    inverse_mass = _inverse(mass)
    a, b, c, e = full[..., :m, :m], full[..., :m, m:], full[..., m:, :m], full[..., m:, m:]
    gauge = -_inverse(e)
    slave = gauge @ c
    linear = -inverse_mass @ (a + b @ slave)
    drive = torch.cat([-inverse_mass.expand_as(linear), -inverse_mass @ b @ gauge], dim=-1)
    return Symbol(linear, drive, slave, gauge[..., :, :])


def _matrix(
    rows: list[tuple[Term, ...]], names: tuple[str, ...], factor: Factor, values: Values
) -> Tensor:
    """Entry (i, j): the sum of the factors of the terms of row i that act on names[j]."""
    zero = torch.zeros_like(factor("", 0))
    columns = [[zero] * len(names) for _ in rows]
    for line, terms in zip(columns, rows):
        for term in terms:
            j = names.index(term.unknown)
            line[j] = line[j] + term_factor(term, factor, values)
    if not rows or not names:
        return zero.new_zeros(*zero.shape, len(rows), len(names))
    entries = torch.broadcast_tensors(*(entry for line in columns for entry in line))
    return torch.stack(entries, dim=-1).unflatten(-1, (len(rows), len(names)))


def term_factor(term: Term, factor: Factor, values: Values) -> Tensor:
    """coefficient · (ik)^orders · exp(ik·shifts), the multiplier of one term."""
    result = factor("", 0)
    for coord, order in term.orders:
        result = result * factor(coord, order)
    for coord, distance in displacement(term.core)[0]:
        result = result * factor(coord, 0, distance)
    coefficient = constant(term.coefficient, values).to(result.device)
    return result * coefficient.reshape(-1, *[1] * (result.ndim - 1))


def _inverse(matrix: Tensor) -> Tensor:
    """The inverse, or zero (the pseudo-inverse) where a mode is not determined."""
    size = matrix.shape[-1]
    if size == 0:
        return matrix
    if size == 1:
        undetermined = matrix == 0
        return torch.where(undetermined, 0.0, 1 / torch.where(undetermined, 1.0, matrix))
    return torch.linalg.pinv(matrix)
