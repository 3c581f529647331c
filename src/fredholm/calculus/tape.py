"""Expression trees compiled to a list of operations on tensors."""

import operator
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import torch
from torch import Tensor

from fredholm.equations.differential import Derivative, Dot
from fredholm.equations.functions import function
from fredholm.equations.spread import Partial
from fredholm.equations.tree import Add, Call, Const, Expression, Learned, Mul, Pow, mul
from fredholm.errors import EquationError

Value = Tensor | float


class Tape:
    """Expanded expressions in the order in which to compute them, every subexpression once.

    What a symbol is worth, and how derivatives are taken, is up to the caller: finite differences,
    Fourier modes, or another method. Looking at the trees is done here, once; running the tape
    costs little more than its tensor operations.

    Args:
        expressions: What to compute.
        is_leaf: Nodes that the caller evaluates whole, besides the symbols.
    """

    def __init__(
        self,
        expressions: Sequence[Expression],
        is_leaf: Callable[[Expression], bool] = lambda e: False,
    ) -> None:
        self._is_leaf = is_leaf
        self._places: dict[Expression, int] = {}
        self._program: list[tuple[Expression, Callable[..., Value] | None, tuple[int, ...]]] = []
        self._results = [self._place(e) for e in expressions]

    @property
    def leaves(self) -> list[Expression]:
        """What the caller has to evaluate."""
        return [
            node
            for node, operation, parts in self._program
            if operation is None
            and not (parts and isinstance(node, Derivative | Learned | Partial))
        ]

    def __call__(
        self,
        leaf: Callable[[Expression], Value],
        derivative: Callable[[Derivative, Tensor], Tensor],
        call: Callable[..., Tensor] | None = None,
    ) -> list[Value]:
        """The values of the expressions.

        Args:
            leaf: Values of a leaf; all broadcast against each other.
            derivative: Values of a `Derivative` node from those of its operand.
            call: Values of the function that a `Learned` or a `Partial` node names, from the node
                and the values of its arguments.

        Raises:
            EquationError: A function is learned, and the caller knows none.
        """
        values: list[Any] = []
        for node, operation, parts in self._program:
            if operation is not None:
                values.append(operation(*[values[part] for part in parts]))
            elif parts and isinstance(node, Derivative):
                values.append(derivative(node, torch.as_tensor(values[parts[0]])))
            elif parts and isinstance(node, Learned | Partial):
                arguments = (_tensor(values[part]) for part in parts)
                values.append((call or _unknown_function)(node, *arguments))
            else:
                values.append(leaf(node))
        return [values[place] for place in self._results]

    def _place(self, e: Expression) -> int:
        if e not in self._places:
            operation, operands = (None, ()) if self._is_leaf(e) else self._split(e)
            parts = tuple(self._place(operand) for operand in operands)
            self._program.append((e, operation, parts))
            self._places[e] = len(self._program) - 1
        return self._places[e]

    def _split(self, e: Expression) -> tuple[Callable[..., Value] | None, Sequence[Expression]]:
        """An operation, and what it acts on: a + (-1)·b is computed as a - b, as it is meant.

        Where (-1)·b is a leaf, the caller knows it as a whole, and perhaps not b.
        """
        if not isinstance(e, Add):
            return _operation(e), e.children
        negated = [_is_negated(term) and not self._is_leaf(term) for term in e.terms]
        return _sum(negated), [
            mul(*term.children[1:]) if minus else term for term, minus in zip(e.terms, negated)
        ]


def _is_negated(e: Expression) -> bool:
    return isinstance(e, Mul) and e.factors[0] == Const(-1.0)


def _sum(negated: Sequence[bool]) -> Callable[..., Value]:
    """The sum of terms, some of which are subtracted."""

    def compute(first: Value, *others: Value) -> Value:
        total = -first if negated[0] else first
        for term, minus in zip(others, negated[1:]):
            total = total - term if minus else total + term
        return total

    return compute


def _operation(e: Expression) -> Callable[..., Value] | None:
    """What a node does with the values of its children; None for symbols and derivatives."""
    match e:
        case Const():
            return lambda: e.value
        case Mul():
            return lambda *factors: reduce(operator.mul, factors)
        case Pow(exponent=Const(2.0)):
            return lambda base, _: base * base
        case Pow():
            return operator.pow
        case Dot():  # of whole gradients, which `spread` keeps in many dimensions
            return lambda left, right: (left * right).sum(-1)
        case Call() if not isinstance(e, Learned):
            compute = function(e.function).torch
            return lambda *arguments: compute(*map(_tensor, arguments))
    return None


def _unknown_function(e: Expression, *arguments: Tensor) -> Tensor:
    raise EquationError(f"{e} is learned: only methods that train networks know its values")


def _tensor(value: Value) -> Tensor:
    return value if isinstance(value, Tensor) else torch.tensor(value, dtype=torch.float64)
