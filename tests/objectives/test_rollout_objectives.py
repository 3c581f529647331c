"""Chains on a linear step whose optimum and gradients are known."""

import pytest
import torch
from torch import nn

from fredholm.data import Samples, windows
from fredholm.domains import Axis, Domain, Grid
from fredholm.fields import NOTHING, Field, Given, Variable
from fredholm.objectives import (
    Augmented,
    Chain,
    Curriculum,
    MeanSquare,
    Noisy,
    Objective,
    Own,
    RelativeL2,
    Stages,
    push_forward,
)
from fredholm.operators import Operator

SPACE = Grid((4,), periodic=True)
DECAY = 0.5


class Factor(Operator):
    """u -> a u with a learned a; counts its calls."""

    def __init__(self, start: float) -> None:
        super().__init__()
        self.a = nn.Parameter(torch.tensor(start, dtype=torch.float64))
        self.calls = 0

    def forward(self, u: Field, given: Given = NOTHING, *, at: Domain | None = None) -> Field:
        self.calls += 1
        return u.with_values(self.a * u.values)


def trajectories(steps: int = 4) -> Samples:
    frames = DECAY ** torch.arange(steps + 1, dtype=torch.float64)
    first = torch.tensor([1.0, 2.0], dtype=torch.float64)
    values = (first[:, None] * frames)[..., None, None].expand(2, steps + 1, 4, 1)
    time = Axis(steps + 1, 0.0, 1.0, name="t")
    u = (Variable("u"),)
    return Samples(Field(values[:, 0], SPACE), Field(values, Grid.of(time, *SPACE.axes)), u, u)


def term(objective: Objective, operator: Operator, batch: Samples) -> torch.Tensor:
    source = torch.Generator().manual_seed(0)
    (value,) = objective(operator, batch, generator=source).values()
    return value


def loss(objective: Objective, operator: Operator, batch: Samples, progress: float = 0.0) -> float:
    source = torch.Generator().manual_seed(0)
    (value,) = objective(operator, batch, generator=source, progress=progress).values()
    return value.item()


def test_an_unrolled_chain_compares_every_state() -> None:
    batch = windows(trajectories(), 3)[:1]
    a = 0.8
    found = loss(Chain(3, MeanSquare()), Factor(a), batch)
    expected = sum((a**k - DECAY**k) ** 2 for k in (1, 2, 3)) / 3
    assert found == pytest.approx(expected)
    assert loss(Chain(3), Factor(DECAY), batch) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("through", "gradient"), [(None, 3 * 0.8**2), (1, 0.8**2), (2, 2 * 0.8**2)]
)
def test_gradients_go_back_as_far_as_asked(through: int | None, gradient: float) -> None:
    """d/da of a·a·a·u: each step that is left out of the graph takes one factor out of the sum."""
    operator = Factor(0.8)
    batch = windows(trajectories(), 3)[:1]
    term(Chain(3, MeanSquare(), through=through, last=True), operator, batch).backward()
    assert operator.a.grad is not None
    assert float(operator.a.grad) == pytest.approx(2 * (0.8**3 - DECAY**3) * gradient)


def test_push_forward_is_the_last_step_from_an_own_state() -> None:
    operator = Factor(0.8)
    batch = windows(trajectories(), 2)[:1]
    term(push_forward(2, MeanSquare()), operator, batch).backward()
    assert operator.calls == 2
    assert operator.a.grad is not None
    assert float(operator.a.grad) == pytest.approx(2 * (0.8**2 - DECAY**2) * 0.8)


def test_a_diverted_chain_is_measured_against_the_solver_at_its_own_states() -> None:
    def solver(u: Field) -> Field:
        return u.with_values(DECAY * u.values)

    a, batch = 0.8, windows(trajectories(), 2)[:1]
    found = loss(Chain(2, MeanSquare(), reference=solver), Factor(a), batch)
    expected = ((a - DECAY) ** 2 + (a * (a - DECAY)) ** 2) / 2
    assert found == pytest.approx(expected)
    assert found != pytest.approx(loss(Chain(2, MeanSquare()), Factor(a), batch))


def test_the_free_running_part_grows_with_the_curriculum() -> None:
    a, batch = 0.8, windows(trajectories(), 2)[:1]
    chain = Chain(2, MeanSquare(), own=Curriculum(0, 2))
    forced = ((a - DECAY) ** 2 + (DECAY * (a - DECAY)) ** 2) / 2
    free = ((a - DECAY) ** 2 + (a**2 - DECAY**2) ** 2) / 2
    assert loss(chain, Factor(a), batch, progress=0.0) == pytest.approx(forced)
    assert loss(chain, Factor(a), batch, progress=1.0) == pytest.approx(free)


def test_curricula_run_from_start_to_stop() -> None:
    halves = [k / 4 for k in range(5)]
    assert [Curriculum(1, 9).at(p) for p in halves] == [1, 3, 5, 7, 9]
    assert [Curriculum(1, 8, "stairs").at(p) for p in (0, 0.24, 0.26, 0.51, 0.76, 1)] == [
        1, 1, 2, 4, 8, 8,
    ]  # fmt: skip
    assert [Curriculum(1, 5, "stairs").at(p) for p in (0, 0.3, 0.6, 1)] == [1, 2, 4, 5]
    assert [Curriculum(8, 3, "stairs").at(p) for p in (0, 0.5, 1)] == [8, 4, 3]
    assert [Curriculum(8, 2, "stairs").at(p) for p in (0, 0.5, 1)] == [8, 4, 2]
    assert [Curriculum(0, 20, "tanh").at(p) for p in halves] == [0, 2, 10, 18, 20]
    assert Chain(Curriculum(2, 6)).window == 6
    with pytest.raises(ValueError, match="shape is one of"):
        Curriculum(1, 2, "cubic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1"):
        Chain(0)


def test_noise_is_relative_repeatable_and_only_on_the_input() -> None:
    batch = windows(trajectories(), 1)
    clean = loss(Chain(1), Factor(DECAY), batch)
    noisy = Noisy(Chain(1), 0.1)
    assert clean == pytest.approx(0.0)
    assert loss(noisy, Factor(DECAY), batch) == pytest.approx(0.1, rel=0.3)
    assert loss(noisy, Factor(DECAY), batch) == loss(noisy, Factor(DECAY), batch)
    with pytest.raises(ValueError, match="not negative"):
        Noisy(Chain(1), -1.0)


def test_a_chain_takes_the_place_of_distances_alone() -> None:
    chain = Chain(3)
    assert RelativeL2().along(chain) is chain and Chain(2).along(chain) is chain
    assert Own().along(chain) == Own()
    composed = Stages(Own(), MeanSquare() + 0.5 * Own(), 0.1)
    assert composed.along(chain) == Stages(Own(), chain + 0.5 * Own(), 0.1)
    wrapped = Noisy(Augmented(RelativeL2(), "reflections"), 0.1)
    assert wrapped.along(chain) == Noisy(Augmented(chain, "reflections"), 0.1)


def test_windows_shorter_than_the_chain_are_refused() -> None:
    with pytest.raises(ValueError, match="chain of 3 steps needs as many frames .* got 2"):
        loss(Chain(3), Factor(DECAY), windows(trajectories(), 2))
    with pytest.raises(ValueError, match="chain of 4 steps"):
        loss(Chain(Curriculum(1, 4)), Factor(DECAY), windows(trajectories(), 2), progress=0.0)
