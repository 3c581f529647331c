"""What every operator must do, whoever wrote it.

A new operator is examined by one call, `examine(build, grid)`, with a function that makes it and a
grid that it is at home on; a single clause can be tried by itself.
"""

from collections.abc import Callable

import torch

from fredholm.calls import describe, rebuild
from fredholm.domains import Grid
from fredholm.fields import Field, Given, batched
from fredholm.operators import Operator
from fredholm.testing.functions import band_limited

Build = Callable[[], Operator]


def examine(build: Build, grid: Grid, *, channels: int = 1) -> None:
    """All of the contract at once.

    Args:
        build: Makes the operator; called several times.
        grid: A grid that it is at home on.
        channels: Channels of its input.

    Raises:
        AssertionError: The first clause that does not hold, in words.
    """
    for clause in CLAUSES:
        torch.manual_seed(0)
        operator = build().double().eval()
        clause(operator, band_limited(grid, channels=channels, n=3))


def batch_is_a_loop(operator: Operator, u: Field) -> None:
    """Functions of a batch do not see one another."""
    together = operator(u).values
    alone = batched([operator(u[i]) for i in range(len(u))]).values
    assert torch.allclose(together, alone, rtol=0, atol=1e-10 * _size(together)), (
        "a function's image depends on the other functions of its batch"
    )


def answers_where_asked(operator: Operator, u: Field) -> None:
    """The result lives on the domain that `at` names."""
    home = operator(u).grid
    shape = [n if axis.name == "t" else n + 3 for n, axis in zip(home.shape, home.axes)]
    asked = home.resized(shape)
    assert operator(u, at=asked).domain == asked, "the result is not on the domain asked for"


def refuses_unknown_conditions(operator: Operator, u: Field) -> None:
    """A condition that is not understood is refused, not ignored."""
    try:
        operator(u, Given(fields={"nobody knows this": u}))
    except ValueError:
        return
    raise AssertionError("an unknown condition was ignored")


def keeps_dtype(operator: Operator, u: Field) -> None:
    """Single precision in, single precision out; nothing is silently promoted."""
    for dtype in (torch.float32, torch.float64):
        found = operator.to(dtype)(u.to(dtype)).values.dtype
        assert found == dtype, f"{dtype} in, {found} out"


def gradients_reach_all(operator: Operator, u: Field) -> None:
    """Every parameter influences the output: none is dead weight."""
    operator.train()
    weights = torch.linspace(1, 2, operator(u).values.numel(), dtype=torch.float64)
    (operator(u).values.flatten() * weights).sum().backward()
    dead = [
        name
        for name, parameter in operator.named_parameters()
        if parameter.grad is None or not parameter.grad.abs().max() > 0
    ]
    assert not dead, f"no gradient reaches {', '.join(dead)}"


def survives_storage(operator: Operator, u: Field) -> None:
    """Rebuilt from its recorded call and its weights, it is the same operator."""
    again = rebuild(describe(operator), {type(part) for part in operator.modules()})
    again = again.double().eval()
    again.load_state_dict(operator.state_dict())
    assert torch.equal(operator(u).values, again(u).values), "the rebuilt operator differs"


def forward_mode_passes(operator: Operator, u: Field) -> None:
    """Forward-mode derivatives pass through and agree with a difference quotient."""
    direction = torch.cos(3 * u.values)

    def values(x: torch.Tensor) -> torch.Tensor:
        return operator(u.with_values(x)).values

    tangent = torch.func.jvp(values, (u.values,), (direction,))[1]
    step = 1e-6
    ahead, behind = (values(u.values + s * direction) for s in (step, -step))
    slope = (ahead - behind) / (2 * step)
    gap = (tangent - slope).abs().max()
    assert gap <= 1e-5 * (1 + _size(slope)), f"forward-mode derivative is off by {gap:.1e}"


CLAUSES: tuple[Callable[[Operator, Field], None], ...] = (
    batch_is_a_loop,
    answers_where_asked,
    refuses_unknown_conditions,
    keeps_dtype,
    gradients_reach_all,
    survives_storage,
    forward_mode_passes,
)
"""The clauses of the contract, each a function of an operator in float64 and some functions."""


def _size(values: torch.Tensor) -> float:
    return float(values.detach().abs().max()) + 1e-300
