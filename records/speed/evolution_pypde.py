"""Side of py-pde in evolution.py: evolution_pypde.py CASE.json; numba, adaptive steps."""

import json
import os
import sys
from pathlib import Path

case = json.loads(Path(sys.argv[1]).read_text())
os.environ["NUMBA_NUM_THREADS"] = str(case["threads"])

import numpy as np  # noqa: E402
import pde  # noqa: E402
from turns import serve  # noqa: E402


def main() -> None:
    start = np.load(case["start"])[0]
    grid = pde.CartesianGrid([(0, case["length"])] * start.ndim, start.shape, periodic=True)
    equation = pde.PDE({"u": f"{case['nu']} * laplace(u) + u - u**3"})
    state = pde.ScalarField(grid, start)
    options = {"adaptive": True, "tolerance": case["tolerance"], "backend": "numba"}
    time = case["step"] * case["steps"]
    stepper = pde.RungeKuttaSolver(equation, **options).make_stepper(state, dt=1e-3)
    result = {}

    def run() -> None:
        result["end"] = state.copy()
        stepper(result["end"], 0, time)

    serve(run)
    np.save(case["end"], result["end"].data[None])


if __name__ == "__main__":
    main()
