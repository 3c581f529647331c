"""Cards of physics-informed networks: what they set up, and that their experiments measure."""

from dataclasses import replace

import pytest

from fredholm.collocation import solve_by_network
from fredholm.domains import Ball
from fredholm.problems import build
from fredholm.systems import card, pig, stde
from fredholm.training import Adam, Budget


def test_gaussians_solve_helmholtz():
    problem = build("helmholtz", half_y=1)
    setup = pig.setup(problem, gaussians=25, channels=2, spread=0.4, points=150)
    found = solve_by_network(problem, setup, budget=Budget(steps=8))
    assert found.verdict.error < 0.2
    assert found.trial.ansatz.exact  # the conditions are built in


def test_fixed_gaussians_keep_their_places():
    problem = build("helmholtz")
    network = pig._fixed(problem, 0, 7)
    trained = {name for name, p in network.named_parameters() if p.requires_grad}
    fixed = {name for name, p in network.named_parameters()} - trained
    assert fixed and all("scalings" in name for name in fixed)
    assert any("sums" in name for name in trained)


@pytest.mark.parametrize("dim, derivatives", [(20, "auto"), (400, "stochastic")])
def test_laplacians_are_estimated_in_many_dimensions_only(dim, derivatives):
    problem = build("sine_gordon", dim=dim)
    assert isinstance(problem.region, Ball)
    setup = stde.setup(problem, width=8, layers=1)
    assert setup.derivatives == derivatives and setup.sampling.method == "radii"


def test_a_few_steps_of_estimates_find_the_solution():
    problem = build("sine_gordon", dim=8)
    setup = stde.setup(problem, width=32, layers=2, directions=4, points=50)
    setup = replace(setup, derivatives="stochastic", optimiser=Adam(lr=1e-2))
    errors = [
        solve_by_network(problem, setup, budget=Budget(steps=n)).verdict.error for n in (1, 60)
    ]
    assert errors[1] < 0.5 * errors[0]


def test_steps_are_timed_by_every_method():
    problem = build("sine_gordon", dim=5)
    for derivatives in ("stochastic", "laplacian", "nested"):
        seconds = stde._steps(problem, derivatives, 0, 2)
        assert len(seconds) == 2 and min(seconds) > 0


def test_cards_are_found():
    for key in ("pig", "stde"):
        found = card(key)
        assert found.key == key and found.setup and found.experiment and found.for_use
        assert "paper" in found.sizes
