"""Two-phase permeability of Darcy flow from 5 % of the points of the pressure, with 1 % noise.

    python records/inverse/permeability.py

Writes records/inverse/permeability.json. The truths are fresh draws of the problem's prior on
129 x 129 points, solved there; the pressure is observed at 211 random points of the 65 x 65 grid,
with noise of 1 % of its standard deviation. The inversion solves on 33 x 33 points. It is compared
with the mean of 1000 draws of the prior, which is what knows nothing of the data; `wrong` is the
share of points that are put into the wrong phase. Seconds are those of the processor.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

from fredholm.benchmarks.records import write_record
from fredholm.collocation import Observations
from fredholm.domains import Grid
from fredholm.equations import field
from fredholm.inverse import invert
from fredholm.metrics import relative_l2
from fredholm.problems import build

SHARE, NOISE, GRID = 0.05, 0.01, Grid((33, 33))


def draw(problem, seed):
    """A permeability on the problem's grid, and noisy observations of its pressure."""
    generator = torch.Generator().manual_seed(seed)
    fine = problem.sample(1, problem.solving_grid(problem.domain), generator=generator)
    u = problem.solve(fine, at=problem.domain, tol=1e-8).field.values[0, ..., 0]
    count = round(SHARE * u.numel())
    inside = torch.zeros(u.shape, dtype=torch.bool)
    inside[1:-1, 1:-1] = True
    rows = inside.flatten().nonzero()[:, 0]
    rows = rows[torch.randperm(len(rows), generator=generator)[:count]]
    scale = NOISE * float(u.std())
    values = u.flatten()[rows] + scale * torch.randn(count, generator=generator).double()
    points = problem.domain.points().flatten(0, 1)[rows]
    return fine.at(problem.domain, method="nearest"), Observations(
        points, {"u": field("u")}, {"u": values}, scale
    )


def wrong(a, truth, middle):
    """The share of points in the wrong phase."""
    return float(((a.values > middle) != (truth.values > middle)).double().mean())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--fields", type=int, default=9)
    args = parser.parse_args()
    torch.set_num_threads(1)
    problem = build("darcy")
    middle = (problem.varies["a"].low + problem.varies["a"].high) / 2
    draws = problem.sample(1000, generator=torch.Generator().manual_seed(10_000))
    mean = draws.with_values(draws.values.mean(0, keepdim=True))
    runs = []
    for seed in range(args.fields):
        truth, observations = draw(problem, seed)
        began = time.process_time()
        found = invert(problem, observations, ["a"], at=GRID)
        seconds = time.process_time() - began
        a = found.functions["a"]
        error, baseline = (float(relative_l2(u, truth)) for u in (a, mean))
        runs.append(
            {
                "relative_l2": error,
                "of_the_mean": baseline,
                "times_lower": baseline / error,
                "expected_error": found.expected_error["a"],
                "wrong": wrong(a, truth, middle),
                "wrong_of_the_mean": wrong(mean, truth, middle),
                "misfit": found.misfit,
                "processor_seconds": round(seconds, 1),
            }
        )
        print(seed, runs[-1], flush=True)
    medians = {key: statistics.median(each[key] for each in runs) for key in runs[0]}
    write_record(
        Path(__file__).parent,
        "permeability",
        {"observed": SHARE, "noise": NOISE, "medians": medians, "runs": runs},
        command=f"python records/inverse/permeability.py --fields {args.fields}",
        seeds=[*range(args.fields)],
    )
    print(f"median: {medians['times_lower']:.2f} times lower than that of the mean")


if __name__ == "__main__":
    main()
