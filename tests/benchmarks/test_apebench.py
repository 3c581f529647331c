"""The APEBench scenarios: equations, networks and a run, small."""

from pathlib import Path

import numpy as np
import pytest
import torch

from fredholm.benchmarks import apebench
from fredholm.benchmarks.apebench import GRID, NETWORKS, POINTS, SCENARIOS
from fredholm.fields import Field
from fredholm.operators import rollout

PARAMETERS = {"Conv": 31_757, "UNet": 27_193, "Res": 32_943, "FNO": 32_527, "Dil": 31_777}
"""Of the published networks."""

EXPONAX_KDV = Path(__file__).with_name("exponax_kdv.npy")
"""Two trajectories of Korteweg-de Vries by exponax 0.1.0 in float32, frames 0, 1, 50 and 200.

    kdv = stepper.generic.DifficultyNonlinearStepper(
        1, 160, linear_difficulties=(0, 0, 0, -14, -9), nonlinear_difficulties=(0, -2, 0), order=2
    )
"""


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
    bound = {"burgers": 3e-3, "kdv": 2e-2, "kdv_true": 2e-2, "ks": 1e-2}[name]
    assert float(scenario.stepper().accuracy(u).max()) < bound


def test_korteweg_de_vries_is_the_published_one_and_not_the_true_one() -> None:
    """Their solver drops imaginary parts where waves disperse; ours can do either."""
    frames = torch.from_numpy(np.load(EXPONAX_KDV)).to(torch.float64)[..., None]
    start, expected = Field(frames[:, 0], GRID), frames[:, [1, 2, 3]]

    def error(name: str) -> torch.Tensor:
        found = rollout(SCENARIOS[name].stepper(), start, 200).values[:, [0, 49, 199]]
        return (found - expected).norm(dim=2) / expected.norm(dim=2)

    assert float(error("kdv").max()) < 1e-4
    assert float(error("kdv_true")[:, 0].min()) > 2e-3
    assert float(error("kdv_true")[:, 1].min()) > 0.1


def test_a_run_is_repeatable_and_scored_over_all_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TRAIN": 2, "TRAIN_STEPS": 5, "TEST": 2, "TEST_STEPS": 4}.items():
        monkeypatch.setattr(apebench, name, value)
    first, second = (apebench.run("burgers", "FNO", 0, updates=2) for _ in range(2))
    assert first["curve"] == second["curve"] and len(first["curve"]) == 4
    assert apebench.run("burgers", "FNO", 1, updates=2)["curve"] != first["curve"]
