"""Expressions at quadrature points, with their derivatives in the solution."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.calculus import Tape
from fredholm.equations import Expression
from fredholm.equations.differential import Derivative
from fredholm.equations.spread import is_function
from fredholm.equations.tree import Add, Mul
from fredholm.errors import EquationError
from fredholm.solvers.finite_elements.given import Given, Where
from fredholm.solvers.finite_elements.weak_form import Jet

Jets = Float[Tensor, "states rows cells points"]
"""Values and first derivatives of all states."""


class Linearised(NamedTuple):
    """Expressions and their derivatives in the jets and in the rates of the jets."""

    values: Float[Tensor, "outputs cells points"]
    by_jets: Float[Tensor, "outputs states rows cells points"]
    by_rates: Float[Tensor, "outputs states rows cells points"]


class Integrand:
    """Several expressions of jets and given functions.

    Args:
        outputs: Scalars; derivatives act on coefficients only.
        states: Names of the states, in the order of the jets.
        coords: Names of the spatial coordinates, in the order of the derivatives.
    """

    def __init__(
        self, outputs: Sequence[Expression], states: Sequence[str], coords: Sequence[str]
    ) -> None:
        self.outputs, self.states, self.rows = tuple(outputs), tuple(states), ("", *coords)
        self._tape = Tape(outputs, is_function)

    def __call__(
        self, where: Where, jets: Jets, rates: Jets, given: Given, time: float
    ) -> Float[Tensor, "outputs cells points"]:
        """The values of the expressions."""

        def leaf(e: Expression) -> Tensor | float:
            if isinstance(e, Jet):
                table = rates if e.rate else jets
                return table[self.states.index(e.state), self.rows.index(e.coord)]
            return where.leaf(e, given, time)

        found = self._tape(leaf, _underived)
        like = jets.new_zeros(jets.shape[2:])
        return torch.stack([torch.as_tensor(v, dtype=like.dtype).expand_as(like) for v in found])

    @property
    def affine(self) -> bool:
        """Whether the expressions are affine in the jets."""
        return all(_degree(e) <= 1 for e in self.outputs)

    @torch.enable_grad()
    def linearised(
        self, where: Where, jets: Jets, rates: Jets, given: Given, time: float
    ) -> Linearised:
        """The values and their derivatives: each point depends on its own jets alone."""
        both = jets.detach().requires_grad_(), rates.detach().requires_grad_()
        values = self(where, both[0], both[1], given, time)
        slopes = [torch.zeros(len(values), *jets.shape, dtype=jets.dtype) for _ in both]
        for i, value in enumerate(values):
            if value.requires_grad:
                found = torch.autograd.grad(value.sum(), both, retain_graph=True, allow_unused=True)
                for slope, part in zip(slopes, found):
                    if part is not None:
                        slope[i] = part
        return Linearised(values.detach(), *slopes)


def _degree(e: Expression) -> int:
    """The degree of a polynomial in jets; of what is none, two."""
    match e:
        case Jet():
            return 1
        case Add():
            return max(map(_degree, e.terms))
        case Mul():
            return sum(map(_degree, e.factors))
    return 2 if any(isinstance(node, Jet) for node in e.walk()) else 0


def _underived(node: Derivative, operand: Tensor) -> Tensor:
    raise EquationError(f"{node} is left to differentiate")
