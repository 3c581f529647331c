"""Expressions and equations as JSON, exact in both directions."""

from dataclasses import fields
from typing import Any

from fredholm.equations import differential, tree
from fredholm.equations.equation import Equation
from fredholm.equations.functions import function
from fredholm.equations.tree import Call, Expression, Learned
from fredholm.errors import EquationError, FormatError, did_you_mean

_NODES: dict[str, type[Expression]] = {
    name: node
    for module in (tree, differential)
    for name, node in vars(module).items()
    if isinstance(node, type) and issubclass(node, Expression) and node is not Expression
}


def to_json(e: Expression | Equation) -> dict[str, Any]:
    """Plain JSON: the name of the node and its parts."""
    if isinstance(e, Equation):
        return {"left": to_json(e.left), "right": to_json(e.right)}
    parts = {part.name: _out(getattr(e, part.name)) for part in fields(e)}  # type: ignore[arg-type]
    return {"node": type(e).__name__, **parts}


def _out(value: Any) -> Any:
    if isinstance(value, Expression):
        return to_json(value)
    return [_out(item) for item in value] if isinstance(value, tuple) else value


def from_json(data: Any) -> Any:
    """The expression or the equation that `to_json` wrote.

    Raises:
        FormatError: It is not such a description, or comes from a later version.
        EquationError: It calls a function that is not registered here.
    """
    if not isinstance(data, dict):
        raise FormatError(f"an expression is stored as an object, got {type(data).__name__}")
    if set(data) == {"left", "right"}:
        return Equation(from_json(data["left"]), from_json(data["right"]))
    name = str(data.get("node"))
    if name not in _NODES:
        raise FormatError(
            f"unknown node {name!r} in an expression: {did_you_mean(name, [*_NODES])}"
        )
    try:
        e = _NODES[name](**{key: _in(item) for key, item in data.items() if key != "node"})
    except (TypeError, AttributeError) as error:
        if isinstance(error, EquationError | FormatError):
            raise
        raise FormatError(f"node {name!r} of an expression is stored wrongly: {error}") from error
    if isinstance(e, Call) and not isinstance(e, Learned):
        function(e.function)
    return e


def _in(value: Any) -> Any:
    if isinstance(value, dict):
        return from_json(value)
    return tuple(_in(item) for item in value) if isinstance(value, list) else value
