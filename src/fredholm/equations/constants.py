"""Numbers and parameters of an expression, evaluated."""

from collections.abc import Mapping
from functools import singledispatch

import torch
from jaxtyping import Float
from torch import Tensor

from fredholm.equations.equation import Equation
from fredholm.equations.functions import function
from fredholm.equations.tree import Add, Call, Const, Expression, Mul, Param, Pow
from fredholm.errors import EquationError

Values = Mapping[str, float | Float[Tensor, "batch"]]


def parameters(equations: Mapping[str, Equation]) -> dict[str, float]:
    """Names and stated values of all parameters of a system.

    Raises:
        EquationError: One name stands for two values.
    """
    found: dict[str, float] = {}
    for equation in equations.values():
        for node in equation.residual.walk():
            if isinstance(node, Param) and found.setdefault(node.name, node.value) != node.value:
                raise EquationError(
                    f"parameter {node.name!r} is stated with the values {found[node.name]} "
                    f"and {node.value}; use one param(...) object, or two names"
                )
    return found


def constant(e: Expression, values: Values) -> Float[Tensor, "*batch"]:
    """The value of an expression of numbers and parameters, float64.

    Args:
        e: The expression.
        values: Values of parameters, one number or one per function of a batch; a parameter that
            is not named keeps its own.

    Raises:
        EquationError: The expression is not constant.
    """
    return _constant(e, values)


@singledispatch
def _constant(e: Expression, values: Values) -> Tensor:
    raise EquationError(f"{e} is not a constant")


@_constant.register
def _(e: Const, values: Values) -> Tensor:
    return torch.tensor(e.value, dtype=torch.float64)


@_constant.register
def _(e: Param, values: Values) -> Tensor:
    return torch.as_tensor(values.get(e.name, e.value), dtype=torch.float64)


@_constant.register
def _(e: Add, values: Values) -> Tensor:
    return sum((_constant(term, values) for term in e.terms), torch.zeros(()))


@_constant.register
def _(e: Mul, values: Values) -> Tensor:
    result = torch.ones((), dtype=torch.float64)
    for factor in e.factors:
        result = result * _constant(factor, values)
    return result


@_constant.register
def _(e: Pow, values: Values) -> Tensor:
    return _constant(e.base, values) ** _constant(e.exponent, values)


@_constant.register
def _(e: Call, values: Values) -> Tensor:
    return function(e.function).torch(*(_constant(argument, values) for argument in e.arguments))
