"""Our side of evolution.py: evolution_ours.py CASE.json."""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from turns import serve

from fredholm.domains import Grid
from fredholm.equations import advect, coords, d, div, dt, eq, field, lap, rot
from fredholm.fields import Field
from fredholm.solvers import Stepper

u, w, psi = field("u"), field("w"), field("psi")
x, y = coords("x y")


def equations(case: dict) -> dict:
    """The statement of a case."""
    if case["equation"] == "kuramoto_sivashinsky":
        return {"u": eq(dt(u) + div(u**2 / 2), -lap(u) - lap(lap(u)))}
    if case["equation"] == "allen_cahn":
        return {"u": eq(dt(u), case["nu"] * lap(u) + u - u**3)}
    transport = advect(rot(psi), w)
    if case["form"] == "velocities":
        # The same term by the two velocities alone: four transforms instead of five.
        v1, v2 = d(psi, y), -d(psi, x)
        transport = d(v1 * v2, y, 2) - d(v1 * v2, x, 2) + d(d(v1**2 - v2**2, x), y)
    return {
        "w": eq(dt(w) + transport, case["nu"] * lap(w)),
        "psi": eq(lap(psi), w),
    }  # the sign that exponax has


def main() -> None:
    case = json.loads(Path(sys.argv[1]).read_text())
    torch.set_num_threads(case["threads"])
    start = torch.from_numpy(np.load(case["start"]))
    grid = Grid(start.shape[1:], case["length"], periodic=True)
    time, steps = case["step"] * case["steps"], case["steps"]
    kept = case.get("dealias", 2 / 3)
    step = Stepper(equations(case), time, grid, substeps=steps, order=case["order"], dealias=kept)
    given, result = Field(start[..., None], grid), {}

    def run() -> None:
        with torch.no_grad():
            result["end"] = step(given).values

    serve(run)
    np.save(case["end"], result["end"][..., 0].numpy())


if __name__ == "__main__":
    main()
