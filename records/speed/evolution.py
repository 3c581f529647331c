"""Time of evolution solvers, ours against exponax (JAX) and py-pde (numba); one JSON record.

    python records/speed/evolution.py [--rounds 7] [--threads 1 2]

The two of a contest take turns, one run each per round, on the same initial states; compilation is
not timed. Against exponax both use the same scheme, order, step and points, and their results are
compared. Against py-pde, which uses differences of second order and adaptive steps, each solves to
at most the same error against a fine reference; products are aliased where points are few, as those
of py-pde are. Ratios are ours over theirs: below one we are
faster. CPU seconds count all threads of a process; they are steadier than the clock where the
machine is not idle.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from fredholm.benchmarks.machine import machine

HERE = Path(__file__).parent
PEERS = HERE.parent.parent / ".venv-peers" / "bin" / "python"
CHAOS = {"equation": "kuramoto_sivashinsky", "length": 60.0, "step": 0.1, "points": [192]}
FLOW = {"equation": "navier_stokes", "length": 2 * np.pi, "step": 0.01, "points": [128, 128]}
FLOW |= {"nu": 1e-3, "steps": 20, "order": 2}
PHASES = {"equation": "allen_cahn", "length": 2 * np.pi, "nu": 0.01, "batch": 1}
CASES = [
    *(CHAOS | {"batch": b, "order": o, "steps": 1000} for b in (1, 32) for o in (2, 4)),
    CHAOS | {"batch": 32, "order": 2, "steps": 1000, "dtype": "float32"},
    *(FLOW | {"batch": b, "form": form} for b in (1, 8) for form in ("advection", "velocities")),
    FLOW | {"batch": 8, "form": "velocities", "order": 4},
    FLOW | {"batch": 8, "form": "velocities", "dtype": "float32"},
]

SETTINGS = [
    *((64, steps, 2, 1.0) for steps in (8, 12, 16, 24)),
    (64, 12, 4, 1.0),
    *((128, steps, 2, 2 / 3) for steps in (24, 32, 64)),
    (256, 64, 2, 2 / 3),
]
"""Points per axis, steps, order and fraction of the modes, from the cheapest to the dearest."""


def waves(case: dict) -> np.ndarray:
    """Random waves of the lowest modes, the same functions for any number of points."""
    random = np.random.default_rng(0)
    shape = (case["batch"], *case["points"])
    mesh = np.meshgrid(*(2 * np.pi * np.arange(n) / n for n in case["points"]), indexing="ij")
    total = np.zeros(shape)
    for _ in range(6):
        k = random.integers(-3, 4, (case["batch"], len(mesh)))
        phase = random.uniform(0, 2 * np.pi, case["batch"])
        total += np.sin(np.tensordot(k, mesh, 1) + phase.reshape(-1, *[1] * len(mesh))) / 2
    return total - total.mean(tuple(range(1, total.ndim)), keepdims=True)


class Contestant:
    """A process that runs once whenever it is asked to."""

    def __init__(self, side: str, case: dict, folder: Path) -> None:
        python = sys.executable if side == "ours" else str(PEERS)
        self.end = folder / f"{side}.npy"
        path = folder / f"{side}.json"
        path.write_text(json.dumps(case | {"end": str(self.end)}))
        threads = str(case["threads"])
        environment = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        command = [python, "-W", "ignore", str(HERE / f"evolution_{side}.py"), str(path)]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, bufsize=1, env=environment
        )
        assert self.process.stdin and self.process.stdout
        self.ask, self.answers = self.process.stdin, self.process.stdout
        while (line := self.answers.readline().strip()) != "ready":
            assert line or self.process.poll() is None, f"{side} ended early"
        self.times: list[dict] = []

    def run(self) -> None:
        """One run."""
        self.ask.write("go\n")
        self.times.append(json.loads(self.answers.readline()))

    def result(self) -> np.ndarray:
        """The end of the last run."""
        self.ask.close()
        self.process.wait()
        return np.load(self.end)

    def summary(self) -> dict[str, float]:
        """Median and best seconds."""
        found = {}
        for kind in ("wall", "cpu"):
            seconds = [spent[kind] for spent in self.times]
            found[f"{kind}_median_s"] = round(statistics.median(seconds), 5)
            found[f"{kind}_best_s"] = round(min(seconds), 5)
        return found


def contest(cases: dict[str, dict], rounds: int) -> tuple[dict, dict[str, np.ndarray]]:
    """Summaries and results of the sides."""
    with tempfile.TemporaryDirectory() as name:
        sides = {}
        for side, case in cases.items():
            start = Path(name) / f"{side}-start.npy"
            np.save(start, waves(case))
            sides[side] = Contestant(side, case | {"start": str(start)}, Path(name))
        for _ in range(rounds):
            for side in sides.values():
                side.run()
        results = {side: process.result() for side, process in sides.items()}
        summaries = {side: process.summary() for side, process in sides.items()}
    ours, theirs = summaries.values()
    ratio = {key.removesuffix("_s"): round(ours[key] / theirs[key], 3) for key in ours}
    return {**summaries, "ratio": ratio}, results


def alone(case: dict, side: str = "ours") -> np.ndarray:
    """A result where nothing is timed."""
    with tempfile.TemporaryDirectory() as name:
        start = Path(name) / "start.npy"
        np.save(start, waves(case))
        contestant = Contestant(side, case | {"start": str(start)}, Path(name))
        contestant.run()
        return contestant.result()


def distance(found: np.ndarray, expected: np.ndarray) -> float:
    """Relative L2 difference."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def against_exponax(case: dict, threads: int, rounds: int) -> dict:
    """One row: the same scheme on both sides."""
    case = {"dtype": "float64", "form": "", **case, "threads": threads}
    row, results = contest({"ours": case, "exponax": case}, rounds)
    return {**case, "difference": distance(*results.values()), **row}


