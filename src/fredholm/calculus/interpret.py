"""Evaluation of expression trees on tensors."""

from collections.abc import Callable

import torch
from torch import Tensor

from fredholm.equations.differential import Derivative
from fredholm.equations.functions import function
from fredholm.equations.tree import Add, Call, Const, Expression, Mul, Pow


class Interpreter:
    """Evaluates an expanded expression; every subexpression once.

    What a symbol is worth, and how derivatives are taken, is up to the caller: finite differences,
    Fourier modes, or another method.

    Args:
        leaf: Values of an unknown, a coefficient, a parameter or a coordinate; tensors of all
            symbols broadcast against each other.
        derivative: Values of a `Derivative` node; it is given this interpreter for the operand.
    """

    def __init__(
        self,
        leaf: Callable[[Expression], Tensor],
        derivative: Callable[[Derivative, "Interpreter"], Tensor],
    ) -> None:
        self._leaf = leaf
        self._derivative = derivative
        self._known: dict[Expression, Tensor] = {}

    def __call__(self, e: Expression) -> Tensor:
        """The values of an expression."""
        if e not in self._known:
            self._known[e] = self._compute(e)
        return self._known[e]

    def _compute(self, e: Expression) -> Tensor:
        match e:
            case Const():
                return torch.tensor(e.value, dtype=torch.float64)
            case Add():
                total = self(e.terms[0])
                for term in e.terms[1:]:
                    total = total + self(term)
                return total
            case Mul():
                product = self(e.factors[0])
                for factor in e.factors[1:]:
                    product = product * self(factor)
                return product
            case Pow(exponent=Const()):
                return self(e.base) ** e.exponent.value  # type: ignore[attr-defined]
            case Pow():
                return self(e.base) ** self(e.exponent)
            case Call():
                return function(e.function).torch(*(self(argument) for argument in e.arguments))
            case Derivative():
                return self._derivative(e, self)
        return self._leaf(e)
