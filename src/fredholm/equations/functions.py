"""Functions of scalars that expressions may call: the elementary ones, and a user's own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from fredholm.equations.tree import Call, Expression, Scalar, expression
from fredholm.errors import EquationError, did_you_mean


@dataclass(frozen=True)
class Function:
    """What the visitors need to know of a function.

    Args:
        name: Name in texts and files.
        torch: The function on tensors.
        sympy: The name of sympy's own function, a callable on sympy expressions, or None for an
            undefined function of that name.
        latex: The command that prints it.
    """

    name: str
    torch: Callable[..., Tensor]
    sympy: str | Callable[..., Any] | None = None
    latex: str = ""


_FUNCTIONS: dict[str, Function] = {}


def _elementary(name: str, torch_function: Callable[..., Tensor], sympy: str = "") -> Callable:
    latex = (
        f"\\{name}" if name in ("sin", "cos", "tan", "exp", "log", "sinh", "cosh", "tanh") else ""
    )
    return fn(name, torch=torch_function, sympy=sympy or name, latex=latex)


def fn(
    name: str,
    *,
    torch: Callable[..., Tensor],
    sympy: str | Callable[..., Any] | None = None,
    latex: str = "",
) -> Callable[..., Expression]:
    """Registers a function of one or more scalars, for what the tree cannot say itself.

    Args:
        name: Name in texts and files; a file that uses it can be read once it is registered.
        torch: The function on tensors of any shape; it must be differentiable by autograd where
            gradients are wanted.
        sympy: The same for sympy: a callable, or the name of a function of sympy; without it the
            function stays undefined there.
        latex: The command that prints it.

    Returns:
        The verb that builds calls: `step = fn("step", torch=...); step(u) * u`.

    Raises:
        EquationError: The name is not an identifier.
    """
    if not name.isidentifier():
        raise EquationError(f"the name of a function is an identifier, got {name!r}")
    _FUNCTIONS[name] = Function(name, torch, sympy, latex or rf"\operatorname{{{name}}}")

    def call(*arguments: Scalar) -> Expression:
        return Call(name, tuple(expression(argument) for argument in arguments))

    call.__name__ = name
    call.__doc__ = f"The expression {name}(...)."
    return call


def function(name: str) -> Function:
    """The registered function of that name.

    Raises:
        EquationError: There is none.
    """
    if name not in _FUNCTIONS:
        raise EquationError(
            f"unknown function {name!r}: {did_you_mean(name, list(_FUNCTIONS))}; "
            f"register your own with fn({name!r}, torch=...)"
        )
    return _FUNCTIONS[name]


sin = _elementary("sin", torch.sin)
cos = _elementary("cos", torch.cos)
tan = _elementary("tan", torch.tan)
exp = _elementary("exp", torch.exp)
log = _elementary("log", torch.log)
sqrt = _elementary("sqrt", torch.sqrt)
sinh = _elementary("sinh", torch.sinh)
cosh = _elementary("cosh", torch.cosh)
tanh = _elementary("tanh", torch.tanh)
absolute = _elementary("absolute", torch.abs, "Abs")
sign = _elementary("sign", torch.sign)
