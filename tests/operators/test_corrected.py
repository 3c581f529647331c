"""A coarse solver with a learned correction: arrangements, gradients, and that it pays."""

import pytest
import torch

from fredholm import problems
from fredholm.data import Samples, windows
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable, difference, norm
from fredholm.models import ConvNet
from fredholm.objectives import Chain
from fredholm.operators import Corrected, Function, rollout
from fredholm.training import AdamW, Budget, fit

LINE = Grid((8,), periodic=True)


def halve(u: Field) -> Field:
    return u.with_values(u.values / 2)


@pytest.mark.parametrize(
    ("arrangement", "expected"), [("after", 1.5), ("beside", 2.5), ("both", 3.5)]
)
def test_what_the_correction_sees(arrangement: str, expected: float) -> None:
    """The correction doubles the sum of what it sees; u = 1 and S(u) = 1/2."""
    correction = Function(lambda v: v.with_values(2 * v.values.sum(-1, keepdim=True)))
    step = Corrected(halve, correction, arrangement)  # type: ignore[arg-type]
    u = Field(torch.ones(2, 8, 1), LINE)
    assert torch.equal(step(u).values, torch.full((2, 8, 1), expected))


def test_an_unknown_arrangement_is_refused() -> None:
    with pytest.raises(ValueError, match="arrangement is one of"):
        Corrected(halve, Function(halve), "around")  # type: ignore[arg-type]


def test_a_corrected_coarse_solver_beats_it_and_is_trained_through_it() -> None:
    """Burgers with steps that are much too long, corrected by a small network, over a rollout."""
    problem = problems.build("burgers", nu=0.02, sigma=25.0, horizon=0.4, frames=9)
    grid = problem.grid(32)
    inputs = problem.sample(24, grid, generator=torch.Generator().manual_seed(0))
    truth = problem.solve(inputs, tol=1e-6).field
    labels = (Variable("u"),)
    samples = Samples(inputs, truth, labels, labels).to(torch.float32)
    coarse = problem.stepper(0.05, order=1, substeps=1, resolution=32)
    torch.manual_seed(0)
    step = Corrected(coarse, ConvNet(1, 1, 1, hidden_channels=16, layers=3), "after")
    train = windows(samples[:20], 2)
    fit(
        step, train, objective=Chain(2), budget=Budget(steps=60), optimiser=AdamW(lr=5e-3), batch=20
    )
    test = samples[20:]
    later = Field(
        test.targets.values[:, 1:],
        Grid.of(Axis(8, 0.0, 0.4, location="right", name="t"), *grid.axes),
    )

    def error(candidate: object) -> float:
        found = rollout(candidate, test.inputs, 8, interval=0.05)  # type: ignore[arg-type]
        return float((norm(difference(found, later)) / norm(later)).mean().detach())

    assert error(step) < 0.6 * error(coarse)
