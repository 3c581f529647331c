"""The APEBench scenarios: equations, networks and a run, small."""

import pytest
import torch

from fredholm.benchmarks import apebench
from fredholm.benchmarks.apebench import NETWORKS, POINTS, SCENARIOS

PARAMETERS = {"Conv": 31_757, "UNet": 27_193, "Res": 32_943, "FNO": 32_527, "Dil": 31_777}
"""Of the published networks."""


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_have_the_published_numbers_of_parameters(name: str) -> None:
    network = NETWORKS[name]()
    assert sum(p.numel() for p in network.parameters()) == PARAMETERS[name]


def test_coefficients_are_those_of_the_difficulties() -> None:
    """Burgers: γ₂ = 1.5 means ν Δt/L² = 1.5/(2 N²), δ₁ = -1.5 means Δt/L = 1.5/N."""
    assert SCENARIOS["burgers"].coefficient(2) == pytest.approx(1.5 / (2 * POINTS**2))
    assert SCENARIOS["kdv"].coefficient(3) == pytest.approx(-14 / (4 * POINTS**3))
    assert "0.0046875*u**2" in str(SCENARIOS["burgers"].equation)


@pytest.mark.parametrize("name", SCENARIOS)
def test_trajectories_are_what_a_finer_solve_gives(name: str) -> None:
    """One second-order step per frame is the protocol; here is how far it is from the solution."""
    scenario = SCENARIOS[name]
    u = scenario.trajectories(2, 1, seed=1).inputs.to(torch.float64)
    bound = {"burgers": 3e-3, "kdv": 2e-2, "ks": 1e-2}[name]
    assert float(scenario.stepper().accuracy(u).max()) < bound


def test_a_run_is_repeatable_and_scored_over_all_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TRAIN": 2, "TRAIN_STEPS": 5, "TEST": 2, "TEST_STEPS": 4}.items():
        monkeypatch.setattr(apebench, name, value)
    first, second = (apebench.run("burgers", "FNO", 0, updates=2) for _ in range(2))
    assert first["curve"] == second["curve"] and len(first["curve"]) == 4
    assert apebench.run("burgers", "FNO", 1, updates=2)["curve"] != first["curve"]
