"""Trees as lists of operations."""

import torch

from fredholm.calculus import Tape
from fredholm.equations import Expression, coefficient, field
from fredholm.equations.differential import Derivative
from fredholm.equations.tree import Mul

u, w, g = field("u"), field("w"), coefficient("g")
VALUES = {str(u): 5.0, str(w): 3.0, str(g): 2.0, str(-g): -2.0}


def computed(e: Expression, leaf_is_product: bool = False) -> tuple[float, list[str]]:
    """The value of an expression, and what the caller was asked for."""
    asked: list[str] = []

    def leaf(node: Expression) -> torch.Tensor:
        asked.append(str(node))
        return torch.tensor(VALUES[str(node)], dtype=torch.float64)

    def derivative(node: Derivative, operand: torch.Tensor) -> torch.Tensor:
        raise AssertionError(f"{node} is not in {e}")

    tape = Tape([e], lambda node: leaf_is_product and isinstance(node, Mul))
    (value,) = tape(leaf, derivative)
    return float(value), asked


def test_differences_and_squares() -> None:
    assert computed(u - g)[0] == 3.0
    assert computed(-u - g + w)[0] == -4.0
    assert computed(u**2 - w**2 - 2 * g)[0] == 12.0


def test_a_negative_that_the_caller_knows_as_a_whole_is_asked_for_as_a_whole() -> None:
    """The caller may know -g, and not g: statements at points compute it once for all steps."""
    assert computed(u - g)[1] == ["u", "g"]
    value, asked = computed(u - g, leaf_is_product=True)
    assert (value, asked) == (3.0, ["u", str(-g)])
