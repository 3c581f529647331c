"""Derivatives of networks: loss and gradient by every method, in units of a plain training step.

    OMP_NUM_THREADS=1 python records/derivatives/benchmark.py

writes `benchmark.txt` and `benchmark.json` beside this file. A tanh network of four layers of 64,
float32, one thread; the methods take turns, and the median of the processor time counts. The size
is what autograd keeps for the backward pass.
"""

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from fredholm.calculus import Component, Pointwise
from fredholm.equations import Expression, advect, coords, d, div, dt, field, lap, vector
from fredholm.models import CoordinateMLP

METHODS = ("nested", "jets", "laplacian", "auto")
HERE = Path(__file__).parent

x, y, t = coords("x y t")
u, v, p = field("u"), field("v"), field("p")


def flow() -> list[Expression]:
    velocity = vector(u, v)
    momentum = [
        dt(w) + advect(velocity, w) + d(p, along) - 0.01 * lap(w) for w, along in ((u, x), (v, y))
    ]
    return [*momentum, div(velocity)]


def axes(count: int) -> tuple[str, ...]:
    return tuple(f"x{i}" for i in range(count))


CASES: dict[str, tuple[list[Expression], tuple[str, ...], int]] = {
    "Burgers": ([dt(u) + u * d(u, x) - 0.01 * d(u, x, 2)], ("x", "t"), 4096),
    "Navier-Stokes": (flow(), ("x", "y", "t"), 4096),
    "Kuramoto-Sivashinsky": ([dt(u) + u * d(u, x) + d(u, x, 2) + d(u, x, 4)], ("x", "t"), 4096),
    "Laplacian, 10-D": ([lap(u) + 1], axes(10), 4096),
    "Laplacian, 100-D": ([lap(u) + 1], axes(100), 512),
}


def step(network: nn.Module, residuals: Callable[[], list[Tensor]]) -> None:
    """One loss and its gradient."""
    loss = sum(r.square().mean() for r in residuals())
    torch.autograd.grad(loss, list(network.parameters()), allow_unused=True)  # type: ignore[arg-type]


def megabytes(run: Callable[[], None]) -> float:
    """What autograd keeps for the backward pass."""
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        run()
    return sum(kept.values()) / 2**20


def seconds(run: Callable[[], None]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


def measured(name: str, rounds: int) -> dict:
    """One case: milliseconds and megabytes by method, and what the plan says."""
    expressions, names, n = CASES[name]
    torch.manual_seed(0)
    network = CoordinateMLP(len(names), len(expressions), width=64, layers=4)
    points = torch.rand(n, len(names))
    values = {unknown: Component(network, i) for i, unknown in enumerate("uvp"[: len(expressions)])}
    evaluated = {m: Pointwise(expressions, names, derivatives=m) for m in METHODS}  # type: ignore[arg-type]

    def of(method: str) -> Callable[[], None]:
        return lambda: step(network, lambda: evaluated[method](values, points))

    runs = {"plain": lambda: step(network, lambda: [network(points)])}
    runs |= {method: of(method) for method in METHODS}
    times: dict[str, list[float]] = {each: [] for each in runs}
    for _ in range(rounds + 1):  # the first round warms up
        for each, run in runs.items():
            times[each].append(1e3 * seconds(run))
    return {
        "points": n,
        "ms": {each: statistics.median(taken[1:]) for each, taken in times.items()},
        "MB": {each: megabytes(run) for each, run in runs.items()},
        "plan": str(evaluated["auto"].plan),
        "predicted": dict(evaluated["auto"].plan.choices[0].costs),
    }


def table(results: dict[str, dict]) -> str:
    head = ("milliseconds (x plain step, MB)", *METHODS, "auto/best", "auto/nested")
    lines = [head]
    for name, found in results.items():
        ms, size = found["ms"], found["MB"]
        cells = [f"{ms[m]:.1f} ({ms[m] / ms['plain']:.1f}, {size[m]:.0f})" for m in METHODS]
        best = min(ms[m] for m in METHODS[:-1])
        lines.append((name, *cells, f"{ms['auto'] / best:.2f}", f"{ms['auto'] / ms['nested']:.2f}"))
    widths = [max(map(len, column)) for column in zip(*lines)]
    rows = ["  ".join(cell.ljust(w) for cell, w in zip(line, widths)).rstrip() for line in lines]
    plans = [f"{name}: {found['plan']}" for name, found in results.items()]
    return "\n".join([*rows, "", *plans])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=15)
    rounds = arguments.parse_args().rounds
    torch.set_num_threads(1)
    results = {name: measured(name, rounds) for name in CASES}
    machine = (
        f"torch {torch.__version__}, {platform.machine()}, one thread, {rounds} rounds, seed 0"
    )
    command = "OMP_NUM_THREADS=1 python records/derivatives/benchmark.py"
    text = f"{command}\n{machine}\n\n{table(results)}\n"
    print(text)
    (HERE / "benchmark.txt").write_text(text)
    stored = {"command": command, "machine": machine, "results": results}
    (HERE / "benchmark.json").write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
