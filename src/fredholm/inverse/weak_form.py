"""Expressions averaged against test functions: the weak form of an equation on samples."""

from collections.abc import Mapping
from functools import lru_cache

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import evaluate
from fredholm.domains import Axis, Grid
from fredholm.equations import Coord, Expression, constant, d, normal_form
from fredholm.equations.expand import Term
from fredholm.errors import DataError
from fredholm.fields import Field

_POWER = 12
_LEAST = 4
"""Fewest spacings from the centre of a test function to its end."""
_PER_SUPPORT = 8
"""Windows that begin within the support of one test function; more add little but cost."""


class Windows:
    """Translates of a test function ψ = Π (1 - s²)^p, spread over a grid.

    Along an axis that is not periodic (time among them) a derivative that acts on a whole term is
    moved to ψ, which vanishes at the ends of its support with its first p - 1 derivatives:

        ∫ ψ ∂ⁿf = (-1)ⁿ ∫ f ∂ⁿψ

    The samples are then never differentiated there, and the trapezoidal rule is nearly exact.
    Along a periodic axis the spectral derivative is exact and commutes with the average, which
    smooths what it amplifies. So noise, a few frames and rounding do little harm.

    Args:
        grid: Where the samples lie.
        support: Length of a test function as a fraction of each axis.

    Raises:
        DataError: An axis has too few samples for two windows.
        ValueError: The support is not a fraction.

    Reference:
        Messenger and Bortz, Multiscale Model. Simul. 19, 2021, and J. Comput. Phys. 443, 2021.
    """

    def __init__(self, grid: Grid, support: float = 0.2) -> None:
        if not 0 < support < 1:
            raise ValueError(f"support is a fraction in (0, 1), got {support}")
        self.grid = grid
        self.half = [max(_LEAST, round(support * axis.size / 2)) for axis in grid.axes]
        for axis, half in zip(grid.axes, self.half):
            if axis.size < 2 * half + 2:
                raise DataError(
                    f"test functions on axis {axis.name!r} need at least {2 * half + 2} samples, "
                    f"got {axis.size}; give more samples or a smaller support than {support}"
                )

    def average(self, e: Expression, values: Mapping[str, Field]) -> Float[Tensor, "n *windows"]:
        """∫ ψ e of every function of the batch, for every window.

        Args:
            e: A scalar expression.
            values: By name the unknowns on the grid, one channel each.
        """
        space = tuple(name for name in self.grid.names if name != "t")
        parts = [self._term(term, values) for term in normal_form(e, space)]
        return torch.stack(torch.broadcast_tensors(*parts)).sum(0)

    def _term(self, term: Term, values: Mapping[str, Field]) -> Tensor:
        core, moved = term.core, {}
        for coord, order in term.orders:
            if self.grid.axis(coord).periodic:
                core = d(core, Coord(coord), order)
            else:
                moved[coord] = order
        result = evaluate(core, values, self.grid).values[..., 0]
        for number, (axis, half) in enumerate(zip(self.grid.axes, self.half)):
            weights = _weights(axis, half, moved.get(axis.name, 0))
            result = _slide(result, number + 1, axis, weights, self.stride(number))
        return (-1) ** sum(moved.values()) * constant(term.coefficient, {}) * result

    def stride(self, number: int) -> int:
        """Samples from one window to the next along an axis."""
        return max(1, 2 * self.half[number] // _PER_SUPPORT)

    def blocks(self, shape: tuple[int, ...]) -> Tensor:
        """For averages of that shape (n, *windows), numbers of blocks as long as a support.

        Windows overlap, so that neighbours share errors; those of different blocks hardly do.
        """
        label = torch.arange(shape[0])
        for number, size in enumerate(shape[1:]):
            along = torch.arange(size) * self.stride(number) // (2 * self.half[number] + 1)
            label = label[..., None] * (int(along[-1]) + 1) + along
        return label


@lru_cache(maxsize=64)
def _weights(axis: Axis, half: int, order: int) -> Float[Tensor, "width"]:
    """Trapezoidal weights of ∂ⁿψ on 2·half + 1 samples, for ψ of mean one."""
    from numpy.polynomial import Polynomial

    bump = Polynomial([1.0, 0.0, -1.0]) ** min(_POWER, half + 2)
    s = torch.linspace(-1, 1, 2 * half + 1, dtype=torch.float64).numpy()
    profile = torch.from_numpy(bump(s))
    slope = bump.deriv(order)(s) if order else bump(s)
    return torch.from_numpy(slope) / profile.sum() / (half * axis.spacing) ** order


def _slide(values: Tensor, dim: int, axis: Axis, weights: Tensor, stride: int) -> Tensor:
    """Weighted sums over windows along one dimension; they wrap around a periodic axis."""
    if axis.periodic:
        values = torch.cat([values, values.narrow(dim, 0, len(weights) - 1)], dim=dim)
    return values.unfold(dim, len(weights), stride) @ weights.to(values)
