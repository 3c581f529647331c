"""A corrected trajectory is nearly a solution, wherever it started, and knows its error."""

import pytest
import torch

from fredholm import problems
from fredholm.data import Samples
from fredholm.domains import Axis, Grid
from fredholm.fields import Field, Variable
from fredholm.metrics import relative_l2
from fredholm.models import Refined
from fredholm.objectives import ResidualNorm
from fredholm.operators import Function, rollout

PROBLEM = problems.build("burgers", nu=0.05)
GRID = PROBLEM.grid(32)
INTERVAL = 0.01


def flow(known: int = 4, asked: int = 8) -> tuple[Field, Field]:
    """Some frames, and those that follow."""
    drawn = PROBLEM.sample(3, GRID, generator=torch.Generator().manual_seed(0))
    u = PROBLEM.stepper(0.3, substeps=64, resolution=32)(drawn)
    step = PROBLEM.stepper(INTERVAL, substeps=16, resolution=32)
    frames = rollout(step, u, known + asked).values
    past = Axis(known, 0.0, (known - 1) * INTERVAL, name="t")
    time = Axis(asked, past.stop, past.stop + asked * INTERVAL, location="right", name="t")
    first = Field(frames[:, :known], Grid.of(past, *GRID.axes))
    return first, Field(frames[:, known:], Grid.of(time, *GRID.axes))


PAST, FUTURE = flow()


def persistence(u: Field) -> Field:
    last = u.values[:, -1:] if "t" in u.grid.names else u.values[:, None]
    return FUTURE.with_values(last.expand(len(u), *FUTURE.values.shape[1:]).contiguous())


def refined(operator=persistence, **choices) -> Refined:
    return Refined(
        Function(operator), PROBLEM.equations, GRID, values=PROBLEM.parameters, **choices
    )


@pytest.mark.parametrize("order", [-1.0, 0.0])
def test_persistence_becomes_a_solution(order):
    found = refined(order=order).refine(PAST)
    before, after = (relative_l2(u, FUTURE) for u in (persistence(PAST), found.field))
    assert (after < 0.02 * before).all() and (found.after < 0.02 * found.before).all()
    assert ((found.error > after / 5) & (found.error < 5 * after)).all()


def test_a_solution_stays_what_it_is():
    found = refined(lambda u: FUTURE).refine(PAST)
    assert (relative_l2(found.field, FUTURE) < 1e-4).all()


def test_another_equation_is_not_satisfied():
    """The counter-test: with twice the viscosity the correction leads away from the flow."""
    wrong = Refined(
        Function(lambda u: FUTURE), PROBLEM.equations, GRID, values={"nu": 0.1}, iterations=30
    )
    right = refined(lambda u: FUTURE, iterations=30)
    gaps = [relative_l2(operator(PAST), FUTURE) for operator in (wrong, right)]
    assert (gaps[0] > 20 * gaps[1]).all()


def test_a_state_is_a_frame():
    last = Field(PAST.values[:, -1], GRID)
    found = refined().refine(last)
    assert (relative_l2(found.field, FUTURE) < 0.2 * relative_l2(persistence(last), FUTURE)).all()


def test_functions_are_corrected_one_by_one():
    together = refined(iterations=5)(PAST[:1]).values
    single = refined(lambda u: persistence(u)[:1], iterations=5)(PAST[:1]).values
    assert torch.allclose(together, single, atol=1e-12)


def test_frames_that_do_not_meet_are_refused():
    values, space = PAST.values, GRID.axes
    wide = Field(values, Grid.of(Axis(4, 0.0, 6 * INTERVAL, name="t"), *space))
    with pytest.raises(ValueError, match="need equal distances"):
        refined()(wide)
    early = Field(values, Grid.of(Axis(4, -1.0, -1.0 + 3 * INTERVAL, name="t"), *space))
    with pytest.raises(ValueError, match="the known frames end at"):
        refined()(early)


def test_the_objective_is_small_on_solutions_alone():
    labels = (Variable("u"),)
    samples = Samples(PAST, FUTURE, labels, labels)
    objective = ResidualNorm(PROBLEM.equations, GRID, PROBLEM.parameters)
    losses = [
        objective(Function(f), samples, generator=torch.Generator())["residual"].item()
        for f in (lambda u: FUTURE, persistence)
    ]
    assert losses[0] < 1e-2 * losses[1]
