"""Parts of the systems lpinn and upinn; `reproduce` runs the experiments themselves."""

from dataclasses import replace

import pytest
import torch

from fredholm import problems, systems
from fredholm.collocation import Sampling, Setup, eulerian, solve_by_network
from fredholm.metrics import relative_l2
from fredholm.problems import lagrangian
from fredholm.systems import upinn
from fredholm.systems.lpinn import Branches
from fredholm.training import Budget


def test_state_and_displacement_share_no_weights():
    network = Branches(3, 2, width=4)
    state, path = network(torch.rand(5, 3)).unbind(-1)
    state.sum().backward()
    assert all(not p.grad.any() for p in network.path.parameters())
    assert all(p.grad.any() for p in network.state.parameters())
    assert path.shape == (5,)
    with pytest.raises(ValueError, match="displacement"):
        Branches(3, 1)


def test_a_fast_wave_is_easy_where_it_is_followed():
    """Ten steps for the labels beat ten for the places by a factor of thirty."""
    problem = problems.build("convection", speed=30.0, nu=0.01, frames=21)
    setup = Setup(hyper={"width": 8, "layers": 1}, sampling=Sampling(interior=100))
    budget = Budget(steps=10)
    follows = solve_by_network(
        lagrangian(problem),
        replace(setup, network=Branches, hyper={"width": 6, "layers": 1, "path_layers": 1}),
        budget=budget,
        against=False,
    )
    stands = solve_by_network(problem, setup, budget=budget, against=False)
    found = eulerian(follows.trial, labels=4)
    truth = problem.solve(at=found.grid).field
    error = float(relative_l2(found, truth).max())
    assert error < 0.03
    assert float(relative_l2(stands.trial.at(found.grid), truth).max()) > 30 * error


def test_differences_want_many_points_without_noise():
    seen = upinn.measured(0)
    assert seen.states.shape == (12, 2)
    times = problems.build("lotka_volterra").time.resized(len(seen.visited)).points()
    dense = upinn.Measured(times, seen.visited, seen.visited)
    found = upinn.sindy(dense)
    assert {*found["eaten"]} == {*found["eating"]} == {"u*v"}
    assert found["eating"]["u*v"] == pytest.approx(0.8, rel=0.02)
    few = upinn.sindy(seen)
    assert {*few["eating"]} != {"u*v"} or abs(few["eating"]["u*v"] / 0.8 - 1) > 0.15


def test_the_error_counts_both_terms():
    states = torch.rand(20, 2, dtype=torch.float64) + 0.5
    product = states.prod(1)
    assert upinn._error({"eaten": -0.9 * product, "eating": 0.8 * product}, states) < 1e-12
    nothing = torch.zeros(20, dtype=torch.float64)
    assert upinn._error({"eaten": nothing, "eating": nothing}, states) == pytest.approx(1.0)


@pytest.mark.parametrize("key", ["lpinn", "upinn"])
def test_cards_say_how_they_are_used(key):
    card = systems.card(key)
    assert card.experiment is not None and card.build is None
    assert card.for_use and card.published
