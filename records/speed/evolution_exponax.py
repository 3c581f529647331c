"""Exponax' side of evolution.py: evolution_exponax.py CASE.json, compiled as a whole by JAX."""

import json
import os
import sys
from pathlib import Path

case = json.loads(Path(sys.argv[1]).read_text())
os.sched_setaffinity(0, list(os.sched_getaffinity(0))[: case["threads"]])

import exponax  # noqa: E402
import jax  # noqa: E402
import numpy as np  # noqa: E402
from turns import serve  # noqa: E402

jax.config.update("jax_enable_x64", case["dtype"] == "float64")


def stepper(case: dict, points: int):
    """The same scheme with the same step, on the same points."""
    common = {"order": case["order"]}
    if case["equation"] == "kuramoto_sivashinsky":
        kind = exponax.stepper.KuramotoSivashinskyConservative
        return kind(1, case["length"], points, case["step"], **common)
    kind = exponax.stepper.NavierStokesVorticity
    return kind(2, case["length"], points, case["step"], diffusivity=case["nu"], **common)


def main() -> None:
    start = np.load(case["start"]).astype(case["dtype"])[:, None]
    repeated = exponax.RepeatedStepper(stepper(case, start.shape[-1]), case["steps"])
    many, result = jax.jit(jax.vmap(repeated)), {}

    def run() -> None:
        result["end"] = many(start).block_until_ready()

    serve(run)
    np.save(case["end"], np.asarray(result["end"])[:, 0])


if __name__ == "__main__":
    main()