def against_pypde(points: int, threads: int, rounds: int) -> dict:
    """One row: ours is the cheapest of some settings whose error is not above that of py-pde."""
    end = PHASES | {"threads": threads}
    fine = end | {"points": [512, 512], "step": 2.0 / 200, "steps": 200, "order": 4}
    reference = alone(fine)

    def error(result: np.ndarray) -> float:
        every = 512 // result.shape[1]
        return distance(result, reference[:, ::every, ::every])

    theirs = end | {"points": [points] * 2, "step": 2.0, "steps": 1, "tolerance": 1e-5}
    goal = error(alone(theirs, "pypde"))
    for n, steps, order, dealias in SETTINGS:
        ours = end | {"points": [n] * 2, "step": 2.0 / steps, "steps": steps}
        ours |= {"order": order, "dealias": dealias}
        if error(alone(ours)) <= goal:
            break
    row, results = contest({"ours": ours, "pypde": theirs}, rounds)
    errors = {side: error(result) for side, result in results.items()}
    chosen = {key: ours[key] for key in ("points", "steps", "order", "dealias")}
    settings = {"ours": chosen, "pypde": {"points": theirs["points"], "steps": "adaptive"}}
    return {**PHASES, "threads": threads, "settings": settings, "errors": errors, **row}


def brief(row: dict) -> str:
    """A row on one line."""
    keys = ("equation", "form", "batch", "order", "dtype")
    what = " ".join(str(row.get(key, "")) for key in keys)
    gap = row.get("difference", row.get("errors"))
    return f"{what}, threads {row['threads']}: {row['ratio']}, {gap}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    rows = []
    for threads in args.threads:
        for case in CASES:
            rows.append(against_exponax(case, threads, args.rounds))
            print(brief(rows[-1]), flush=True)
    for points in (128, 256):
        rows.append(against_pypde(points, 1, args.rounds))
        print(brief(rows[-1]), flush=True)
    command = f"evolution.py --rounds {args.rounds} --threads {' '.join(map(str, args.threads))}"
    record = {"command": command, "machine": machine(), "rows": rows}
    (HERE / "evolution.json").write_text(json.dumps(record, indent=1) + "\n")


if __name__ == "__main__":
    main()
