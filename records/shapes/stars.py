"""Poisson on star shapes never seen: every system for shapes, at equal seconds.

    python records/shapes/stars.py --seeds 0 1 2

Writes records/shapes/stars-SEED.json, one file for each seed; `--name` gives them another name. 400
samples of `poisson_shapes` (a source inside and values on the boundary) on meshes of about 300
nodes train each system for the same seconds of the processor on one thread; 100 others, shapes and
functions unseen, test it. The same 100 functions on meshes with four times as many nodes tell what
finer meshes do; their truth is solved there. `nearest shape` is the target of the most similar
training sample, carried over; `mmgp` has no network and takes the time that it takes. `fno` sees
the shapes on a background grid.
"""

import argparse
import time
from pathlib import Path

import torch

from fredholm import problems
from fredholm.benchmarks.records import write_record
from fredholm.metrics import distribution
from fredholm.systems.learn import Choices, learn
from fredholm.training import Budget

COARSE, FINE = 0.07, 0.035
TRAINED, TESTED = 400, 100
SYSTEMS = ("mmgp", "gnot", "spon", "rigno", "gno", "mgkn", "beno", "lno", "nuno", "coral", "fno")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--systems", nargs="+", default=SYSTEMS)
    parser.add_argument("--name", default="stars")
    args = parser.parse_args()
    torch.set_num_threads(1)
    problem = problems.build("poisson_shapes")
    for seed in args.seeds:
        train = problem.samples(TRAINED, seed=seed, size=COARSE).to(torch.float32)
        test, fine = (
            problem.samples(TESTED, seed=seed + 1_000_000, size=size).to(torch.float32)
            for size in (COARSE, FINE)
        )
        found = {}
        for name in args.systems:
            found[name] = contestant(name, train, test, fine, args.seconds, seed)
            shown = {k: v for k, v in found[name].items() if isinstance(v, float)}
            print(seed, name, {k: float(f"{v:.4g}") for k, v in shown.items()}, flush=True)
        command = f"python records/shapes/stars.py --seeds {seed} --seconds {args.seconds:g}"
        command += f" --systems {' '.join(args.systems)}"
        command += f" --name {args.name}" if args.name != "stars" else ""
        nearest = next(iter(found.values()))["baselines"]["nearest shape"]["mean"]
        errors = {name: each["error"] for name, each in found.items()}
        best = min((name for name in errors if name != "mmgp"), key=errors.__getitem__)
        content = {
            "seconds": args.seconds,
            "nodes": [int(n) for n in torch.tensor(train.inputs.domain.sizes).aminmax()],
            "nearest_shape": nearest,
            "best_operator": best,
            "best_operator_to_nearest_shape": errors[best] / nearest,
            "best_operator_to_mmgp": errors[best] / errors["mmgp"] if "mmgp" in errors else None,
            "systems": found,
        }
        folder = Path(__file__).parent
        print(write_record(folder, f"{args.name}-{seed}", content, command=command, seeds=[seed]))


def contestant(name, train, test, fine, seconds, seed):
    """Errors of one system on the test meshes and on finer ones, and what it cost."""
    began = time.process_time()
    budget = Budget(seconds=seconds, clock="processor")
    surrogate = learn(train, name, budget=budget, seed=seed, choices=Choices(device="cpu"))
    spent = time.process_time() - began
    here, there = surrogate.evaluate(test), surrogate.evaluate(fine)
    return {
        "error": here.relative_l2,
        "error_on_finer_meshes": there.relative_l2,
        "finer_to_same": there.relative_l2 / here.relative_l2,
        "to_nearest_shape": here.beats()["nearest shape"],
        "errors": distribution(here.errors),
        "baselines": {key: distribution(each) for key, each in here.baselines.items()},
        "parameters": surrogate.record.parameters,
        "steps": surrogate.record.steps,
        "seconds_in_all": spent,
        "claims": [type(claim).__name__ for claim in claims(surrogate.operator)],
    }


def claims(operator):
    """What the system promises, without its wrappers."""
    return [
        claim for part in operator.modules() if hasattr(part, "claims") for claim in part.claims
    ]


if __name__ == "__main__":
    main()
