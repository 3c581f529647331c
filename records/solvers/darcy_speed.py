"""Seconds to draw and solve 1000 Darcy samples of 65 x 65 points on 129 x 129.

python records/solvers/darcy_speed.py THREADS >> records/solvers/darcy_speed.txt
"""

import os
import sys
import time

import torch

from fredholm.domains import Grid
from fredholm.problems import build

COUNT, CHUNK = 1000, 50


def main():
    torch.set_num_threads(int(sys.argv[1]))
    for arguments in ({}, {"low": 1.0, "high": 100.0}, {"kind": "log-normal"}):
        problem, grid = build("darcy", **arguments), Grid((65, 65))
        generator = torch.Generator().manual_seed(0)
        fine, errors, iterations = problem.solving_grid(grid), [], 0
        drawing = solving = wall = 0.0
        for _ in range(COUNT // CHUNK):
            start, began = time.process_time(), time.perf_counter()
            a = problem.sample(CHUNK, fine, generator=generator)
            drawn = time.process_time()
            solution = problem.solve(a, at=grid, tol=1e-6)
            drawing, solving = drawing + drawn - start, solving + time.process_time() - drawn
            wall += time.perf_counter() - began
            errors.append(solution.error)
            iterations = max(iterations, solution.details["iterations"])
        error = torch.cat(errors)
        print(
            f"{arguments}: threads {sys.argv[1]}, load {os.getloadavg()[0]:.1f}, drawing "
            f"{drawing:.1f} s, solving with error estimate {solving:.1f} s of processor time, "
            f"{wall:.1f} s by the clock; {solution.method}, at "
            f"most {iterations} iterations; estimated error {float(error.mean()):.1e} mean, "
            f"{float(error.max()):.1e} max",
            flush=True,
        )


if __name__ == "__main__":
    main()
