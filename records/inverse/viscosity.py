"""The viscosity of Burgers with a shock, from 100 random points of the solution with 1 % noise.

    python records/inverse/viscosity.py solver
    python records/inverse/viscosity.py network

One record for each way: records/inverse/viscosity-solver.json and viscosity-network.json. The
points are uniform in space and time; the noise has 1 % of the standard deviation of the values,
which the inversion is not told. The start value of ν is wrong by a factor of 3, above and below in
turn. The data are those of the exact solution (Cole-Hopf), which neither way uses. `possible` is
the smallest relative standard error that an unbiased estimate from these points can have
(Cramér-Rao). Seconds are those of the processor, on one thread.
"""

import argparse
import math
import statistics
import time
from pathlib import Path

import torch

from fredholm.benchmarks.records import write_record
from fredholm.collocation import Observations, Sampling, Setup
from fredholm.domains import Axis, Grid
from fredholm.equations import field
from fredholm.fields import Field
from fredholm.inverse import invert
from fredholm.problems import build
from fredholm.training import Budget

NU, POINTS, NOISE, WRONG = 0.01 / math.pi, 100, 0.01, 3.0


def exact(points, nu):
    """The exact solution at points (x, t)."""
    problem = build("burgers_shock", nu=nu)
    nothing = Field(torch.zeros(1, 257, 0, dtype=torch.float64), problem.domain)
    values = []
    for x, t in points.tolist():
        here = Grid.of(Axis(2, t, t + 1, name="t"), Axis(2, x, x + 1, name="x"))
        values.append(problem.exact(problem, nothing, here).values[0, 0, 0, 0])
    return torch.stack(values)


def draw(seed):
    """Noisy observations, and the smallest relative standard error that they allow."""
    generator = torch.Generator().manual_seed(seed)
    shares = torch.rand(POINTS, 2, generator=generator, dtype=torch.float64)
    points = shares * torch.tensor([2.0, 1.0]) - torch.tensor([1.0, 0.0])
    values = exact(points, NU)
    noise = NOISE * values.std()
    slopes = (exact(points, NU * 1.01) - exact(points, NU / 1.01)) / (2 * math.log(1.01))
    possible = float(noise / slopes.norm())
    values = values + noise * torch.randn(POINTS, generator=generator, dtype=torch.float64)
    return Observations(points, {"u": field("u")}, {"u": values}), possible


def run(way, seed, steps):
    factor = WRONG if seed % 2 == 0 else 1 / WRONG
    problem = build("burgers_shock", nu=NU * factor)
    observations, possible = draw(seed)
    options = {}
    if way == "network":
        setup = Setup(hyper={"width": 20, "layers": 4}, sampling=Sampling(interior=1500))
        options = {"setup": setup, "budget": Budget(steps=steps), "seed": seed}
    began = time.process_time()
    found = invert(problem, observations, ["nu"], through=way, **options)
    seconds = time.process_time() - began
    result = {
        "start": NU * factor,
        "nu": found.values["nu"],
        "relative_error": abs(found.values["nu"] / NU - 1),
        "stated_error": found.expected_error["nu"],
        "possible": possible,
        "noise": found.noise,
        "processor_seconds": round(seconds, 1),
        "sentence": found.sentence,
    }
    print(seed, result, flush=True)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("way", choices=("solver", "network"))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=200, help="of the training of a network")
    args = parser.parse_args()
    torch.set_num_threads(1)
    seeds = range(args.seeds)
    runs = [run(args.way, seed, args.steps) for seed in seeds]
    median = statistics.median(each["relative_error"] for each in runs)
    content = {"truth": NU, "points": POINTS, "noise": NOISE, "median_error": median, "runs": runs}
    command = f"python records/inverse/viscosity.py {args.way} --seeds {args.seeds}"
    if args.way == "network":
        command += f" --steps {args.steps}"
    folder = Path(__file__).parent
    write_record(folder, f"viscosity-{args.way}", content, command=command, seeds=[*seeds])
    print(f"median relative error of the viscosity: {median:.2%}")


if __name__ == "__main__":
    main()
