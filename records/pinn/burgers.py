"""Burgers with a shock: our network and DeepXDE's shipped example, for the same processor seconds.

    python records/pinn/burgers.py burgers_shock.mat [--seeds 5] [--reuse RECORD.json]

Both have three hidden layers of 20 (921 parameters), 2540 points inside and one thread. For every
seed DeepXDE's example runs in its own environment (`make .venv-deepxde/ready`), then our network is
given the processor seconds that it took; `--reuse` takes recorded runs instead of new ones. DeepXDE
runs as shipped: float32, Adam for 15 000 steps and L-BFGS for 5000, fixed points, conditions in the
loss. Ours is `fredholm solve burgers_shock --with pinn --width 20 --points 2540 --activation tanh`:
float64, Levenberg-Marquardt, points that follow the residual, conditions built in.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path

import torch
from tables import error_on_table

from fredholm.benchmarks import write_record
from fredholm.collocation import solve_by_network
from fredholm.problems import build
from fredholm.systems.pinn import setup
from fredholm.training import Budget

HERE = Path(__file__).parent
PEER = (HERE.parent.parent / ".venv-deepxde/bin/python", HERE / "deepxde_burgers.py")
BAR = 20.0
"""How many times lower our error should be."""


def peer_runs(reference: str, seeds: range, recorded: str | None) -> list[dict]:
    """DeepXDE's runs, one for each seed."""
    if recorded:
        runs = json.loads(Path(recorded).read_text())["runs"]
        found = {run["seed"]: run for run in runs if run["precision"] == "float32"}
        return [found[seed] for seed in seeds]
    command = [*map(str, PEER), reference, "--seed"]
    runs = []
    for seed in seeds:
        print(f"DeepXDE, seed {seed}", file=sys.stderr, flush=True)
        answer = subprocess.run([*command, str(seed)], capture_output=True, text=True, check=True)
        runs.append(json.loads(answer.stdout.strip().splitlines()[-1]))
    return runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("reference", help="burgers_shock.mat")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--reuse", help="record of DeepXDE's runs")
    args = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(args.seeds)
    problem = build("burgers_shock")
    rows = []
    for peer in peer_runs(args.reference, seeds, args.reuse):
        budget = Budget(seconds=peer["processor_seconds"], clock="processor")
        mine = solve_by_network(
            problem,
            setup(problem, width=20, points=2540, activation="tanh"),
            budget=budget,
            seed=peer["seed"],
        )
        row = {
            "seed": peer["seed"],
            "processor_seconds": peer["processor_seconds"],
            "deepxde": peer["relative_l2"],
            "fredholm": error_on_table(mine, args.reference),
            "parameters": mine.record.parameters,
            "steps": mine.record.steps,
            "verdict": mine.verdict.sentence,
        }
        rows.append(row)
        print(json.dumps(row), file=sys.stderr, flush=True)
    medians = {who: statistics.median(row[who] for row in rows) for who in ("deepxde", "fredholm")}
    ratio = medians["deepxde"] / medians["fredholm"]
    content = {"medians": medians, "ratio": ratio, "bar": BAR, "passed": ratio >= BAR, "runs": rows}
    command = "OMP_NUM_THREADS=1 python records/pinn/burgers.py burgers_shock.mat"
    command += " --reuse records/pinn/deepxde_burgers.json" if args.reuse else ""
    write_record(HERE, "burgers", content, command=command, seeds=list(seeds))
    print(f"{medians}: {ratio:.0f} times lower (bar: {BAR:.0f})")


if __name__ == "__main__":
    main()
