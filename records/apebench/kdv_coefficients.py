"""What the published solver's cut coefficients do to the trajectories of Korteweg-de Vries.

    python records/apebench/kdv_coefficients.py > records/apebench/kdv_coefficients.txt

The thirty test states of the scenario (seed 773) are solved twice with the published scheme and
step, with the real parts of its coefficients (`kdv`, as published) and with the whole coefficients
(`kdv_true`), and both are compared with steps a hundred times smaller.
"""

import torch

from fredholm.benchmarks.apebench import GRID, SCENARIOS, TEST
from fredholm.metrics.motion import error_curve
from fredholm.operators import rollout
from fredholm.solvers import Stepper

STEPS = (1, 10, 50)


def main() -> None:
    scenario = SCENARIOS["kdv"]
    start = scenario.trajectories(TEST, 1, seed=773).inputs.to(torch.float64)
    fine = Stepper({"u": scenario.equation}, 1.0, GRID, order=4, substeps=100)
    found = {
        name: rollout(step, start, max(STEPS))
        for name, step in {
            "kdv": scenario.stepper(),
            "kdv_true": SCENARIOS["kdv_true"].stepper(),
            "100 steps of order 4": fine,
        }.items()
    }
    print(f"mean relative L2 difference of {TEST} trajectories after {STEPS} steps")
    for one, other in (
        ("kdv", "kdv_true"),
        ("kdv", "100 steps of order 4"),
        ("kdv_true", "100 steps of order 4"),
    ):
        curve = error_curve(found[one], found[other]).mean(0)
        print(f"{one:9}from {other:22}", *(f"{float(curve[n - 1]):.4f}" for n in STEPS))


if __name__ == "__main__":
    main()
