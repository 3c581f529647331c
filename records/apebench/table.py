"""The one-dimensional table of APEBench, made again: 3 equations, 5 networks, several seeds.

Each network is trained by a process of its own with one thread, because networks this small run
slower on two. Finished runs are kept in `runs.jsonl` beside this file and are not made again.

    python records/apebench/table.py --seeds 3 --jobs 2     # about 90 minutes on two cores
    python records/apebench/table.py --table                # the table of what there is

The rows `kdv_true` have no published figures: they are Korteweg-de Vries solved with the whole
coefficients of the scheme, where the published solver keeps their real parts, see
`fredholm.benchmarks.apebench`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

HERE = Path(__file__).parent
RUNS = HERE / "runs.jsonl"

PUBLISHED = {
    "burgers": {
        "Conv": (0.0265, 0.0242, 0.0287),
        "UNet": (0.0649, 0.0593, 0.0708),
        "Res": (0.0128, 0.0119, 0.0143),
        "FNO": (0.0698, 0.0655, 0.0753),
        "Dil": (0.0571, 0.0509, 0.0652),
    },
    "kdv": {
        "Conv": (0.1225, 0.111, 0.135),
        "UNet": (0.0963, 0.084, 0.106),
        "Res": (0.876, 0.667, 1.21),
        "FNO": (0.210, 0.197, 0.218),
        "Dil": (0.0769, 0.069, 0.087),
    },
    "ks": {
        "Conv": (0.343, 0.321, 0.365),
        "UNet": (0.411, 0.395, 0.422),
        "Res": (0.242, 0.229, 0.255),
        "FNO": (1.043, 1.02, 1.07),
        "Dil": (0.284, 0.271, 0.303),
    },
}
"""Median and quartiles of the geometric mean error over 100 steps, of 50 seeds, from the curves in
google-research/generalized-pde-emulator."""

_RUN = """\
import json, sys
from fredholm.benchmarks import apebench
scenario, network, seed, updates = sys.argv[1:]
print(json.dumps(apebench.run(scenario, network, int(seed), updates=int(updates))))
"""


def finished() -> list[dict]:
    """The runs that are on file."""
    if not RUNS.exists():
        return []
    return [json.loads(line) for line in RUNS.read_text().splitlines()]


def make(seeds: int, jobs: int, updates: int) -> None:
    """Makes the runs that are missing, seed by seed, so that an interrupted table is even."""
    done = {(r["scenario"], r["network"], r["seed"], r["updates"]) for r in finished()}
    wanted = [
        (scenario, network, seed, updates)
        for seed in range(seeds)
        for scenario, networks in PUBLISHED.items()
        for network in networks
    ]
    waiting = [run for run in wanted if run not in done]
    running: dict[tuple, subprocess.Popen] = {}
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                run = waiting.pop(0)
                command = [sys.executable, "-c", _RUN, *map(str, run)]
                running[run] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env)
            for run, process in list(running.items()):
                if process.poll() is not None:
                    del running[run]
                    _keep(run, process)
            time.sleep(1)
    finally:
        for process in running.values():
            process.kill()


def _keep(run: tuple, process: subprocess.Popen) -> None:
    output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"{run} failed")
    with RUNS.open("a") as file:
        file.write(output)
    print(*run, f"{json.loads(output)['seconds']:.0f} s", flush=True)


def table(updates: int) -> str:
    """Ours beside the published numbers, and whether the two rankings agree."""
    import torch

    from fredholm.metrics import gmean

    scores: dict[tuple[str, str], list[float]] = {}
    for run in finished():
        if run["updates"] == updates:
            curve = torch.tensor([run["curve"]], dtype=torch.float64)
            scores.setdefault((run["scenario"], run["network"]), []).append(gmean(curve))
    lines = [_HEAD]
    for scenario, networks in PUBLISHED.items():
        for network, (middle, low, high) in networks.items():
            if ours := scores.get((scenario, network)):
                published = f"{middle:.4f} [{low:.4f}, {high:.4f}]"
                ratio = f"{median(ours) / middle:5.2f}"
                lines.append(f"{_row(scenario, network, ours)}  {published:25}{ratio}")
        lines.append(_ranking(scenario, scores))
    lines += [
        _row(scenario, network, ours)
        for (scenario, network), ours in scores.items()
        if scenario not in PUBLISHED
    ]
    return "\n".join(lines)


def _row(scenario: str, network: str, ours: list[float]) -> str:
    """Median and range of our seeds."""
    spread = f"{min(ours):7.4f} {max(ours):7.4f} {len(ours):5d}"
    return f"{scenario:9}{network:6}{median(ours):8.4f} {spread}"


_HEAD = "                 median   least    most seeds  published [quartiles]     ratio"


def _ranking(scenario: str, scores: dict[tuple[str, str], list[float]]) -> str:
    """The pairs whose published quartiles do not overlap, and those that we order otherwise."""
    networks = PUBLISHED[scenario]
    ours = {n: median(scores[scenario, n]) for n in networks if (scenario, n) in scores}
    decided = [(a, b) for a in ours for b in ours if networks[a][2] < networks[b][1]]
    wrong = [f"{b} before {a}" for a, b in decided if ours[a] > ours[b]]
    agreed = f"{len(decided) - len(wrong)} of {len(decided)} decided pairs in the same order"
    return f"{scenario}: {agreed}" + (f"; otherwise: {', '.join(wrong)}\n" if wrong else "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="The one-dimensional table of APEBench.")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--updates", type=int, default=10_000, help="steps of the optimiser")
    parser.add_argument("--table", action="store_true", help="make no runs")
    args = parser.parse_args()
    if not args.table:
        make(args.seeds, args.jobs, args.updates)
    print(table(args.updates))
