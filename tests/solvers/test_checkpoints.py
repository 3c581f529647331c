"""Gradients through many steps: the same with checkpoints, and in less memory."""

import math

import pytest
import torch

from fredholm.domains import Axis, Grid
from fredholm.equations import div, dt, eq, field, lap, param
from fredholm.fields import Field, Given
from fredholm.solvers import Stepper
from fredholm.solvers.etdrk import ETDRK
from fredholm.testing.functions import band_limited

u = field("u")
EQUATIONS = {"u": eq(dt(u) + div(u**2 / 2), param("nu", 0.1) * lap(u))}
RING = Grid((32,), 2 * math.pi, periodic=True)
STEPS = 100


class Saved:
    """Counts the numbers that are kept for the backward pass."""

    def __init__(self) -> None:
        self.numbers = 0
        self.hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)

    def _pack(self, tensor: torch.Tensor) -> torch.Tensor:
        self.numbers += tensor.numel()
        return tensor


def through_a_stepper(checkpoints: int | None):
    step = Stepper(EQUATIONS, 1.0, RING, substeps=STEPS, params=("nu",), checkpoints=checkpoints)
    return lambda state, nu: step(Field(state, RING), Given(params=nu.expand(2, 1))).values


def through_a_solution(checkpoints: int | None):
    solver = ETDRK(step=1.0 / STEPS, resolution=32, checkpoints=checkpoints)
    times = Axis(3, 0.0, 1.0, name="t")

    def end(state, nu):
        start = {"u": Field(state, RING)}
        return solver.solve(EQUATIONS, start, times, values={"nu": nu}).field.values

    return end


def gradients(function):
    """The gradients, and how many numbers were kept for them."""
    state = band_limited(RING, n=2).values.requires_grad_()
    nu = torch.tensor(0.1, dtype=torch.float64, requires_grad=True)
    saved = Saved()
    with saved.hooks:
        loss = function(state, nu).square().sum()
    return torch.autograd.grad(loss, (state, nu)), saved.numbers


@pytest.mark.parametrize("build", [through_a_stepper, through_a_solution])
def test_gradients_are_the_same_and_less_is_kept(build):
    expected, everything = gradients(build(None))
    found, kept = gradients(build(10))
    for a, b in zip(found, expected):
        assert torch.allclose(a, b, rtol=1e-12, atol=1e-12)
    assert kept < everything / 10, (kept, everything)


def test_checkpoints_out_of_range_are_refused():
    with pytest.raises(ValueError, match="checkpoints is at least 1, got 0"):
        Stepper(EQUATIONS, 1.0, RING, checkpoints=0)
    with pytest.raises(ValueError, match="checkpoints must be at least 1, got 0"):
        ETDRK(checkpoints=0)
