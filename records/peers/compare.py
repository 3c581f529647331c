"""Fredholm's FNO and neuraloperator's on the same files and seconds; one JSON record.

    python records/peers/compare.py DATA_FOLDER [--seconds 180] [--seeds 0 1 2] [--tasks ...]

`DATA_FOLDER` holds darcy_train_16.pt, darcy_test_16.pt, darcy_test_32.pt and burgers_train_16.pt as
neuraloperator publishes them. Runs follow one another on an otherwise idle machine; every run of
both gets the same wall-clock seconds, data preparation included for neither.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from fredholm.benchmarks.machine import machine

HERE = Path(__file__).parent
PEERS = HERE.parent.parent / ".venv-peers" / "bin" / "python"
HELD_OUT = 80  # of the 800 Burgers trajectories, the last tenth


def last_json(command: list[str]) -> dict:
    """What a command says on its last line of standard output."""
    print("$", " ".join(Path(part).name if "/" in part else part for part in command), flush=True)
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    return json.loads(done.stdout.splitlines()[-1])


def split(path: Path, folder: Path) -> tuple[Path, Path]:
    """The Burgers file without its last tenth, and that tenth."""
    import torch

    data = torch.load(path, weights_only=True)
    parts = folder / "train.pt", folder / "test.pt"
    for part, rows in zip(parts, (slice(None, -HELD_OUT), slice(-HELD_OUT, None)), strict=True):
        torch.save({"x": data["x"][rows], "y": data["y"][rows], "visc": data["visc"]}, part)
    return parts


def ours(train: Path, tests: list[Path], args, seed: int, *extra: str) -> dict:
    """Errors by test file, from the command line that a user would type."""
    with tempfile.TemporaryDirectory() as folder:
        run = ["--run", f"{folder}/run", "--json"]
        budget = ["--seconds", str(args.seconds), "--seed", str(seed)]
        command = [str(Path(sys.executable).parent / "fredholm"), "fit", str(train), "--test"]
        found = last_json([*command, *map(str, tests), *budget, *run, *extra])
    errors = {Path(f).name: e["relative_l2"]["mean"] for f, e in found["test"].items()}
    return {"seconds": found["seconds"], "test": errors}


def theirs(train: Path, tests: list[Path], args, seed: int, *extra: str) -> dict:
    """The same from neuraloperator, with the same number of threads as ours uses."""
    script = str(HERE / "neuraloperator_fno.py")
    budget = ["--seconds", str(args.seconds), "--seed", str(seed), "--threads", str(args.threads)]
    found = last_json([str(PEERS), script, str(train), "--test", *map(str, tests), *budget, *extra])
    found["test"] = {Path(f).name: error for f, error in found["test"].items()}
    return found


def contest(task: str, args, seed: int, folder: Path) -> dict[str, dict]:
    """All contestants on one task with one seed."""
    data = Path(args.data)
    if task == "darcy":
        train = data / "darcy_train_16.pt"
        tests = [data / "darcy_test_16.pt", data / "darcy_test_32.pt"]
        return {
            "neuraloperator, its recipe": theirs(train, tests, args, seed, "--recipe", "own"),
            "neuraloperator, tuned": theirs(train, tests, args, seed),
            "fredholm": ours(train, tests, args, seed),
            "fredholm, no symmetry": ours(train, tests, args, seed, "--symmetry", "none"),
        }
    train, test = split(data / "burgers_train_16.pt", folder)
    if task == "burgers step":
        return {
            "neuraloperator, tuned": theirs(train, [test], args, seed, "--task", "step"),
            "fredholm": ours(train, [test], args, seed, "--trajectory", "step"),
        }
    return {
        "neuraloperator, tuned": theirs(train, [test], args, seed, "--task", "trajectory"),
        "fredholm": ours(train, [test], args, seed),
    }


def summary(runs: list[dict[str, dict]]) -> dict[str, dict[str, float]]:
    """Median error over the seeds, by contestant and file."""
    return {
        name: {f: statistics.median(run[name]["test"][f] for run in runs) for f in first["test"]}
        for name, first in runs[0].items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data")
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--tasks", nargs="+", default=["darcy", "burgers step", "burgers trajectory"]
    )
    args = parser.parse_args()
    record = {
        "command": f"compare.py DATA --seconds {args.seconds:g} --seeds "
        + " ".join(map(str, args.seeds)),
        "machine": machine(),
        "tasks": {},
    }
    for task in args.tasks:
        with tempfile.TemporaryDirectory() as folder:
            runs = [contest(task, args, seed, Path(folder)) for seed in args.seeds]
        record["tasks"][task] = {"median": summary(runs), "runs": dict(zip(args.seeds, runs))}
        print(json.dumps(record["tasks"][task]["median"], indent=1), flush=True)
        name = task.replace(" ", "-")
        text = json.dumps({**record, "tasks": {task: record["tasks"][task]}}, indent=1)
        (HERE / f"{name}-{args.seconds:g}s.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
